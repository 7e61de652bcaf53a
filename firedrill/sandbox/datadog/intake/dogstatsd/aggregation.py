"""Aggregation of DogStatsD samples into points, flushed every 10 seconds as the Agent does.

https://docs.datadoghq.com/developers/dogstatsd/data_aggregation
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from firedrill.evaluate.telemetry import MetricType, Series
from firedrill.sandbox.datadog.intake.dogstatsd.messages import Sample

INTERVAL = 10
"""Seconds between flushes."""

SeriesKey = tuple[str, str, frozenset[str]]
WeightedValue = tuple[float, float]
"""A value and how often it was observed (1 / sample rate)."""


class Aggregator:
    """Samples that are not flushed yet. Callers pass the time, so that tests can set it."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[SeriesKey, list[Any]]] = {}
        self._timed: list[Series] = []

    def add(self, sample: Sample, now: float) -> None:
        """Add a sample that arrived at ``now`` (epoch seconds). One with its own timestamp is not aggregated."""
        if sample.timestamp is not None:
            self._timed += _timed_points(sample)
            return
        bucket = self._buckets.setdefault(interval_start(now), {})
        values = bucket.setdefault((sample.name, sample.type, sample.tags), [])
        values += [(value, 1 / sample.rate) for value in sample.values]

    def flush(self, now: float) -> list[Series]:
        """Return the points of every interval that has ended at ``now``, each at its interval's start."""
        finished = sorted(start for start in self._buckets if start + INTERVAL <= now)
        timed, self._timed = self._timed, []
        return timed + [
            series
            for start in finished
            for (name, type_, tags), values in self._buckets.pop(start).items()
            for series in _points(name, type_, tags, values, start)
        ]


def interval_start(time: float) -> int:
    """Return the start of the flush interval that contains ``time``."""
    return math.floor(time / INTERVAL) * INTERVAL


def _points(name: str, type_: str, tags: frozenset[str], values: list[Any], start: int) -> Iterable[Series]:
    match type_:
        case "c":
            total = sum(value * weight for value, weight in values)
            yield _point(name, "rate", tags, start, total / INTERVAL)
        case "g":
            yield _point(name, "gauge", tags, start, values[-1][0])
        case "s":
            yield _point(name, "gauge", tags, start, len({value for value, _ in values}))
        case "d":
            expanded = np.repeat([value for value, _ in values], [max(1, round(weight)) for _, weight in values])
            yield Series(
                name, "distribution", tags, np.full(expanded.size, float(start)), expanded.astype(np.float64), INTERVAL
            )
        case _:
            yield from _histogram(name, tags, values, start)


def _histogram(name: str, tags: frozenset[str], values: list[WeightedValue], start: int) -> Iterable[Series]:
    """Yield the Agent's default aggregates: avg, median, max, 95percentile (gauges) and count (rate)."""
    ordered = sorted(values)
    count = sum(weight for _, weight in ordered)
    yield _point(f"{name}.avg", "gauge", tags, start, sum(value * weight for value, weight in ordered) / count)
    yield _point(f"{name}.median", "gauge", tags, start, _nearest_rank(ordered, 50 * count / 100))
    yield _point(f"{name}.max", "gauge", tags, start, ordered[-1][0])
    yield _point(f"{name}.95percentile", "gauge", tags, start, _nearest_rank(ordered, 95 * count / 100))
    yield _point(f"{name}.count", "rate", tags, start, count / INTERVAL)


def _nearest_rank(ordered: list[WeightedValue], rank: float) -> float:
    """Return the smallest value that at least ``rank`` observations do not exceed."""
    seen = 0.0
    for value, weight in ordered:
        seen += weight
        if seen >= rank - 1e-9:
            return value
    return ordered[-1][0]


def _timed_points(sample: Sample) -> list[Series]:
    """Return the points of a count or gauge with a timestamp; a count becomes the rate of one flush interval."""
    time = float(sample.timestamp or 0)
    numbers = [float(value) for value in sample.values]
    if sample.type == "g":
        return [_point(sample.name, "gauge", sample.tags, time, numbers[-1])]
    return [_point(sample.name, "rate", sample.tags, time, sum(numbers) / sample.rate / INTERVAL)]


def _point(name: str, type_: MetricType, tags: frozenset[str], time: float, value: float) -> Series:
    return Series(name, type_, tags, np.array([time], dtype=np.float64), np.array([value], dtype=np.float64), INTERVAL)
