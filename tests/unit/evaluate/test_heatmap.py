"""Heat maps of distributions."""

import numpy as np

from firedrill.evaluate import Recording, Series
from firedrill.evaluate.metric.heatmap import heatmap

TIMES = np.array([30.0, 30.0, 90.0, 90.0])


def telemetry(*tags: str) -> Recording:
    return Recording([Series("d", "distribution", frozenset(tags), TIMES, np.array([0.1, 10.0, 0.1, 0.1]))], [])


def test_each_value_is_counted_in_its_time_and_its_range() -> None:
    result = heatmap("histogram:d{*}", telemetry(), 0, 120, 60)
    assert result.times.tolist() == [0.0, 60.0]
    assert result.counts.sum(axis=1).tolist() == [2.0, 2.0]
    assert result.counts[0, 0] == 1
    assert result.counts[0, -1] == 1
    assert result.counts[1, 0] == 2
    assert result.edges[0] <= 0.1 * 1.0001
    assert result.edges[-1] >= 10


def test_values_outside_the_scope_or_time_are_not_counted() -> None:
    assert not heatmap("histogram:d{env:b}", telemetry("env:a"), 0, 120, 60).edges.size
    assert heatmap("histogram:d{env:a}", telemetry("env:a"), 60, 120, 60).counts.sum() == 2
