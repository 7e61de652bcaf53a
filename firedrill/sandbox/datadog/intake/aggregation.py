"""What the Agent does between datagrams and points: one flush every 10 seconds.

https://docs.datadoghq.com/developers/dogstatsd/data_aggregation
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from firedrill.evaluate.telemetry import MetricType, Series
from firedrill.sandbox.datadog.intake.dogstatsd import Sample

INTERVAL = 10
"""Seconds of one flush."""

Context = tuple[str, str, frozenset[str]]
Weighted = tuple[float, float]
"""A value and how often it was observed (1 / sample rate)."""


class Aggregator:
    """Samples of the intervals that are not flushed yet. Times are the caller's, so a test brings its own clock."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[Context, list[Any]]] = {}
        self._timed: list[Series] = []

    def add(self, sample: Sample, now: float) -> None:
        """Take a sample that arrived at ``now`` (epoch seconds). One with its own timestamp is not aggregated."""
        if sample.timestamp is not None:
            self._timed += _timed_points(sample)
            return
        bucket = self._buckets.setdefault(interval_start(now), {})
        values = bucket.setdefault((sample.name, sample.type, sample.tags), [])
        values += [(value, 1 / sample.rate) for value in sample.values]

    def flush(self, now: float) -> list[Series]:
        """Points of every interval that is over at ``now``, each at its interval's start."""
        done = sorted(start for start in self._buckets if start + INTERVAL <= now)
        timed, self._timed = self._timed, []
        return timed + [
            series
            for start in done
            for (name, type_, tags), values in self._buckets.pop(start).items()
            for series in _flushed(name, type_, tags, values, start)
        ]


def interval_start(time: float) -> int:
    """Start of the flush interval that ``time`` is in."""
    return math.floor(time / INTERVAL) * INTERVAL


def _flushed(name: str, type_: str, tags: frozenset[str], values: list[Any], start: int) -> Iterable[Series]:
    match type_:
        case "c":
            total = sum(value * weight for value, weight in values)
            yield _point(name, "rate", tags, start, total / INTERVAL)
        case "g":
            yield _point(name, "gauge", tags, start, values[-1][0])
        case "s":
            yield _point(name, "gauge", tags, start, len({value for value, _ in values}))
        case "d":
            raw = np.repeat([value for value, _ in values], [max(1, round(weight)) for _, weight in values])
            yield Series(name, "distribution", tags, np.full(raw.size, float(start)), raw.astype(np.float64), INTERVAL)
        case _:
            yield from _histogram(name, tags, values, start)


def _histogram(name: str, tags: frozenset[str], values: list[Weighted], start: int) -> Iterable[Series]:
    """The Agent's default aggregates: avg, median, max, 95percentile (gauges) and count (rate)."""
    ordered = sorted(values)
    count = sum(weight for _, weight in ordered)
    yield _point(f"{name}.avg", "gauge", tags, start, sum(value * weight for value, weight in ordered) / count)
    yield _point(f"{name}.median", "gauge", tags, start, _nearest_rank(ordered, 50 * count / 100))
    yield _point(f"{name}.max", "gauge", tags, start, ordered[-1][0])
    yield _point(f"{name}.95percentile", "gauge", tags, start, _nearest_rank(ordered, 95 * count / 100))
    yield _point(f"{name}.count", "rate", tags, start, count / INTERVAL)


def _nearest_rank(ordered: list[Weighted], rank: float) -> float:
    """The smallest value that at least ``rank`` observations do not exceed."""
    seen = 0.0
    for value, weight in ordered:
        seen += weight
        if seen >= rank - 1e-9:
            return value
    return ordered[-1][0]


def _timed_points(sample: Sample) -> list[Series]:
    """A count or gauge that carries its time: stored at that time, a count as the rate of one flush interval."""
    time = float(sample.timestamp or 0)
    numbers = [float(value) for value in sample.values]
    if sample.type == "g":
        return [_point(sample.name, "gauge", sample.tags, time, numbers[-1])]
    return [_point(sample.name, "rate", sample.tags, time, sum(numbers) / sample.rate / INTERVAL)]


def _point(name: str, type_: MetricType, tags: frozenset[str], time: float, value: float) -> Series:
    return Series(name, type_, tags, np.array([time], dtype=np.float64), np.array([value], dtype=np.float64), INTERVAL)
