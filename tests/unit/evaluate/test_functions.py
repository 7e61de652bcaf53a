"""Functions of metric queries, against the definitions and the examples of the pages, computed point by point.

Sources: docs.datadoghq.com/dashboards/functions and its subpages; /monitors/guide/non_static_thresholds;
/graphing/functions/interpolation (an older page, for ``default``); /metrics/nested_queries; /metrics/distributions.
"""

import math
from datetime import UTC, datetime
from statistics import mean, median, pstdev
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firedrill.evaluate import Account, Recording, Refused, Series, evaluate_at, run
from firedrill.evaluate.metric.rank import Rank
from firedrill.evaluate.metric.smoothing import SMOOTHING, trend_line
from firedrill.evaluate.telemetry import MetricType
from firedrill.query import parse_metric_query
from firedrill.query.tree import Call
from tests.unit.evaluate.accounts import MINUTE, monitor
from tests.unit.evaluate.test_metrics import series

points = st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=30)
HOSTS = {"a": [10.0, 20, 30], "b": [40.0, 5, 0], "c": [1.0, 2, 3]}


def hosts(**extra: list[float]) -> Recording:
    """Return gauges of hosts, a point a minute from minute 1 on."""
    named = {**HOSTS, **extra}
    return Recording(
        [series("m", "gauge", dict(enumerate(row, 1)), f"host:{name}", "env:x") for name, row in named.items()]
    )


def at(query: str, recording: Recording, minute: float) -> dict[str, float]:
    """Return the monitor's value by group at a minute."""
    timeline = evaluate_at(Account([monitor(1, query)]), recording, [minute * MINUTE])
    return {name: float(row[0]) for name, row in timeline.monitors[1].values.items() if not math.isnan(row[0])}


def of(values: list[int | None]) -> np.ndarray:
    """Return points as an array, NaN for none."""
    return np.array([math.nan if value is None else float(value) for value in values])


def before(values: list[int | None], place: int, span: int) -> list[int]:
    """Return the last ``span`` points up to a place, gaps left out."""
    return [value for value in values[: place + 1] if value is not None][-span:]


@given(points, st.sampled_from([1, 3, 5, 7, 10, 20]))
@settings(max_examples=60, deadline=None)
def test_ewma_weighs_each_point_by_a_power_of_one_minus_alpha(values: list[int | None], span: int) -> None:
    computed, alpha = SMOOTHING[f"ewma_{span}"](of(values)), 2 / (span + 1)
    for place, value in enumerate(values):
        past = before(values, place, len(values))[::-1]
        weights = [(1 - alpha) ** age for age in range(len(past))]
        if value is None:
            assert math.isnan(computed[place])
        else:
            expected = sum(weight * point for weight, point in zip(weights, past, strict=True)) / sum(weights)
            assert computed[place] == pytest.approx(expected, abs=1e-9)


@given(points, st.sampled_from([3, 5, 7, 9]), st.sampled_from([5, 13, 21, 29]))
@settings(max_examples=60, deadline=None)
def test_a_rolling_median_and_average_are_of_the_last_points(values: list[int | None], odd: int, span: int) -> None:
    medians, averages = SMOOTHING[f"median_{odd}"](of(values)), SMOOTHING[f"rollingavg_{span}"](of(values))
    for place, value in enumerate(values):
        if value is None:
            assert math.isnan(medians[place])
            assert math.isnan(averages[place])
        else:
            assert medians[place] == median(before(values, place, odd))
            assert averages[place] == pytest.approx(mean(before(values, place, span)), abs=1e-9)


@given(points)
@settings(max_examples=60, deadline=None)
def test_a_trend_line_is_the_least_squares_line(values: list[int | None]) -> None:
    places = [place for place, value in enumerate(values) if value is not None]
    computed = trend_line(of(values))
    assert np.isnan(np.delete(computed, places)).all()
    if len(places) > 1:
        slope, start = np.polyfit(places, of(values)[places], 1)
        assert computed[places] == pytest.approx(slope * np.array(places) + start, abs=1e-6)


