"""Points of metrics that the sandbox computes from events and spans."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from firedrill.evaluate.telemetry import MetricType, Series
from firedrill.sandbox.datadog.intake.dogstatsd.aggregation import INTERVAL, interval_start


class MetricPoints:
    """Counts and distribution values in buckets of 10 seconds."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, MetricType, frozenset[str]], dict[int, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def count(self, metric: str, tags: Mapping[str, object], time: float) -> None:
        """Count one occurrence."""
        self._values[metric, "count", _tag_set(tags)][interval_start(time)].append(1.0)

    def value(self, metric: str, tags: Mapping[str, object], time: float, value: float) -> None:
        """Add a value of a distribution."""
        self._values[metric, "distribution", _tag_set(tags)][interval_start(time)].append(value)

    def series(self) -> Iterable[Series]:
        """Yield the series, with each point at the start of its bucket."""
        for (metric, type_, tags), buckets in self._values.items():
            starts = sorted(buckets)
            parts = [[sum(buckets[start])] if type_ == "count" else buckets[start] for start in starts]
            times = np.repeat(np.array(starts, dtype=np.float64), [len(part) for part in parts])
            yield Series(metric, type_, tags, times, np.concatenate([np.array(part) for part in parts]), INTERVAL)


def _tag_set(tags: Mapping[str, object]) -> frozenset[str]:
    return frozenset(f"{key}:{value}" for key, value in tags.items() if value not in (None, ""))
