"""Runs scenarios through the declared alerts, and says which alerts no scenario proves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np

from firedrill.drill.account import Definitions, stories
from firedrill.drill.layout import Segment, lay_out
from firedrill.drill.scenario import LIVE, Recorded, Scenario, ScenarioError
from firedrill.drill.session import PARTS
from firedrill.drill.story import Clock, Story, judge
from firedrill.evaluate import Account, OpenAtTheEnd, Recording, Telemetry, Timeline, recording_file, run
from firedrill.evaluate.model import SEVERITY
from firedrill.prove.signals import Ordinary, course, recording

BEGIN = 1_772_000_040.0 // 86400 * 86400 + 6 * 3600
"""When scenarios begin on the virtual clock: six in the morning of a working day, in UTC."""


@dataclass(frozen=True)
class Staged:
    """A scenario with its telemetry. ``real``: the running service emitted it."""

    name: str
    scenario: Scenario
    clock: Clock
    telemetry: Recording
    real: bool

    @cached_property
    def digests(self) -> dict[str, bytes]:
        """A digest of each metric's series and of each track's events."""
        found: dict[str, bytes] = {}
        for metric in self.telemetry.metrics():
            total = blake2b(digest_size=16)
            for one in self.telemetry.series(metric, -np.inf, np.inf):
                total.update(f"{one.type} {one.interval} {sorted(one.tags)} {one.times.size}".encode())
                total.update(one.times.tobytes() + one.values.tobytes())
            found[metric] = total.digest()
        for track in self.telemetry.tracks():
            table = self.telemetry.events(track, -np.inf, np.inf)
            total = blake2b(json.dumps(list(table.said), sort_keys=True, default=str).encode(), digest_size=16)
            total.update(table.times.tobytes() + table.which.tobytes())
            found[TRACK + track] = total.digest()
        return found


TRACK = "events: "
"""Stands before a track's name in :attr:`Staged.digests`."""


@dataclass
class Outcome:
    """What happened in one scenario."""

    staged: Staged
    timeline: Timeline
    stories: Mapping[str, Story]
    problems: list[str]
    depends: list[str] = field(default_factory=list)
    """Alerts whose verdict would differ under the other reading of an undocumented rule."""


@dataclass
class Coverage:
    """Scenarios by alert in which it fires, and in which it is said to stay quiet."""

    fires: dict[str, list[str]]
    quiet: dict[str, list[str]]
    real: set[str]

    def problems(self) -> list[str]:
        """A line for each alert without one of the two."""
        return [f"{alert}: no scenario makes it fire" for alert, found in self.fires.items() if not found] + [
            f"{alert}: no scenario says that it stays quiet" for alert, found in self.quiet.items() if not found
        ]


def clock_of(scenario: Scenario, start: float) -> Clock:
    """The virtual times of a scenario that begins at ``start``."""
    line = scenario.timeline
    failure = start + line.healthy
    return Clock(start, failure, failure + line.failing, failure + line.failing + line.remediated)


