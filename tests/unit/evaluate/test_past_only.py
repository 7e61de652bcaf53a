"""An evaluation is a function of the past: ``run``, ``run`` in two pieces and ``advance`` give the same transitions."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from firedrill.evaluate import AbsentSeries, Account, Recording, Series, State, Transition, advance, run
from tests.unit.evaluate.accounts import MINUTE, monitor
from tests.unit.evaluate.random_monitors import RandomCase, random_case

MONITORS = 10
"""Monitors in a case."""


# 1326: a state kept the last point of its last change. 1421: a time slice had its first value also before that value.
@pytest.mark.parametrize("seed", [*range(500 // MONITORS), 1326, 1421])
def test_random_monitors(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1000 + 5000 // MONITORS))
def test_more_random_monitors(seed: int) -> None:
    check(seed, halves=True)


def check(seed: int, *, halves: bool = False) -> None:
    """Evaluate a random case in all ways and compare, monitor by monitor.

    ``halves`` advances minute by minute through one half of the stretch alone, and runs through the other: the minutes
    take most of the time, and each half continues from the state that the other way left.
    """
    case = random_case(seed, MONITORS)
    end = case.start + (case.minutes - 1) * MINUTE
    whole = run(case.account, case.telemetry, case.start, end, strict=False)
    expected = _by_monitor(whole.transitions)
    middle = case.start + MINUTE * (7 + seed % 30)
    first = run(case.account, case.telemetry, case.start, middle, strict=False)
    second = run(case.account, case.telemetry, middle + MINUTE, end, state=first.state, strict=False)
    _compare(case.account, expected, _by_monitor([*first.transitions, *second.transitions]), "in two pieces")
    if not halves:
        stepped = _step(case, State(), case.start, end)[1]
    elif seed % 2:
        stepped = [*first.transitions, *_step(case, first.state, middle + MINUTE, end)[1]]
    else:
        state, transitions = _step(case, State(), case.start, middle)
        rest = run(case.account, case.telemetry, middle + MINUTE, end, state=state, strict=False)
        stepped = [*transitions, *rest.transitions]
    _compare(case.account, expected, _by_monitor(stepped), "minute by minute")
    early = run(case.account, _until(case.telemetry, middle), case.start, middle, strict=False)
    _compare(case.account, _by_monitor(first.transitions), _by_monitor(early.transitions), "without what follows")


def _step(case: RandomCase, state: State, start: float, end: float) -> tuple[State, list[Transition]]:
    """Advance minute by minute from ``start`` up to and including ``end``."""
    stepped = list[Transition]()
    for time in np.arange(start, end + MINUTE / 2, MINUTE):
        state, transitions = advance(case.account, state, float(time), case.telemetry, strict=False)
        stepped.extend(transitions)
    return state, stepped


def _by_monitor(transitions: Iterable[Transition]) -> dict[Any, list[Transition]]:
    result: dict[Any, list[Transition]] = defaultdict(list)
    for transition in transitions:
        result[transition.monitor_id].append(transition)
    return result


def _compare(account: Account, left: dict[Any, list[Transition]], right: dict[Any, list[Transition]], how: str) -> None:
    for definition in account.monitors:
        identifier = definition["id"]
        assert left[identifier] == right[identifier], (how, definition["type"], definition["query"],
                                                       definition["options"])  # fmt: skip


def _until(telemetry: Recording, time: float) -> Recording:
    series = [line.between(-np.inf, time) for line in telemetry.all_series]
    return Recording(
        [line for line in series if line.times.size], [event for event in telemetry.all_events if event.time <= time]
    )


def counts(metric: str, points: dict[int, float], *tags: str, type: Any = "count") -> Series:
    """Return a series with points in the middle of some minutes."""
    times = np.array([minute * MINUTE + 30 for minute in points])
    return Series(metric, type, frozenset(tags), times, np.array(list(points.values()), np.float64), 60)


def transitions_of(query: str, series: list[Series], minutes: int = 40, **options: Any) -> list[tuple[int, str, str]]:
    """Return minute, group and new state of the transitions, which all ways of evaluating agree on."""
    account, telemetry = Account([monitor(1, query, **options)]), Recording(series)
    timeline = run(account, telemetry, MINUTE, minutes * MINUTE)
    state, stepped = State(), list[Transition]()
    for minute in range(1, minutes + 1):
        state, transitions = advance(account, state, minute * MINUTE, telemetry)
        stepped.extend(transitions)
    assert stepped == timeline.transitions
    return [(int(one.time // MINUTE), one.group_name, one.new) for one in stepped]


def test_a_missing_count_is_zero_whether_its_series_was_or_will_be() -> None:
    query = "sum(last_5m):default_zero(sum:a{*}.as_count()) / (sum:b{*}.as_count() + 20) > 0.1"
    a = counts("a", dict.fromkeys(range(15, 40), 10.0))
    for b in ([counts("b", {0: 1})], [counts("b", {39: 1})], []):
        assert transitions_of(query, [a, *b]) == [(16, "*", "ALERT")]


def test_the_other_reading_has_no_zero_before_the_first_point_of_a_series() -> None:
    account = Account([monitor(1, "sum(last_5m):sum:a{*}.as_count() / (sum:b{*}.as_count() + 20) > 0.1")])
    a = counts("a", dict.fromkeys(range(15, 40), 10.0))

    def alerts(*b: Series) -> list[tuple[int, str]]:
        timeline = run(account, AbsentSeries(Recording([a, *b])), MINUTE, 40 * MINUTE)
        return [(int(change.time // MINUTE), change.new) for change in timeline.transitions]

    assert alerts() == []
    assert alerts(counts("b", {39: 1.0})) == [(40, "ALERT")]
    assert alerts(counts("b", {0: 1.0})) == [(16, "ALERT")]


def test_a_guarded_ratio_resolves_when_everything_stops() -> None:
    query = "sum(last_5m):default_zero(sum:a{*}.as_count()) / (sum:b{*}.as_count() + 20) > 0.1"
    series = [counts("a", dict.fromkeys(range(5, 15), 10.0)), counts("b", dict.fromkeys(range(15), 10.0))]
    assert transitions_of(query, series) == [(6, "*", "ALERT"), (20, "*", "OK")]


def test_a_series_that_begins_later_does_not_interpolate_the_one_before() -> None:
    every_second = counts("a", dict.fromkeys(range(0, 40, 2), 12.0), "h:x", type="gauge")
    later = counts("a", {38: 12.0}, "h:y", type="gauge")
    assert transitions_of("sum(last_5m):avg:a{*} > 44", [every_second, later], 38) == []


@pytest.mark.parametrize("right", ["default_zero(avg:b{*} by {h})", "avg:b{*} by {h}.fill(zero)"])
def test_a_group_that_one_query_lacks_has_no_value(right: str) -> None:
    a = counts("a", dict.fromkeys(range(40), 5.0), "h:x", type="gauge")
    b = counts("b", {38: 1.0}, "h:x", type="gauge")
    query = f"avg(last_5m):avg:a{{*}} by {{h}} - {right} > 3"
    assert transitions_of(query, [a], new_group_delay=0) == transitions_of(query, [a, b], 38, new_group_delay=0) == []


def test_a_rate_formula_takes_missing_points_as_zero() -> None:
    a, b = counts("a", dict.fromkeys(range(0, 40, 5), 60.0)), counts("b", dict.fromkeys(range(40), 60.0))
    query = "avg(last_10m):sum:a{*}.as_rate() / sum:b{*}.as_rate() > 0.9"
    assert transitions_of(query, [a, b]) == [(1, "*", "ALERT"), (2, "*", "OK")]


def test_stale_data_that_comes_back_is_evaluated() -> None:
    points = {**dict.fromkeys(range(3), 1.0), **dict.fromkeys(range(20, 26), 1.0)}
    query = "sum(last_30m):sum:a{*}.as_count() <= 100"
    expected = [(1, "*", "ALERT"), (13, "*", "NO DATA"), (21, "*", "ALERT"), (36, "*", "NO DATA")]
    assert transitions_of(query, [counts("a", points)], notify_no_data=True, no_data_timeframe=10) == expected


def test_a_group_resolved_after_silence_stays_resolved() -> None:
    query = "sum(last_5m):sum:a{*}.as_count() < 3"
    changes = transitions_of(
        query, [counts("a", {0: 1.0})], 200, on_missing_data="default", timeout_h=1, notify_no_data=None
    )
    assert changes == [(1, "*", "ALERT"), (66, "*", "OK")]


def test_a_composite_follows_members_of_other_frequencies() -> None:
    a = counts("a", dict.fromkeys(range(150), 5.0), type="gauge")
    b = counts("a2", dict.fromkeys(range(65, 150), 50.0), type="gauge")
    account = Account([
        monitor(1, "avg(last_1d):avg:a{*} > 1"), monitor(2, "max(last_5m):avg:a2{*} > 9"),
        monitor(3, "1 && 2", "composite"),
    ])  # fmt: skip
    timeline = run(account, Recording([a, b]), MINUTE, 150 * MINUTE)
    state, stepped = State(), list[Transition]()
    for minute in range(1, 151):
        state, transitions = advance(account, state, minute * MINUTE, Recording([a, b]))
        stepped.extend(transitions)
    assert stepped == timeline.transitions


def test_a_custom_schedule_evaluates_each_moment_once() -> None:
    recurrences = [{"rrule": "FREQ=DAILY;BYHOUR=0,1;BYMINUTE=10,20", "timezone": "UTC"}]
    options: dict[str, Any] = {"scheduling_options": {"custom_schedule": {"recurrences": recurrences}}}
    series = [counts("a", dict.fromkeys(range(100), 5.0), type="gauge")]
    changes = transitions_of("avg(last_5m):avg:a{*} > 1", series, 90, **options)
    assert changes == [(10, "*", "ALERT"), (20, "*", "ALERT"), (70, "*", "ALERT"), (80, "*", "ALERT")]


def test_steps_of_other_lengths_evaluate_a_custom_schedule_once() -> None:
    recurrences = [{"rrule": "FREQ=DAILY;BYHOUR=0;BYMINUTE=10", "timezone": "UTC"}]
    options: dict[str, Any] = {"scheduling_options": {"custom_schedule": {"recurrences": recurrences}}}
    account = Account([monitor(1, "avg(last_5m):avg:a{*} > 1", **options)])
    telemetry = Recording([counts("a", dict.fromkeys(range(100), 5.0), type="gauge")])
    state, stepped = State(), list[Transition]()
    for step in range(60):
        state, transitions = advance(account, state, 60.0 + 45 * step, telemetry)
        stepped.extend(transitions)
    assert stepped == run(account, telemetry, 60.0, 60.0 + 45 * 59, step=45).transitions
    assert len(stepped) == 1
    assert stepped[0].time == 600.0
