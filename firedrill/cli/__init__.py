"""The ``firedrill`` command line."""
