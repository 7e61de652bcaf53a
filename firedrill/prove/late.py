"""Evaluation of a scenario in which telemetry arrives late: minute by minute, each on what has arrived by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firedrill.evaluate import Event, Recording, Series, State, Timeline, advance
from firedrill.evaluate.telemetry import Events, FloatArray
from firedrill.prove.dependencies import with_members
from firedrill.prove.simulate import MINUTE
from firedrill.scenario.clock import Clock
from firedrill.scenario.definitions import Definitions


@dataclass(frozen=True)
class ArrivedTelemetry:
    """The telemetry that has arrived at a time (``now``, epoch seconds).

    ``delays`` has the seconds by which the metrics and tracks of that name arrive late, between ``late_from`` and
    ``late_until``.
    """

    recording: Recording
    delays: Mapping[str, float]
    late_from: float
    late_until: float
    now: float

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """See :class:`firedrill.evaluate.Telemetry`."""
        whole = self.recording.series(metric, start, end)
        if metric not in self.delays:
            return whole
        kept = ((series, self._arrived(series.times, metric)) for series in whole)
        cut = (replace(series, times=series.times[keep], values=series.values[keep]) for series, keep in kept)
        return [series for series in cut if series.times.size]

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """See :class:`firedrill.evaluate.Telemetry`."""
        events: Events = self.recording.events(track, start, end)
        return events.take(self._arrived(events.times, track)) if track in self.delays else events

    def _arrived(self, times: FloatArray, name: str) -> np.ndarray:
        is_late = (times > self.late_from) & (times <= self.late_until)
        arrived: np.ndarray = np.where(is_late, times + self.delays[name], times) <= self.now
        return arrived


def run_late(
    definitions: Definitions, alerts: set[str], telemetry: Recording, delays: Mapping[str, float], clock: Clock
) -> tuple[Definitions, Timeline]:
    """Evaluate these alerts and their members; return the account with only these, and their transitions."""
    named = [monitor for monitor in definitions.account.monitors if definitions.alert(monitor) in alerts]
    monitors = {str(member["id"]): member for monitor in named for member in with_members(definitions, monitor)}
    part = definitions.with_monitors(list(monitors.values()))
    timeline, state = Timeline(), State({"monitors": {}})
    for now in np.arange(clock.evaluation_start, clock.end + 1, MINUTE):
        arrived = ArrivedTelemetry(telemetry, delays, clock.failure, clock.remediation, float(now))
        state, transitions = advance(part.account, state, float(now), arrived, strict=False)
        timeline.transitions += transitions
    return part, timeline
