"""Firedrill proves Datadog monitors before they are deployed."""

__version__ = "0.2.0.dev0"
