"""The other interpretation of an undocumented rule: which end of an evaluation window is open (C-window)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from firedrill.evaluate.telemetry import Event, Events, Series, Telemetry

SHIFT = 1e-3
"""Seconds: less than the distance of two points."""


@dataclass(frozen=True)
class EndExclusiveWindows:
    """Telemetry for windows ``[start, end)`` in an evaluator whose windows are ``(start, end]`` (C-window).

    Every point is moved a little later, so that a point at a window's end leaves it and one at its start enters it. A
    verdict that differs between both depends on the convention.
    """

    telemetry: Telemetry

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """See :class:`Telemetry`."""
        return [
            replace(series, times=series.times + SHIFT)
            for series in self.telemetry.series(metric, start - SHIFT, end - SHIFT)
        ]

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """See :class:`Telemetry`."""
        events = Events.from_events(track, self.telemetry.events(track, start - SHIFT, end - SHIFT))
        return replace(events, times=events.times + SHIFT)
