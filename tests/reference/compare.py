"""Comparison of both evaluators on random monitors."""

import random
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate import Account, Event, Recording, Series, run
from tests.reference.definitions import Monitor
from tests.reference.evaluator import Telemetry
from tests.reference.generator import MINUTES, random_monitor, random_telemetry
from tests.reference.states import play

START = 86400.0
Change = tuple[float, tuple[str, ...], str, str, bool]


@dataclass(frozen=True)
class Disagreement:
    """A monitor on which both evaluators differ, with what only one of them says (minute, group, change)."""

    seed: int
    monitor: Monitor
    ours: list[Change]
    reference: list[Change]

    def __str__(self) -> str:
        body = self.monitor.api()
        lines = [f"seed {self.seed}: {body['query']}", f"  options {body['options']}"]
        for name, changes, others in (
            ("firedrill", self.ours, self.reference),
            ("reference", self.reference, self.ours),
        ):
            only = [((time - START) / 60, *rest) for time, *rest in changes if (time, *rest) not in others]
            lines.append(f"  only {name}: {only[:5]}")
        return "\n".join(lines)


def compare(seed: int) -> Disagreement | None:
    """Evaluate a random monitor both ways."""
    rng = random.Random(seed)
    start = START + rng.choice([0, 0, 0, 20])
    monitor, telemetry = random_monitor(rng), random_telemetry(rng, start)
    times = [start + 60 * minute for minute in range(MINUTES)]
    expected = play(monitor, telemetry, times).changes
    timeline = run(Account([monitor.api()]), _recording(telemetry), times[0], times[-1])
    ours = [
        (change.time, tuple(change.group.values()), change.old, change.new, change.notify)
        for change in timeline.transitions
        if change.kind == "transition"
    ]
    same = sorted(ours) == sorted(expected)
    return None if same else Disagreement(seed, monitor, sorted(ours), sorted(expected))


def _recording(telemetry: Telemetry) -> Recording:
    series = [
        Series(line.metric, line.type, frozenset(f"{key}:{value}" for key, value in line.tags.items()),  # type: ignore[arg-type]
               np.array([second for second, _ in line.points]), np.array([value for _, value in line.points]), 60)
        for line in telemetry.lines
        if line.points
    ]  # fmt: skip
    events = []
    for log in telemetry.logs:
        attributes = {key[1:]: value for key, value in log.fields.items() if key.startswith("@")}
        plain = {key: value for key, value in log.fields.items() if not key.startswith("@")}
        events.append(Event(log.second, "logs", {**plain, "tags": [], "attributes": attributes}))
    return Recording(series, sorted(events, key=lambda event: event.time))
