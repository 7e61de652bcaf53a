"""Metric values against a naive implementation of the rules, point by point."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firedrill.evaluate import Account, Recording, Refused, Series, evaluate_at, run
from firedrill.evaluate.metric.percentiles import select_by_blocks, select_by_sorting
from firedrill.evaluate.metric.windows import fold_all, fold_windows
from firedrill.evaluate.telemetry import MetricType
from tests.unit.evaluate.accounts import MINUTE, monitor

Points = dict[int, float]
points = st.dictionaries(
    st.integers(1, 60), st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: round(x, 3)), max_size=40
)


def series(metric: str, type: MetricType, values: Points, *tags: str, interval: int = 60) -> Series:
    """Return a series of points by minute."""
    minutes = sorted(values)
    times = np.array([minute * MINUTE for minute in minutes], dtype=np.float64)
    return Series(
        metric, type, frozenset(tags), times, np.array([values[m] for m in minutes], dtype=np.float64), interval
    )


def values_of(query: str, recording: Recording, minutes: range) -> list[float]:
    """Return the value at each minute, NaN for none."""
    timeline = run(Account([monitor(1, query)]), recording, minutes[0] * MINUTE, minutes[-1] * MINUTE)
    return [float(value) for value in timeline.values(1).get("*", np.full(len(minutes), np.nan))]


@given(points, st.sampled_from(["avg", "sum", "min", "max"]), st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_a_window_aggregates_the_points_after_its_start_up_to_its_end(
    values: Points, aggregator: str, length: int
) -> None:
    minutes = range(1, 65)
    computed = values_of(
        f"{aggregator}(last_{length}m):avg:a{{*}} > 1e9", Recording([series("a", "gauge", values)]), minutes
    )
    plain: dict[str, Callable[[list[float]], float]] = {
        "avg": lambda x: math.fsum(x) / len(x),
        "sum": math.fsum,
        "min": min,
        "max": max,
    }
    for minute, value in zip(minutes, computed, strict=True):
        window = [point for at, point in values.items() if minute - length < at <= minute]
        if window:
            assert value == pytest.approx(plain[aggregator](window), abs=1e-9)
        else:
            assert math.isnan(value)


@given(points, points, st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_a_ratio_of_counts_is_a_ratio_of_sums(errors: Points, hits: Points, length: int) -> None:
    recording = Recording([series("e", "count", errors), series("h", "count", hits)])
    computed = values_of(
        f"sum(last_{length}m):sum:e{{*}}.as_count() / sum:h{{*}}.as_count() > 1e9", recording, range(1, 65)
    )
    for minute, value in zip(range(1, 65), computed, strict=True):
        top = math.fsum(point for at, point in errors.items() if minute - length < at <= minute)
        bottom = math.fsum(point for at, point in hits.items() if minute - length < at <= minute)
        if abs(bottom) > 1e-6:
            assert value == pytest.approx(top / bottom, rel=1e-6, abs=1e-6)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=300), st.data())
@settings(max_examples=60, deadline=None)
def test_both_ways_to_a_percentile_give_the_value_of_that_rank(values: list[float], data: st.DataObject) -> None:
    raw = np.array(values)
    low = np.array(data.draw(st.lists(st.integers(0, raw.size - 1), min_size=1, max_size=8)))
    high = np.array([data.draw(st.integers(int(start) + 1, raw.size)) for start in low])
    ranks = np.array([data.draw(st.integers(0, int(end - start) - 1)) for start, end in zip(low, high, strict=True)])
    plain = [sorted(values[start:end])[rank] for start, end, rank in zip(low, high, ranks, strict=True)]
    assert select_by_sorting(raw, low, high, ranks).tolist() == plain
    assert select_by_blocks(raw, low, high, ranks).tolist() == plain


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=50), st.integers(1, 12), st.integers(1, 4))
def test_windows_by_doubling_are_sums_of_their_own_points(values: list[int], size: int, stride: int) -> None:
    array = np.array(values, dtype=np.float64)
    expected = [
        sum(values[start + stride * place] for place in range(size))
        for start in range(len(values) - (size - 1) * stride)
    ]
    assert fold_windows(array, size, np.add, stride).tolist() == expected
    assert fold_all(array, np.maximum) == max(values)


def test_only_merged_gauges_are_interpolated_and_for_five_minutes_at_most() -> None:
    steady = dict.fromkeys(range(1, 21), 10.0)
    gappy = {1: 0.0, 4: 30.0, 15: 30.0}
    recording = Recording([series("a", "gauge", steady, "h:1"), series("a", "gauge", gappy, "h:2")])
    computed = values_of("avg(last_15m):sum:a{*} > 1e9", recording, range(15, 16))
    merged = [10, 20, 30, 40] + [10] * 10 + [40]
    assert computed[0] == pytest.approx(sum(merged) / 15)
    assert values_of("avg(last_15m):avg:a{h:2} > 1e9", recording, range(15, 16)) == [20.0]


def test_no_point_after_an_evaluation_changes_it() -> None:
    early = {1: 5.0, 2: 5.0}
    with_future = {**early, 4: 500.0}
    other = series("a", "gauge", dict.fromkeys(range(1, 8), 1.0), "h:2")
    for query in ("avg(last_5m):sum:a{*} > 1e9", "avg(last_5m):default_zero(avg:a{h:1}) > 1e9"):
        without = values_of(query, Recording([series("a", "gauge", early, "h:1"), other]), range(1, 4))
        assert values_of(query, Recording([series("a", "gauge", with_future, "h:1"), other]), range(1, 4)) == without


def test_a_rate_becomes_a_count_by_its_interval() -> None:
    rates = dict.fromkeys(range(1, 6), 0.5)
    recording = Recording([series("r", "rate", rates, interval=10)])
    assert values_of("sum(last_5m):sum:r{*}.as_count() > 1e9", recording, range(5, 6)) == [25.0]
    assert values_of("avg(last_5m):sum:r{*} > 1e9", recording, range(5, 6)) == [0.5]


def test_a_cumulative_window_starts_anew_each_hour() -> None:
    a_count_of_one = dict.fromkeys(range(1, 181), 1.0)
    computed = values_of(
        "sum(current_1h):sum:a{*}.as_count() > 1e9", Recording([series("a", "count", a_count_of_one)]), range(58, 64)
    )
    assert computed == [58.0, 59.0, 60.0, 1.0, 2.0, 3.0]


def test_a_constant_equals_its_mean() -> None:
    tenths = dict.fromkeys(range(1, 60), 0.1)
    timeline = run(
        Account([monitor(1, "avg(last_7m):avg:a{*} > 0.1")]), Recording([series("a", "gauge", tenths)]), 60, 3540
    )
    assert timeline.transitions == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("avg(last_5m):cumsum(avg:a{*}) > 1", "cumsum()"),
        ("avg(last_5m):robust_trend(avg:a{*}) > 1", "robust_trend()"),
        ("avg(last_5m):timeshift(avg:a{*}, 60) > 1", "timeshift()"),
        ("avg(last_5m):calendar_shift(avg:a{*}, '1d') > 1", "calendar_shift()"),
        ("avg(last_5m):moving_rollup(avg:a{*}, 60, 'last') > 1", "moving_rollup()"),
        ("avg(last_5m):default(avg:a{*}, 'x') > 1", "default()"),
        ("avg(last_5m):avg:a{*}.rollup(avg, 60).rollup(max, 300) > 1", "rollup()"),
        ("avg(last_5m):sum:a{*}.as_count() > 1", "as_count()"),
        ("avg(last_5m):avg:a{*} by {x} / avg:b{*} by {y} > 1", "formula"),
        ("avg(last_5m):avg:a{$scope} > 1", "$scope"),
        ("avg(last_5m):avg:a{*}.weighted() > 1", ".weighted()"),
        ("percentile(last_5m):avg:a{*} > 1", "percentile()"),
        ("avg(last_5m):anomalies(avg:a{*}, 'basic', 2, interval=400) > 1", "anomalies()"),
        ("avg(last_5m):anomalies(avg:a{*}, 'basic', 2, interval=x) > 1", "interval"),
        ("avg(last_5m):anomalies(avg:a{*}, 'basic', 'wide') > 1", "argument 3"),
        ("avg(last_1h):outliers(avg:a{*} by {x}, 'scaledDBSCAN', 2) > 0", "outliers 'scaledDBSCAN'"),
        ("avg(next_1w):forecast(avg:a{*}, 'seasonal', 1) > 0", "forecast 'seasonal'"),
    ],
)
def test_what_is_not_computed_is_refused_by_name(query: str, name: str) -> None:
    telemetry = Recording([series("a", "gauge", {1: 1.0}, "x:1")])
    with pytest.raises(Refused) as refused:
        evaluate_at(Account([monitor(1, query)]), telemetry, [300.0])
    assert refused.value.name == name
    kept = run(Account([monitor(1, query)]), telemetry, 300, 300, strict=False)
    assert kept.refused[1].name == name


@pytest.mark.parametrize("expression", ["{}", "( {} )"])
def test_approximations_are_marked_indicative(expression: str) -> None:
    rng = np.random.default_rng(0)
    minutes = range(1, 400)
    values = {minute: float(rng.normal(10, 1)) + (40 if minute > 380 else 0) for minute in minutes}
    call = "anomalies(avg:a{*}, 'basic', 3, direction='above', interval=60, alert_window='last_15m')"
    query = f"avg(last_4h):{expression.format(call)} >= 0.9"
    timeline = run(Account([monitor(1, query)]), Recording([series("a", "gauge", values)]), 200 * MINUTE, 399 * MINUTE)
    assert timeline.certainty(1) == "indicative"
    assert [(transition.new, transition.certainty) for transition in timeline.transitions] == [("ALERT", "indicative")]
    assert 390 * MINUTE <= timeline.transitions[0].time <= 397 * MINUTE


def test_a_forecast_alerts_before_the_line_is_reached() -> None:
    values = {minute: minute / 10 for minute in range(1, 1441)}
    query = "max(next_1d):forecast(avg:a{*}, 'linear', 1, interval='60m', history='1d') >= 200"
    timeline = evaluate_at(Account([monitor(1, query)]), Recording([series("a", "gauge", values)]), [1440 * MINUTE])
    assert [transition.new for transition in timeline.transitions] == ["ALERT"]


def test_the_odd_one_out_is_an_outlier() -> None:
    lines = [
        series("a", "gauge", {minute: level + minute % 3 for minute in range(1, 31)}, f"h:{level}")
        for level in (10, 11, 12, 13, 90)
    ]
    query = "avg(last_30m):outliers(avg:a{*} by {h}, 'DBSCAN', 3) > 0"
    timeline = evaluate_at(Account([monitor(1, query)]), Recording(lines), [1800.0])
    assert [(transition.group_name, transition.new) for transition in timeline.transitions] == [("h:90", "ALERT")]
