"""Graphs: functions of earlier points read points from before the graph's beginning."""

import numpy as np
import pytest

from firedrill.evaluate import Recording, Series, graph_query

MINUTES = 60


def _recorded(counts: np.ndarray) -> Recording:
    times = np.arange(counts.size, dtype=np.float64) * 60 + 30
    return Recording([Series("errors", "count", frozenset({"env:test"}), times, counts)], [])


@pytest.mark.parametrize("window", [1, 5, 10])
def test_a_moving_sum_is_the_monitors_window_at_each_minute(window: int) -> None:
    counts = np.random.default_rng(1).integers(0, 50, MINUTES).astype(np.float64)
    query = f"moving_rollup(sum:errors{{env:test}}.as_count(), {window * 60}, 'sum') / 2"
    [line] = graph_query(query, _recorded(counts), 20 * 60, MINUTES * 60, 60)
    sums = [counts[minute - window + 1 : minute + 1].sum() / 2 for minute in range(20, MINUTES)]
    assert line.times.tolist() == [minute * 60 for minute in range(20, MINUTES)]
    assert line.values.tolist() == sums


def test_in_longer_buckets_too() -> None:
    counts = np.arange(MINUTES, dtype=np.float64)
    query = "moving_rollup(sum:errors{env:test}.as_count(), 600, 'sum')"
    [line] = graph_query(query, _recorded(counts), 20 * 60, MINUTES * 60, 300)
    assert line.values.tolist() == [counts[minute - 5 : minute + 5].sum() for minute in range(20, MINUTES, 5)]
