"""Failures that a person can act on: commands show them as one message, never as a traceback."""


class KnownFailure(Exception):
    """The thing, the reason and the next step."""
