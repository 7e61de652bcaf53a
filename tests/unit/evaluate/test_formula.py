"""Formulas over named queries, as widgets have them."""

from collections.abc import Mapping

import numpy as np
import pytest

from firedrill.evaluate import Account, Event, Recording, Refused, Series
from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.formula import Formulas

START, END = 6000.0, 6600.0
LEVELS = np.arange(START + 60, END + 1, 60)


def series(metric: str, values: list[float], *tags: str) -> Series:
    return Series(metric, "count", frozenset(tags), LEVELS, np.array(values, dtype=np.float64), 60)


def metric(name: str, query: str, aggregator: str = "sum") -> dict[str, object]:
    return {"name": name, "data_source": "metrics", "query": query, "aggregator": aggregator}


TELEMETRY = Recording(
    [
        series("shop.asked", [10.0] * 10, "host:a"),
        series("shop.asked", [30.0] * 10, "host:b"),
        series("shop.failed", [1.0] * 10, "host:a"),
    ],
    [
        Event(START + 60 * minute + 30, "logs", {"status": status, "service": "shop", "attributes": {"cost": 2.0}})
        for minute in range(10)
        for status in ("error", "info", "info")
    ],
)


def formulas(*queries: Mapping[str, object]) -> Formulas:
    return Formulas(
        [dict(query) for query in queries], MeasureContext(Account(), TELEMETRY, {"monitors": {}}), START, END
    )


def test_a_formula_is_computed_in_each_bucket_and_group() -> None:
    failed, asked = (f"sum:shop.{name}{{*}} by {{host}}.as_count()" for name in ("failed", "asked"))
    result = formulas(metric("failed", failed), metric("asked", asked)).timeseries("100 * failed / asked", 60)
    assert dict(zip(result.table.keys, result.table.values[:, 0].tolist(), strict=True))[("a",)] == 10.0
    assert result.times.tolist() == (LEVELS - 60).tolist()


def test_a_value_reduces_each_query_before_the_formula() -> None:
    both = formulas(metric("failed", "sum:shop.failed{*}.as_count()"), metric("asked", "sum:shop.asked{*}.as_count()"))
    assert both.scalar("100 * failed / asked", 60).table.values.tolist() == [[2.5]]


def test_an_explicit_rollup_is_the_length_of_the_buckets() -> None:
    result = formulas(metric("asked", "sum:shop.asked{*}.as_count().rollup(sum, 300)")).timeseries("asked", 60)
    assert result.seconds == 300
    assert result.table.values.tolist() == [[200.0, 200.0]]


def test_events_are_counted_by_facet_and_the_largest_groups_kept() -> None:
    query = {
        "name": "lines", "data_source": "logs", "search": {"query": "service:shop"},
        "compute": {"aggregation": "count"}, "group_by": [{"facet": "status", "limit": 1}],
    }  # fmt: skip
    result = formulas(query).timeseries("lines", 60)
    assert result.table.keys == (("info",),)
    assert result.table.values.tolist() == [[2.0] * 10]
    assert formulas({**query, "group_by": []}).scalar("lines", 60).table.values.tolist() == [[30.0]]


def test_an_algorithm_is_left_out_and_said() -> None:
    result = formulas(metric("asked", "sum:shop.asked{*}.as_count()")).timeseries("forecast(asked, 'linear', 1)", 60)
    assert result.left_out == "forecast"
    assert result.table.values.tolist() == [[40.0] * 10]


@pytest.mark.parametrize(
    ("query", "formula", "reason"),
    [
        (metric("asked", "sum:shop.asked{*}"), "other", "no query has this name"),
        ({"name": "asked", "data_source": "cloud_cost"}, "asked", "not an implemented source"),
        ({"name": "asked", "data_source": "slo", "slo_id": "x"}, "asked", "not in this account"),
        (metric("asked", "sum:shop.asked{*}", "l2norm"), "asked", "is not implemented"),
    ],
)
def test_a_query_that_is_not_computed_is_named(query: Mapping[str, object], formula: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        formulas(query).scalar(formula, 60)


def test_an_slo_burns_at_the_rate_of_its_errors() -> None:
    slo = {
        "id": "s", "type": "metric", "thresholds": [{"timeframe": "7d", "target": 90.0}],
        "query": {"numerator": "sum:shop.asked{host:b}.as_count()", "denominator": "sum:shop.asked{*}.as_count()"},
    }  # fmt: skip
    context = MeasureContext(Account(slos=[slo]), TELEMETRY, {"monitors": {}})

    def last(measure: str) -> float:
        query = {"name": "asked", "data_source": "slo", "slo_id": "s", "measure": measure}
        return float(Formulas([query], context, START, END).scalar("asked", 60).table.values[0, 0])

    assert last("burn_rate") == pytest.approx(2.5)
    assert last("slo_status") == pytest.approx(75.0)
    assert last("error_budget_remaining") == pytest.approx(-150.0)
    assert last("bad_events") == pytest.approx(10.0)
