"""The other reading of an undocumented rule, to see whether a verdict depends on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from firedrill.evaluate.telemetry import Event, Events, Series, Telemetry

NUDGE = 1e-3
"""Seconds: less than the distance of two points."""


@dataclass(frozen=True)
class OpenAtTheEnd:
    """Telemetry as windows ``[start, end)`` see it, for an evaluator whose windows are ``(start, end]`` (C-window).

    Every point is moved a little later, so that one at a window's end falls out of it and one at its start falls in.
    """

    telemetry: Telemetry

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """See :class:`Telemetry`."""
        found = self.telemetry.series(metric, start - NUDGE, end - NUDGE)
        return [replace(one, times=one.times + NUDGE) for one in found]

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """See :class:`Telemetry`."""
        found = self.telemetry.events(track, start - NUDGE, end - NUDGE)
        table = found if isinstance(found, Events) else Events.of(track, found)
        return replace(table, times=table.times + NUDGE)