def test_count_nonzero_counts_the_groups_with_another_value_than_zero_at_each_point() -> None:
    assert at("max(last_3m):count_nonzero(avg:m{*} by {host}) > 9", hosts(), 2) == {"*": 3}
    assert at("avg(last_1m):count_nonzero(avg:m{*} by {host}) > 9", hosts(), 3) == {"*": 2}
    assert at("avg(last_1m):count_not_null(avg:m{*} by {host}) > 9", hosts(), 3) == {"*": 3}
    assert at("avg(last_1m):count_not_null(cutoff_min(avg:m{*} by {host}, 2)) > 9", hosts(), 3) == {"*": 2}


def test_count_nonzero_of_counts_counts_the_sums_of_the_window() -> None:
    lines = [series("n", "count", {1: 2.0, 2: 0.0}, "host:a"), series("n", "count", {1: 0.0, 2: 0.0}, "host:b")]
    assert at("sum(last_2m):count_nonzero(sum:n{*} by {host}.as_count()) > 9", Recording(lines), 2) == {"*": 1}


@pytest.mark.parametrize(
    ("call", "kept"),
    [
        ("top(avg:m{*} by {host}, 1, 'mean', 'desc')", {"a"}),
        ("top(avg:m{*} by {host}, 2, 'mean', 'asc')", {"b", "c"}),
        ("top(avg:m{*} by {host}, 1, 'max', 'desc')", {"b"}),
        ("top(avg:m{*} by {host}, 1, 'min', 'desc')", {"a"}),
        ("top(avg:m{*} by {host}, 2, 'last', 'desc')", {"a", "c"}),
        ("top(avg:m{*} by {host}, 1, 'l2norm', 'desc')", {"b"}),
        ("top(avg:m{*} by {host}, 1, 'area', 'desc')", {"a"}),
        ("top5_mean(avg:m{*} by {host})", {"a", "b", "c"}),
        ("bottom5_last(avg:m{*} by {host})", {"a", "b", "c"}),
    ],
)
def test_top_keeps_the_first_groups_by_their_points_in_the_window(call: str, kept: set[str]) -> None:
    assert at(f"avg(last_3m):{call} > 99", hosts(), 3).keys() == {f"host:{name}" for name in kept}


@pytest.mark.parametrize(
    ("text", "rank"),
    [("bottom10_min(avg:m{*})", Rank(10, "min", False)), ("top15_l2norm(avg:m{*})", Rank(15, "l2norm", True))],
)
def test_short_forms_name_count_and_summary(text: str, rank: Rank) -> None:
    call = parse_metric_query(text)
    assert isinstance(call, Call)
    assert Rank.from_call(call) == rank


def test_a_moving_rollup_reads_the_points_before_the_window() -> None:
    gauge = Recording([series("m", "gauge", {minute: float(minute) for minute in range(1, 31)})])
    assert at("avg(last_1m):moving_rollup(avg:m{*}, 300, 'sum') > 99", gauge, 20) == {"*": 16 + 17 + 18 + 19 + 20}
    assert at("max(last_5m):moving_rollup(avg:m{*}, 600, 'min') > 99", gauge, 20) == {"*": 11}
    assert at("avg(last_2m):moving_rollup(avg:m{*}, 180, 'avg') > 99", gauge, 20) == {"*": 18.5}
    assert at("avg(last_2m):moving_rollup(avg:m{*}, 180, 'count') > 99", gauge, 2) == {"*": 1.5}


def test_the_guide_compares_five_minutes_with_the_four_hours_before() -> None:
    """A constant rate is a ratio of 1; twice the events in the window are a ratio of 2 at most."""
    usage = dict.fromkeys(range(1, 301), 10.0)
    query = (
        "sum(last_5m):(sum:logs{env:prod}.as_count() / moving_rollup(sum:logs{env:prod}.as_count(), 14400, 'sum'))"
        " * 48 > 2"
    )
    steady = Recording([series("logs", "count", usage, "env:prod")])
    assert at(query, steady, 290) == {"*": pytest.approx(1)}
    spike = Recording([series("logs", "count", usage | dict.fromkeys(range(286, 291), 30.0), "env:prod")])
    assert at(query, spike, 290) == {"*": pytest.approx(150 * 48 / (235 * 10 + 150))}


def test_default_carries_a_gauge_for_five_minutes_and_then_fills_with_the_value() -> None:
    one = Recording([series("m", "gauge", {15: 60.0}, "key1:val1"), series("m", "gauge", {15: 60.0}, "key1:val2")])
    expected = (14 * 7 + 6 * 60 + 10 * 7) / 30
    values = at("avg(last_30m):default(avg:m{*} by {key1}, 7) > 99", one, 30)
    assert values == {"key1:val1": pytest.approx(expected), "key1:val2": pytest.approx(expected)}


