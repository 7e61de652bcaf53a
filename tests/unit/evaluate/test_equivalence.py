"""Monitors that are called equivalent behave the same."""

from typing import Any

import numpy as np
import pytest

from firedrill.evaluate import Account, MeasurementCache, Recording, Series, run
from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.equivalence import equivalent
from firedrill.evaluate.measure import measure
from firedrill.evaluate.parsed_monitor import parse_monitor
from tests.unit.evaluate.accounts import MINUTE, monitor

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
    """Return telemetry of two hosts with gaps."""
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
    """Return the transitions of a monitor, as far as equivalence covers them."""
    timeline = run(Account([definition]), recording, MINUTE, MINUTES * MINUTE)
    return [
        (transition.time, transition.group_name, transition.old, transition.new, transition.notify)
        for transition in timeline.transitions_of(1)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_equivalent_monitors_have_the_same_transitions(seed: int) -> None:
    recording = telemetry(seed)
    times = MINUTE * np.arange(1, MINUTES + 1, dtype=np.float64)
    monitors = [monitor(1, query, **options) for query, options in KINDS]
    parsed = [parse_monitor(definition) for definition in monitors]
    context = MeasureContext(Account(monitors), recording, {"monitors": {}}, MeasurementCache(recording))
    signals = [measure(*pair, context, times) for pair in zip(parsed, monitors, strict=True)]
    behaviours = [behaviour(definition, recording) for definition in monitors]
    decided, same = 0, 0
    for i in range(len(monitors)):
        for j in range(i):
            if equivalent(parsed[i].rules, signals[i], parsed[j].rules, signals[j]):
                decided += 1
                assert behaviours[i] == behaviours[j], (KINDS[i], KINDS[j])
            same += behaviours[i] == behaviours[j]
    assert decided > 20
    assert same >= decided
