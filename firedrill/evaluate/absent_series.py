"""The other interpretation of an undocumented rule: a count whose series never was is no data, and not 0."""

from collections.abc import Sequence
from dataclasses import dataclass

from firedrill.evaluate.telemetry import Event, Series, Telemetry


@dataclass(frozen=True)
class AbsentSeries:
    """Telemetry for an evaluator in which a missing ``as_count()`` is 0 only from its series' first point on.

    Without it, a count without a series is 0 in a formula (the convention "counts without a series"). A verdict that
    differs between both depends on the convention.
    """

    telemetry: Telemetry

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """See :class:`Telemetry`."""
        return self.telemetry.series(metric, start, end)

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """See :class:`Telemetry`."""
        return self.telemetry.events(track, start, end)
