"""Ordinary months at one-minute resolution, and random series, for noise and for faults that nothing can tell apart."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firedrill.drill.account import Definitions, stories
from firedrill.drill.layout import joined
from firedrill.evaluate import Recording, Series, run
from firedrill.evaluate.telemetry import FloatArray
from firedrill.notify.deliver import Message
from firedrill.notify.oncall.paging import Page
from firedrill.prove.signals import DAY, MINUTE, Course, Ordinary, course, recording

MONTH = 30 * DAY
BEGIN = 1_772_409_600.0
"""A Monday, midnight UTC."""
WEEK = 7 * 86400.0


def month(ordinary: Ordinary, seed: int, days: int = 30) -> Recording:
    """Traffic by hour and weekday, a holiday, deploys by day, restarts, nights with next to nothing."""
    rng = np.random.default_rng([seed, 1])
    minutes = days * DAY
    load = _load(ordinary, rng, minutes)
    deploys = _windows(rng, ordinary.rhythm.deploys_a_week, minutes, 3, office=True)
    restarts = _windows(rng, ordinary.rhythm.restarts_a_week, minutes, 1)
    courses = {}
    for name, signal in ordinary.signals.items():
        calm = course(signal, [(minutes, None)])
        change = ordinary.rhythm.deploy.get(name)
        during = course(signal, [(minutes, change)])
        rates, values = (np.where(deploys, one, two) for one, two in
                         ((during.rates, calm.rates), (during.values, calm.values)))  # fmt: skip
        if not signal.steady:
            rates = np.where(restarts, 0.0, rates * load)
        courses[name] = Course(rates, values)
    return recording(ordinary, courses, BEGIN, [seed, 3])


def _load(ordinary: Ordinary, rng: np.random.Generator, minutes: int) -> FloatArray:
    rhythm = ordinary.rhythm
    at = np.arange(minutes)
    hour = (at / 60) % 24
    day = 0.5 + 0.5 * np.cos((hour - rhythm.peak_hour) / 24 * 2 * np.pi)
    load = rhythm.night + (1 - rhythm.night) * day**1.5
    load = np.where((at // DAY) % 7 >= 5, load * rhythm.weekend, load)
    load[at // DAY == int(rng.integers(0, max(minutes // DAY, 1)))] *= rhythm.holiday
    drift = np.repeat(rng.lognormal(0, 0.12, minutes // 60 + 1), 60)[:minutes]
    result: FloatArray = load * drift
    return result


def _windows(rng: np.random.Generator, a_week: float, minutes: int, length: int, *, office: bool = False) -> FloatArray:
    """Whether a minute lies in one of the randomly placed windows; by office hours, where people do it."""
    inside = np.zeros(minutes, dtype=bool)
    for _ in range(rng.poisson(a_week * minutes / (7 * DAY))):
        start = int(rng.integers(0, minutes))
        if office:
            start = start // DAY * DAY + int(rng.integers(9 * 60, 17 * 60))
        inside[start : start + length] = True
    return inside


def random_series(ordinary: Ordinary, seed: int, minutes: int = 480) -> Recording:
    """Every signal on its own random way, with gaps, bursts and locations that fail: nothing like a service."""
    courses = {}
    for name, signal in ordinary.signals.items():
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        pieces = np.sort(rng.integers(0, minutes, 12))
        places = np.searchsorted(pieces, np.arange(minutes), side="right")
        scale = rng.lognormal(0.3, 1.4, 13)
        scale[rng.random(13) < 0.2] = 0
        base = signal.rate if signal.rate else 10.0
        values = (signal.value or 0.0) * rng.lognormal(0.3, 0.8, 13)[places]
        failed: tuple[frozenset[str], ...] = ()
        if signal.locations:
            failing = [frozenset(one for one in signal.locations if rng.random() < 0.4) for _ in range(13)]
            failed = tuple(failing[place] for place in places)
        courses[name] = Course(base * scale[places], values, failed)
    return recording(ordinary, courses, BEGIN + 86400 * seed, [seed, 2])


def together(parts: Sequence[Recording]) -> Recording:
    """Recordings that follow each other in time as one."""
    if len(parts) == 1:
        return parts[0]
    series: dict[object, list[Series]] = defaultdict(list)
    for part in parts:
        seen: Counter[object] = Counter()
        for one in part.all_series:
            kind = (one.metric, one.type, one.tags, one.interval)
            seen[kind] += 1
            series[(*kind, seen[kind])].append(one)
    tables = [part.events(track, -np.inf, np.inf) for part in parts for track in part.tracks()]
    return Recording([joined(same) for same in series.values()], tables=tables)


@dataclass
class Noise:
    """What ordinary time alone made alerts say: notifications, pages and alert events by alert, and by team."""

    weeks: float
    notified: Counter[str]
    paged: Counter[str]
    alerts: Counter[str]
    teams: Counter[str]

    def __add__(self, other: "Noise") -> "Noise":
        """Both together."""
        return Noise(self.weeks + other.weeks, self.notified + other.notified, self.paged + other.paged,
                     self.alerts + other.alerts, self.teams + other.teams)  # fmt: skip

    def problems(self, budget: dict[str, float]) -> list[str]:
        """Teams that hear more than they accepted, with the loudest alert."""
        found = []
        for team, count in self.teams.items():
            allowed = budget.get(team)
            if allowed is not None and count / self.weeks > allowed:
                loudest = ", ".join(f"{name} {times / self.weeks:.1f}" for name, times in self.notified.most_common(3))
                found.append(
                    f"{team} hears {count / self.weeks:.1f} times in an ordinary week, more than its budget of "
                    f"{allowed:g} (loudest: {loudest})"
                )
        return found


def noise(definitions: Definitions, telemetry: Recording, days: int = 30) -> Noise:
    """Evaluate ordinary time. Every alert in it is a false one."""
    timeline = run(definitions.account, telemetry, BEGIN + 8 * 3600, BEGIN + days * 86400 - MINUTE, strict=False)
    found = Noise(days * 86400 / WEEK, Counter(), Counter(), Counter(), Counter())
    for story in stories(definitions, timeline, telemetry).values():
        found.alerts[story.alert] += sum(one.new == "ALERT" for one in story.transitions)
        for sent in story.notifications:
            if sent.transition.new == "OK":
                continue
            found.notified[story.alert] += bool(sent.deliveries) or not definitions.directory.teams
            for one in sent.deliveries:
                if isinstance(one, Page):
                    found.paged[story.alert] += 1
                    found.teams[one.team] += 1
                elif isinstance(one, Message):
                    found.teams[one.name] += 1
    return found
