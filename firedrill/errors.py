"""Failures that a person can act on. Commands show them as one message, without a traceback."""


class KnownFailure(Exception):
    """A failure whose message names the thing, the reason and the next step."""
