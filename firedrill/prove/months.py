"""Simulated ordinary months at one-minute resolution, and random series.

Months measure noise; months and random series together show which faults nothing can tell from the original.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from firedrill.evaluate import Recording, Series
from firedrill.evaluate.telemetry import FloatArray
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.simulate import DAY, Course, course_of, simulate
from firedrill.scenario.layout import concatenate

BEGIN = 1_772_409_600.0
"""A Monday, midnight UTC."""
WEEK = 7 * 86400.0
PIECES = 13
"""Pieces of a random series; each has its own level."""


def month(ordinary: Ordinary, seed: int, days: int = 30) -> Recording:
    """Return traffic by hour and weekday, with a holiday, deploys by day, restarts and almost no traffic at night."""
    rng = np.random.default_rng([seed, 1])
    minutes = days * DAY
    load = _load(ordinary, rng, minutes)
    deploys = _windows(rng, ordinary.rhythm.deploys_a_week, minutes, 3, office_hours=True)
    restarts = _windows(rng, ordinary.rhythm.restarts_a_week, minutes, 1)
    courses = {}
    for name, signal in ordinary.signals.items():
        usual = course_of(signal, [(minutes, None)])
        deploying = course_of(signal, [(minutes, ordinary.rhythm.deploy.get(name))])
        rates = np.where(deploys, deploying.rates, usual.rates)
        values = np.where(deploys, deploying.values, usual.values)
        if not signal.steady:
            rates = np.where(restarts, 0.0, rates * load if signal.follows_traffic else rates)
        courses[name] = Course(rates, values)
    return simulate(ordinary, courses, BEGIN, [seed, 3])


def _load(ordinary: Ordinary, rng: np.random.Generator, minutes: int) -> FloatArray:
    """Return the traffic of each minute as a share of the peak."""
    rhythm = ordinary.rhythm
    minute = np.arange(minutes)
    hour = (minute / 60) % 24
    day = 0.5 + 0.5 * np.cos((hour - rhythm.peak_hour) / 24 * 2 * np.pi)
    load = rhythm.night + (1 - rhythm.night) * day**1.5
    load = np.where((minute // DAY) % 7 >= 5, load * rhythm.weekend, load)
    load[minute // DAY == int(rng.integers(0, max(minutes // DAY, 1)))] *= rhythm.holiday
    drift = np.repeat(rng.lognormal(0, 0.12, minutes // 60 + 1), 60)[:minutes]
    result: FloatArray = load * drift
    return result


def _windows(
    rng: np.random.Generator, per_week: float, minutes: int, length: int, *, office_hours: bool = False
) -> FloatArray:
    """Return whether each minute lies in one of the randomly placed windows."""
    inside = np.zeros(minutes, dtype=bool)
    for _ in range(rng.poisson(per_week * minutes / (7 * DAY))):
        start = int(rng.integers(0, minutes))
        if office_hours:
            start = start // DAY * DAY + int(rng.integers(9 * 60, 17 * 60))
        inside[start : start + length] = True
    return inside


def random_series(ordinary: Ordinary, seed: int, minutes: int = 480) -> Recording:
    """Return every signal with random levels, gaps, bursts and failing locations, unlike any real service."""
    courses = {}
    for name, signal in ordinary.signals.items():
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        edges = np.sort(rng.integers(0, minutes, PIECES - 1))
        piece = np.searchsorted(edges, np.arange(minutes), side="right")
        scale = rng.lognormal(0.3, 1.4, PIECES)
        scale[rng.random(PIECES) < 0.2] = 0
        base = signal.rate if signal.rate else 10.0
        values = (signal.value or 0.0) * rng.lognormal(0.3, 0.8, PIECES)[piece]
        failed: tuple[frozenset[str], ...] = ()
        if signal.locations:
            failing = [
                frozenset(location for location in signal.locations if rng.random() < 0.4) for _ in range(PIECES)
            ]
            failed = tuple(failing[index] for index in piece)
        courses[name] = Course(base * scale[piece], values, failed)
    return simulate(ordinary, courses, BEGIN + 86400 * seed, [seed, 2])


def concatenated(recordings: Sequence[Recording]) -> Recording:
    """Return recordings that follow each other in time as one."""
    if len(recordings) == 1:
        return recordings[0]
    by_kind: dict[object, list[Series]] = defaultdict(list)
    for recording in recordings:
        seen: Counter[object] = Counter()
        for series in recording.all_series:
            kind = (series.metric, series.type, series.tags, series.interval)
            seen[kind] += 1
            by_kind[(*kind, seen[kind])].append(series)
    tables = [recording.events(track, -np.inf, np.inf) for recording in recordings for track in recording.tracks()]
    return Recording([concatenate(same) for same in by_kind.values()], tables=tables)
