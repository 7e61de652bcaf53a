"""Monitors that are said to be alike do the same, and those that do not are not said to be."""

from typing import Any

import numpy as np
import pytest

from firedrill.evaluate import Account, Memo, Recording, Series, run
from firedrill.evaluate.alike import alike
from firedrill.evaluate.indicators import SloContext
from firedrill.evaluate.measure import measure, plan
from firedrill.evaluate.timeline import Timeline
from tests.evaluate.accounts import MINUTE, monitor

RATIO = "sum(last_5m):default_zero(sum:e{*}.as_count()) / (sum:h{*}.as_count() + 5) > 0.3"
BARE = "sum(last_5m):sum:e{*} by {host}.as_count() > 12"
LEVEL = "avg(last_5m):avg:a{*} by {host} > 60"
KINDS: list[tuple[str, dict[str, Any]]] = [
    (query.replace(">", comparator), options)
    for query in (RATIO, BARE, LEVEL, LEVEL.replace("avg:a", "sum:a"), BARE.replace("12", "11.5"))
    for comparator in (">", ">=")
    for options in (
        {},
        {"on_missing_data": "resolve"},
        {"on_missing_data": "show_no_data"},
        {"on_missing_data": "show_and_notify_no_data"},
        {"notify_no_data": True, "no_data_timeframe": 10},
        {"renotify_interval": 10},
    )
]
MINUTES = 240


def telemetry(seed: int) -> Recording:
    """Two hosts that fall silent now and then."""
    rng = np.random.default_rng(seed)
    series = []
    for host in ("x", "y"):
        there = np.repeat(rng.random(MINUTES // 20) < 0.7, 20)
        times = MINUTE * np.arange(1, MINUTES + 1, dtype=np.float64)[there]
        tags = frozenset({f"host:{host}"})
        series += [
            Series("a", "gauge", tags, times, rng.normal(58, 5, times.size)),
            Series("h", "count", tags, times, rng.integers(1, 9, times.size).astype(float), 60),
            Series("e", "count", tags, times, rng.integers(0, 5, times.size).astype(float), 60),
        ]
    return Recording(series)


def behaviour(definition: dict[str, Any], recording: Recording) -> list[tuple[object, ...]]:
    """What ``alike`` is about."""
    timeline = run(Account([definition]), recording, MINUTE, MINUTES * MINUTE)
    return [(one.time, one.group_name, one.old, one.new, one.notify) for one in timeline.of(1)]


@pytest.mark.parametrize("seed", range(3))
def test_alike_never_errs(seed: int) -> None:
    recording = telemetry(seed)
    times = MINUTE * np.arange(1, MINUTES + 1, dtype=np.float64)
    monitors = [monitor(1, query, **options) for query, options in KINDS]
    read = [plan(one) for one in monitors]
    context = SloContext(Account(monitors), recording, {"monitors": {}}, Timeline(), Memo(recording))
    signals = [measure(each, one, context, times) for each, one in zip(read, monitors, strict=True)]
    did = [behaviour(one, recording) for one in monitors]
    said, same = 0, 0
    for i in range(len(monitors)):
        for j in range(i):
            if alike(read[i].rules, signals[i], read[j].rules, signals[j]):
                said += 1
                assert did[i] == did[j], (KINDS[i], KINDS[j])
            same += did[i] == did[j]
    assert said > 20
    assert same >= said
