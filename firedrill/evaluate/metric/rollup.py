"""The rollup of a query: its method and its length (docs: dashboards/functions/rollup)."""

from firedrill.evaluate.model import Refused
from firedrill.query.tree import MetricQuery


def rollup_method(query: MetricQuery) -> str | None:
    """Return the method of ``.rollup()``: ``avg`` for one with a length only, None without a rollup."""
    arguments = _arguments(query)
    if not arguments:
        return None
    return "avg" if arguments[0].isdecimal() else arguments[0]


def rollup_seconds(query: MetricQuery) -> int | None:
    """Return the seconds of ``.rollup(sum, 60)`` or ``.rollup(60)``; None without a length.

    Raises :class:`Refused` for a second rollup and for one that is aligned to a calendar.
    """
    arguments = _arguments(query)
    length = next((text for text in arguments[:2] if text[:1].isdecimal()), None)
    if len(arguments) > 2 or (len(arguments) == 2 and length is None):
        raise Refused("rollup()", "aligned to a calendar is not implemented")
    if length is None:
        return None
    if not length.isdecimal() or int(length) == 0:
        raise Refused("rollup()", f"{length} is not a number of seconds")
    return int(length)


def _arguments(query: MetricQuery) -> list[str]:
    rollups = [modifier for modifier in query.modifiers if modifier.name == "rollup"]
    if len(rollups) > 1:
        raise Refused("rollup()", "of a rollup is not implemented")
    return [argument.text.strip("\"'") for argument in rollups[0].arguments] if rollups else []
