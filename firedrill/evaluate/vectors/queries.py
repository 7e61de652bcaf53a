"""Aggregation, functions and scopes: points that are already in the window."""

from collections.abc import Callable
from typing import Any

import numpy as np

from firedrill.evaluate import functions
from firedrill.evaluate.metrics import measure_metric
from firedrill.evaluate.reader import Range, Reader, in_space
from firedrill.evaluate.scope import selects, tag_values
from firedrill.evaluate.signals import VALUE, Signal
from firedrill.evaluate.telemetry import Recording, Series
from firedrill.evaluate.thresholds import holds
from firedrill.evaluate.vectors.monitors import series_of
from firedrill.query import QueryError, parse, parse_metric_query, parse_scope
from firedrill.query.tree import MetricMonitor, MetricQuery

Case = dict[str, Any]
MINUTE = 60


def _measured(query: str, minutes: int, series: list[Series]) -> Signal:
    body = parse("query alert", query).body
    assert isinstance(body, MetricMonitor)
    return measure_metric(body, {}, Recording(series), np.array([float(minutes * MINUTE)]))


def _value(signal: Signal) -> float | None:
    if not signal.keys or signal.status[0, 0] != VALUE:
        return None
    return float(signal.values[0, 0])


def _numbered(values: list[float | None]) -> list[list[Any]]:
    return [[place + 1, value] for place, value in enumerate(values)]


def reduce(given: Case) -> Case:
    """One window's points through the window aggregator and the comparison."""
    values, comparator, threshold = given["values"], given.get("comparator", ">"), given.get("threshold", 0)
    query = f"{given['aggregator']}(last_{len(values)}m):avg:a{{*}} {comparator} {threshold}"
    value = _value(_measured(query, len(values), [series_of("a", "gauge", {}, _numbered(values))]))
    return {"value": value, "breach": value is not None and holds(value, comparator, threshold)}


def space(given: Case) -> Case:
    """Series merged at one time."""
    rows = [np.array([float(value)]) for value in given["series"].values()]
    return {name: float(in_space(name, rows)[0]) for name in ("avg", "sum", "min", "max")}


def ratio(given: Case) -> Case:
    """A quotient of two queries on the as_count path or on the classic one."""
    size, counts = len(given["num"]), given["path"] == "as_count"
    modifier, type, aggregator = (".as_count()", "count", "sum") if counts else ("", "gauge", "avg")
    expression = f"{aggregator}:n{{*}}{modifier} / {aggregator}:d{{*}}{modifier}"
    query = f"{given.get('time_agg', 'sum')}(last_{size}m):{expression} > 0"
    series = [series_of("n", type, {}, _numbered(given["num"])), series_of("d", type, {}, _numbered(given["den"]))]
    value = _value(_measured(query, size, series))
    return {"value": value, "evaluation": "skipped" if value is None else "done"}


def change(given: Case) -> Case:
    """Points now beside points before, through a change monitor."""
    size, shift = len(given["now"]), 60
    points = _numbered(given["before"]) + [[shift + place, value] for place, value in _numbered(given["now"])]
    query = (
        f"{given['change']}({given['agg']}(last_{size}m),{shift}m_ago):avg:a{{*}} "
        f"{given['comparator']} {given['threshold']}"
    )
    value = _value(_measured(query, shift + size, [series_of("a", "gauge", {}, points)]))
    return {"value": value, "breach": value is not None and holds(value, given["comparator"], given["threshold"])}


def modifier(given: Case) -> Case:
    """as_count or as_rate on points that are one interval apart."""
    interval, type = int(given["interval_s"]), given["stored_type"]
    answer = []
    for value in given["points"]:
        series = Series("a", type, frozenset(), np.array([float(MINUTE)]), np.array([float(value)]), interval)
        query = parse_metric_query(f"sum:a{{*}}.{given['modifier']}()")
        assert isinstance(query, MetricQuery)
        area = Range(np.array([float(MINUTE)]), MINUTE, MINUTE)
        area.bucket = interval
        table = Reader(Recording([series]), area).table(query, 0, None)
        answer.append(float(table.values[0, -1]))
    return {"points": answer}


def rollup(given: Case) -> Case:
    """Points in buckets aligned to UNIX time."""
    points, seconds = given["points_s"], int(given["seconds"])
    times = np.array([float(time) for time, _ in points])
    series = Series("a", "gauge", frozenset(), times, np.array([float(value) for _, value in points]))
    first = float(np.floor(times[0] / seconds) * seconds)
    end = float(times[-1])
    area = Range(np.array([end]), int(end - first) + 1, seconds, unix=True)
    area.starts = np.array([first - 0.5])
    query = parse_metric_query(f"avg:a{{*}}.rollup({given['agg']}, {seconds})")
    assert isinstance(query, MetricQuery)
    table = Reader(Recording([series]), area).table(query, 0, None)
    offset = float(np.floor((first - 0.5) / seconds) * seconds)
    row = table.values[0, 0]
    return {
        "points_s": [
            [offset + seconds * place, value] for place, value in enumerate(row.tolist()) if not np.isnan(value)
        ]
    }


def func(given: Case) -> Case:
    """A function on points a minute apart."""
    points = np.array([[np.nan if value is None else float(value) for value in given["points"]]])
    argument = given.get("arg")
    seconds = float(given.get("interval_s") or given.get("seconds") or MINUTE)
    values = functions.apply(given["func"], points, None if argument is None else float(argument), seconds)
    if values is None and given["func"] == "default_zero":
        values = functions.default_zero(points, gauge=False, seconds=seconds)
    if values is None:
        return {"points": "not implemented"}
    return {"points": [None if np.isnan(value) else value for value in values[0].tolist()]}


def default_zero(given: Case) -> Case:
    """default_zero on points of some minutes."""
    minutes = np.arange(given["from"], given["to"] + 1)
    known = dict(map(tuple, given["points"]))
    values = np.array([[float(known.get(int(minute), np.nan)) for minute in minutes]])
    filled = functions.default_zero(values, gauge=given.get("type") == "gauge", seconds=MINUTE)
    return {"points": [[int(minute), value] for minute, value in zip(minutes, filled[0].tolist(), strict=True)]}


def filter(given: Case) -> Case:
    """Which series a scope selects."""
    scope = parse_scope(given["scope"])
    tagged = [tag_values(f"{key}:{value}" for key, value in tags.items()) for tags in given["series_tags"]]
    return {"selected": [place for place, tags in enumerate(tagged) if selects(scope, tags)]}


def filter_valid(given: Case) -> Case:
    """Whether a scope is one."""
    try:
        parse_scope(given["scope"])
    except QueryError:
        return {"valid": False}
    return {"valid": True}


KINDS: dict[str, Callable[[Case], Case]] = {
    "reduce": reduce,
    "space": space,
    "ratio": ratio,
    "change": change,
    "modifier": modifier,
    "rollup": rollup,
    "func": func,
    "default_zero": default_zero,
    "filter": filter,
    "filter_valid": filter_valid,
}