def test_default_of_a_count_fills_empty_intervals_at_once() -> None:
    one = Recording([series("n", "count", {15: 60.0})])
    assert at("avg(last_30m):default(sum:n{*}, 3) > 99", one, 30) == {"*": pytest.approx((29 * 3 + 60) / 30)}


def test_exclude_null_leaves_out_groups_without_a_value_of_a_tag() -> None:
    lines = [series("m", "gauge", {1: 1.0}, f"account:{account}", f"region:{region}")
             for account in ("prod", "build", "N/A") for region in ("us", "eu", "ap", "N/A")]  # fmt: skip
    values = at("avg(last_1m):exclude_null(avg:m{*} by {account,region}) > 9", Recording(lines), 1)
    assert values.keys() == {f"account:{a},region:{r}" for a in ("prod", "build") for r in ("us", "eu", "ap")}


def test_a_nested_aggregation_joins_groups_once_more() -> None:
    lines = [series("m", "gauge", {1: value}, *tags.split()) for tags, value in
             [("a:1 b:1 h:x", 1.0), ("a:1 b:1 h:y", 5.0), ("a:1 b:2 h:x", 2.0), ("a:2 b:1 h:x", 8.0)]]  # fmt: skip
    recording = Recording(lines)
    nested = "avg(last_1m):{}(max:m{{*}} by {{a,b}}, {}) > 99"
    assert at(nested.format("sum", "{a}"), recording, 1) == {"a:1": 7, "a:2": 8}
    assert at(nested.format("min", "{*}"), recording, 1) == {"*": 2}
    assert at(nested.format("stddev", "{a}"), recording, 1) == {"a:1": pstdev([5, 2]), "a:2": 0}
    percentile = "avg(last_1m):percentile(max:m{*} by {a,b}, 'p50', {*}) > 99"
    assert at(percentile, recording, 1) == {"*": 5}


def test_values_of_a_distribution_are_counted_by_a_condition() -> None:
    values = np.array([0.1, 0.2, 0.3, 0.1, 0.5])
    line = Series("d", "distribution", frozenset(), np.array([30.0, 40.0, 50.0, 70.0, 80.0]), values)
    for text, first, both in [("count(v: v>=0.2)", 2, 3), ("count(v: v>0.2)", 1, 2), ("count(v: v<0.05)", 0, 0)]:
        assert at(f"sum(last_1m):{text}:d{{*}} > 9", Recording([line]), 1) == {"*": first}
        assert at(f"sum(last_2m):{text}:d{{*}}.as_count() > 9", Recording([line]), 2) == {"*": both}
    assert at("avg(last_1m):stddev:d{*} > 9", Recording([line]), 1) == {"*": pytest.approx(pstdev([0.1, 0.2, 0.3]))}


def test_a_count_of_gauges_is_of_the_series_with_a_point() -> None:
    """Datadog's own monitor of InfiniBand ports counts gauges."""
    assert at("min(last_2m):count:m{*} by {env} > 9", hosts(d=[7.0]), 3) == {"env:x": 3}
    assert at("max(last_3m):count:m{*} by {env} > 9", hosts(d=[7.0]), 3) == {"env:x": 4}


