"""What the client's models do not know, one module for each product family.

A module registers a handler for each operation it serves (see :mod:`firedrill.sandbox.datadog.serving`).
"""
