"""Stage scenarios: give each its virtual clock and its telemetry, recorded or simulated."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path

import numpy as np

from firedrill.evaluate import Recording, recording_file
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.simulate import course_of, simulate
from firedrill.scenario.clock import Clock, clock_from
from firedrill.scenario.layout import lay_out
from firedrill.scenario.recordings import load_segment, phase_files
from firedrill.scenario.scenario import Phases, RecordedTelemetry, Scenario, ScenarioError, SignalChanges

BEGIN = 1_772_000_040.0 // 86400 * 86400 + 6 * 3600
"""The start of scenarios on the virtual clock: 06:00 UTC on a working day."""
TRACK = "events: "
"""The prefix of a track's name in :attr:`StagedScenario.digests`."""


class DeferredTelemetry:
    """Telemetry that is made when it is first read."""

    def __init__(self, make: Callable[[], Recording]) -> None:
        self._make = make

    @cached_property
    def recording(self) -> Recording:
        """The telemetry."""
        return self._make()


@dataclass(frozen=True)
class StagedScenario:
    """A scenario with its telemetry. ``real`` is whether the running service emitted it.

    ``files`` are those of the telemetry, none where it is simulated. ``delays`` has the seconds by which the metrics
    and tracks of that name arrive late in the failing phase. ``known_digests`` are the digests of an earlier proof.
    """

    name: str
    scenario: Scenario
    clock: Clock
    deferred: DeferredTelemetry
    files: tuple[Path, ...] = ()
    delays: Mapping[str, float] = field(default_factory=dict)
    known_digests: Mapping[str, bytes] | None = None

    @property
    def real(self) -> bool:
        """True where the telemetry is recorded."""
        return bool(self.files)

    @property
    def telemetry(self) -> Recording:
        """The scenario's telemetry."""
        return self.deferred.recording

    @cached_property
    def digests(self) -> Mapping[str, bytes]:
        """A digest of each metric's series and of each track's events."""
        if self.known_digests is not None:
            return self.known_digests
        digests: dict[str, bytes] = {}
        for metric in self.telemetry.metrics():
            total = blake2b(digest_size=16)
            for series in self.telemetry.series(metric, -np.inf, np.inf):
                total.update(f"{series.type} {series.interval} {sorted(series.tags)} {series.times.size}".encode())
                total.update(series.times.tobytes() + series.values.tobytes())
            digests[metric] = total.digest()
        for track in self.telemetry.tracks():
            table = self.telemetry.events(track, -np.inf, np.inf)
            total = blake2b(json.dumps(list(table.contents), sort_keys=True, default=str).encode(), digest_size=16)
            total.update(table.times.tobytes() + table.content_index.tobytes())
            digests[TRACK + track] = total.digest()
        return digests

    def for_alert(self, alert: str) -> "StagedScenario":
        """Return the scenario with the expectations of one alert only."""
        scenario = self.scenario.model_copy(update={"then": self.scenario.expectations_of(alert)})
        return replace(self, scenario=scenario)


def stage(name: str, scenario: Scenario, ordinary: Ordinary, folder: Path) -> StagedScenario | None:
    """Return a scenario with its telemetry; None for a live drill that has no recording in ``folder``."""
    if isinstance(scenario.given, SignalChanges):
        return stage_changes(name, scenario, scenario.given, ordinary)
    recording = scenario.given.recording if isinstance(scenario.given, RecordedTelemetry) else f"recordings/{name}"
    files = phase_files(folder, recording)
    if all(file.exists() for file in files):
        phases = scenario.timeline
        lengths = (phases.healthy, phases.failing, phases.remediated)
        lay = DeferredTelemetry(partial(_laid_out, files, lengths))
        return StagedScenario(name, scenario, clock_from(scenario, BEGIN), lay, tuple(files))
    if scenario.is_live:
        return None
    file = folder / recording
    try:
        telemetry = recording_file.load(file)
    except (OSError, recording_file.RecordingError) as error:
        raise ScenarioError(f"scenario {name}: {error}") from error
    clock = clock_from(scenario, _start(telemetry))
    return StagedScenario(name, scenario, clock, DeferredTelemetry(partial(recording_file.load, file)), (file,))


def _laid_out(files: Sequence[Path], lengths: Sequence[float]) -> Recording:
    """Return the telemetry of a live drill's phases, each laid out over its length in seconds."""
    segments = [(load_segment(file), float(length)) for file, length in zip(files, lengths, strict=True)]
    return lay_out(segments, start=BEGIN)


def stage_changes(name: str, scenario: Scenario, changes: SignalChanges, ordinary: Ordinary) -> StagedScenario:
    """Return a scenario with simulated telemetry: the ordinary signals with its changes."""
    for signal in (*changes.failing, *changes.remediated, *changes.healthy):
        if signal not in ordinary.signals:
            raise ScenarioError(f"scenario {name}: ordinary.yaml has no signal {signal!r}")
    clock = clock_from(scenario, scenario.begins.timestamp() if scenario.begins else BEGIN)
    delays = {
        signal.metric or signal.track: float(changes.late[signal.channel])
        for signal in ordinary.signals.values()
        if signal.channel in changes.late
    }
    deferred = DeferredTelemetry(partial(_changed_telemetry, scenario.timeline, changes, ordinary, clock))
    return StagedScenario(name, scenario, clock, deferred, delays=delays)


def _changed_telemetry(lengths: Phases, changes: SignalChanges, ordinary: Ordinary, clock: Clock) -> Recording:
    """Return the ordinary signals with a scenario's changes."""
    phases = (
        (lengths.healthy, changes.healthy),
        (lengths.failing, changes.failing),
        (lengths.remediated, changes.remediated),
    )
    courses = {
        key: course_of(signal, [(seconds // 60, change.get(key)) for seconds, change in phases])
        for key, signal in ordinary.signals.items()
        if signal.rate or any(key in change for _, change in phases)
    }
    first, last = (int(time - clock.start) // 60 for time in (clock.failure, clock.remediation))
    for key, course in courses.items():
        if ordinary.signals[key].channel in changes.lost:
            course.rates[first:last] = 0.0
    return simulate(ordinary, courses, clock.start)


def _start(telemetry: Recording) -> float:
    """Return the minute of the first telemetry."""
    times = [float(series.times[0]) for series in telemetry.all_series]
    times += [telemetry.events(track, -np.inf, np.inf)[0].time for track in telemetry.tracks()]
    return min(times) // 60 * 60