@pytest.mark.parametrize(
    ("shift", "zone", "then", "now"),
    [
        ("-1d", "UTC", (2026, 3, 28, 12), (2026, 3, 29, 12)),
        ("-1d", "Europe/Paris", (2026, 3, 28, 12), (2026, 3, 29, 12)),  # the clocks changed in between
        ("-1w", "America/New_York", (2026, 3, 4, 9), (2026, 3, 11, 9)),
        ("-1mo", "UTC", (2026, 2, 28, 6), (2026, 3, 31, 6)),
    ],
)
def test_a_calendar_shift_keeps_the_time_of_day(
    shift: str, zone: str, then: tuple[int, int, int, int], now: tuple[int, int, int, int]
) -> None:
    earlier, later = (datetime(*date, tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp() for date in (then, now))
    recording = Recording([series("m", "gauge", {round(earlier / 60): 7.0, round(later / 60): 9.0})])
    query = f'avg(last_5m):avg:m{{*}} - calendar_shift(avg:m{{*}}, "{shift}", "{zone}") > 1'
    assert at(query, recording, later / 60) == {"*": 2}


def test_groups_with_more_tags_are_combined_with_those_that_have_some_of_them() -> None:
    lines = [series("used", "gauge", {1: value}, f"env:{env}", f"host:{host}") for env, host, value in
             [("x", "a", 2.0), ("x", "b", 4.0), ("y", "a", 9.0)]]  # fmt: skip
    recording = Recording(
        [*lines, series("limit", "gauge", {1: 8.0}, "env:x"), series("limit", "gauge", {1: 3.0}, "env:y")]
    )
    query = "avg(last_1m):{} / {} > 99"
    used, limit = "avg:used{*} by {host,env}", "avg:limit{*} by {env}"
    expected = {"host:a,env:x": 0.25, "host:b,env:x": 0.5, "host:a,env:y": 3}
    assert at(query.format(used, limit), recording, 1) == expected
    assert at(query.format(limit, used), recording, 1) == {name: 1 / value for name, value in expected.items()}
    with pytest.raises(Refused, match="grouped by host and by env"):
        at(query.format("avg:used{*} by {host}", limit), recording, 1)


@pytest.mark.parametrize(
    ("call", "value"),
    [("diff", 6 - 1 + 2 - 6), ("monotonic_diff", 5), ("per_minute", 5), ("derivative", (6 - 1 + 2 - 6) / 60)],
)
def test_a_difference_of_counts_is_of_each_minute_and_then_added(call: str, value: float) -> None:
    counts = Recording([series("n", "count", {1: 1.0, 2: 6.0, 3: 2.0})])
    assert at(f"sum(last_3m):{call}(sum:n{{*}}.as_count()) > 99", counts, 3) == {"*": pytest.approx(value)}


@pytest.mark.parametrize("call", ["derivative({})", "moving_rollup({}, 300, 'sum')", "ewma_3({})"])
@pytest.mark.parametrize("modifier", ["", ".as_count()"])
def test_a_default_covers_a_query_that_never_had_data(call: str, modifier: str) -> None:
    inner = call.format(f"sum:absent{{*}}{modifier}")
    account = Account([monitor(1, f"sum(last_5m):default({inner}, 2) > 99")])
    (value,) = evaluate_at(account, Recording([series("m", "gauge", {1: 1.0})]), [5 * MINUTE]).default_values(1, "*")
    assert value == (2 if modifier else 10)


FUNCTIONS = (
    *("ewma_3({})", "median_5({})", "rollingavg_5({})", "trend_line({})", "default({}, 5)", "count_nonzero({})"),
    *(
        "top({}, 1, 'mean', 'desc')",
        "bottom5_last({})",
        "moving_rollup({}, 300, 'max')",
        "diff({})",
        "exclude_null({})",
    ),
    *("sum({}, {{*}})", "calendar_shift({}, '-1d', 'Europe/Paris')", "derivative({})", "cutoff_min({}, 3)"),
)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_function_of_the_future_changes_nothing(data: st.DataObject) -> None:
    minutes = st.dictionaries(st.integers(1, 40), st.integers(0, 9).map(float), min_size=1)
    rows = data.draw(st.dictionaries(st.sampled_from("abc"), minutes, min_size=1))
    type: MetricType = data.draw(st.sampled_from(["gauge", "count"]))
    lines = {name: series("m", type, row, f"host:{name}") for name, row in rows.items()}
    until, modifier = data.draw(st.integers(1, 40)), data.draw(st.sampled_from(["", ".as_count()"]))
    call = data.draw(st.sampled_from(FUNCTIONS)).format(f"sum:m{{*}} by {{host}}{modifier}")
    query = f"sum(last_{data.draw(st.integers(1, 10))}m):{call} > 4"
    past = [series("m", type, {at: value for at, value in row.items() if at <= until}, f"host:{name}")
            for name, row in rows.items()]  # fmt: skip

    def changes(recording: Recording, end: int) -> list[tuple[float, str, str]]:
        timeline = run(Account([monitor(1, query)]), recording, MINUTE, end * MINUTE)
        return [
            (change.time, change.group_name, change.new)
            for change in timeline.transitions
            if change.time <= until * MINUTE
        ]

    assert changes(Recording(list(lines.values())), 45) == changes(Recording(past), until)