def stage(name: str, scenario: Scenario, ordinary: Ordinary, folder: Path) -> Staged | None:
    """A scenario's telemetry; None for a live drill of which no recording is kept."""
    clock = clock_of(scenario, BEGIN)
    line, given = scenario.timeline, scenario.given
    if isinstance(given, (*LIVE, Recorded)):
        drill = given.recording if isinstance(given, Recorded) else f"recordings/{name}"
        files = [folder / f"{drill}.{part}.npz" for part in PARTS]
    if isinstance(given, LIVE) and not all(file.exists() for file in files):
        return None
    if isinstance(given, LIVE) or (isinstance(given, Recorded) and all(file.exists() for file in files)):
        segments = [(_segment(file), float(length)) for file, length in
                    zip(files, (line.healthy, line.failing, line.remediated), strict=True)]  # fmt: skip
        return Staged(name, scenario, clock, lay_out(segments, start=clock.start), real=True)
    if isinstance(given, Recorded):
        try:
            telemetry = recording_file.load(folder / given.recording)
        except (OSError, recording_file.RecordingError) as error:
            raise ScenarioError(f"scenario {name}: {error}") from error
        return Staged(name, scenario, clock_of(scenario, _first(telemetry)), telemetry, real=True)
    unknown = [one for one in (*given.failing, *given.remediated, *given.healthy) if one not in ordinary.signals]
    if unknown:
        raise ScenarioError(f"scenario {name}: ordinary.yaml has no signal {unknown[0]!r}")
    phases = ((line.healthy, given.healthy), (line.failing, given.failing), (line.remediated, given.remediated))
    courses = {
        signal: course(known, [(length // 60, changes.get(signal)) for length, changes in phases])
        for signal, known in ordinary.signals.items()
    }
    return Staged(name, scenario, clock, recording(ordinary, courses, clock.start), real=False)


def _segment(path: Path) -> Segment:
    loaded = recording_file.load(path)
    ends = [float(one.times[-1]) for one in loaded.all_series]
    return Segment(path.stem, loaded, 0.0, (max(ends) // 10 + 1) * 10)


def _first(telemetry: Recording) -> float:
    times = [float(one.times[0]) for one in telemetry.all_series]
    times += [telemetry.events(track, -np.inf, np.inf)[0].time for track in telemetry.tracks()]
    return min(times) // 60 * 60


def play(definitions: Definitions, staged: Staged, *, readings: bool = True) -> Outcome:
    """Evaluate, tell the stories, judge. A construct that cannot be evaluated is a problem by its name."""
    timeline, told = _told(definitions, staged, staged.telemetry)
    problems = judge(staged.scenario, told, staged.clock)
    known = {str(one["id"]): definitions.alert(one) for one in definitions.account.monitors}
    problems += [f"{known.get(str(id), id)}: cannot be evaluated: {why}" for id, why in timeline.refused.items()]
    problems += more(staged.scenario, told, staged.clock)
    depends = []
    if readings and on_edges(definitions, staged.telemetry):
        _, other = _told(definitions, staged, OpenAtTheEnd(staged.telemetry))
        second = [*judge(staged.scenario, other, staged.clock), *more(staged.scenario, other, staged.clock)]
        depends = sorted({line.partition(":")[0] for line in set(second) ^ set(problems)})
    return Outcome(staged, timeline, told, problems, depends)


def on_edges(definitions: Definitions, telemetry: Recording) -> bool:
    """Whether anything happened where a window may begin or end: else both readings see the same.

    Windows do so at full minutes, and buckets of a written rollup elsewhere, too.
    """
    if any(one["type"] in {"query alert", "metric alert"} and ".rollup(" in one["query"]
           for one in definitions.account.monitors):  # fmt: skip
        return True
    times = [one.times for one in telemetry.all_series]
    times += [telemetry.events(track, -np.inf, np.inf).times for track in telemetry.tracks()]
    return any(bool(np.any(one % 60 == 0)) for one in times)


def more(scenario: Scenario, told: Mapping[str, Story], clock: Clock) -> list[str]:
    """Missing data that somebody was told about though nobody expected it, alerts that end in missing data, and states
    that a scenario names."""
    problems = []
    held = {one.alert: one.clears_after for one in scenario.then if one.clears_after is not None}
    over = {one.alert for one in scenario.then if one.clears_within is not None}
    wanted = {one.alert: one.shows for one in scenario.then if one.shows is not None}
    for alert, story in told.items():
        if any(one.notify and one.new == "NO DATA" for one in story.transitions):
            problems.append(f"{alert}: told people about missing data, and no one expected it to")
        cleared = story.cleared()
        if alert in held and cleared is not None and cleared - clock.remediation < held[alert]:
            problems.append(f"{alert}: cleared sooner than {held[alert] // 60} min after the failure")
        if alert in over:
            ended = {one.group_name: one.new for one in story.transitions}
            if "NO DATA" in [ended[one.group_name] for one in story.transitions if one.new == "ALERT"]:
                problems.append(f"{alert}: ends without data, and nobody is told that it is over")
        if alert in wanted:
            states = {one.group_name: one.new for one in story.transitions if one.time <= clock.remediation}
            shown = max(states.values(), key=lambda state: SEVERITY[state], default="OK")
            if shown != wanted[alert]:
                problems.append(f"{alert}: shows {shown} as the failure ends, not {wanted[alert]}")
    return problems


def _told(definitions: Definitions, staged: Staged, telemetry: Telemetry) -> tuple[Timeline, dict[str, Story]]:
    timeline = run(definitions.account, telemetry, staged.clock.watched, staged.clock.end, strict=False)
    return timeline, stories(definitions, timeline, staged.telemetry)


def coverage(definitions: Definitions, staged: Sequence[Staged]) -> Coverage:
    """Who says what about which alert."""
    alerts = [definitions.alert(one) for one in definitions.account.monitors]
    found = Coverage({one: [] for one in alerts}, {one: [] for one in alerts}, set())
    for one in staged:
        for expectation in one.scenario.then:
            kind = found.quiet if expectation.stays == "quiet" else found.fires
            kind.setdefault(expectation.alert, []).append(one.name)
            if one.real and expectation.stays != "quiet":
                found.real.add(expectation.alert)
    return found


def only(definitions: Definitions, monitors: list[dict[str, object]]) -> Definitions:
    """The same account with other monitors."""
    account = definitions.account
    return Definitions(
        Account(monitors, account.slos, account.downtimes, account.corrections, account.synthetics),
        definitions.directory,
        definitions.names,
        definitions.connections,
    )
