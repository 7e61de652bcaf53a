"""Kinds of metric queries: aggregation, functions and scopes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from firedrill.evaluate.metric import functions
from firedrill.evaluate.metric.aggregation import aggregate_in_space
from firedrill.evaluate.metric.expression import Operands, evaluate
from firedrill.evaluate.metric.grid import Grid
from firedrill.evaluate.metric.monitor import measure_metric
from firedrill.evaluate.metric.reader import MetricReader
from firedrill.evaluate.metric.scope import selects, tag_values
from firedrill.evaluate.metric.table import Table
from firedrill.evaluate.signals import VALUE, Signal
from firedrill.evaluate.state.thresholds import holds
from firedrill.evaluate.telemetry import FloatArray, Recording, Series
from firedrill.query import QueryError, parse, parse_metric_query, parse_scope
from firedrill.query.tree import MetricMonitor, MetricQuery
from tests.vectors.monitors import series_of

Case = dict[str, Any]
MINUTE = 60


def _measure(query: str, minutes: int, series: list[Series]) -> Signal:
    body = parse("query alert", query).body
    assert isinstance(body, MetricMonitor)
    return measure_metric(body, {}, Recording(series), np.array([float(minutes * MINUTE)]))


def _value(signal: Signal) -> float | None:
    if not signal.keys or signal.status[0, 0] != VALUE:
        return None
    return float(signal.values[0, 0])


def _numbered(values: list[float | None]) -> list[list[Any]]:
    return [[place + 1, value] for place, value in enumerate(values)]


def reduce(inputs: Case) -> Case:
    """Aggregate the points of a window and compare the value."""
    values, comparator, threshold = inputs["values"], inputs.get("comparator", ">"), inputs.get("threshold", 0)
    query = f"{inputs['aggregator']}(last_{len(values)}m):avg:a{{*}} {comparator} {threshold}"
    value = _value(_measure(query, len(values), [series_of("a", "gauge", {}, _numbered(values))]))
    return {"value": value, "breach": value is not None and holds(value, comparator, threshold)}


def space(inputs: Case) -> Case:
    """Aggregate series at one time in space."""
    rows = [np.array([float(value)]) for value in inputs["series"].values()]
    return {name: float(aggregate_in_space(name, rows)[0]) for name in ("avg", "sum", "min", "max")}


def ratio(inputs: Case) -> Case:
    """Divide two queries on the as_count path or on the classic one."""
    size, counts = len(inputs["num"]), inputs["path"] == "as_count"
    modifier, type, aggregator = (".as_count()", "count", "sum") if counts else ("", "gauge", "avg")
    expression = f"{aggregator}:n{{*}}{modifier} / {aggregator}:d{{*}}{modifier}"
    query = f"{inputs.get('time_agg', 'sum')}(last_{size}m):{expression} > 0"
    series = [series_of("n", type, {}, _numbered(inputs["num"])), series_of("d", type, {}, _numbered(inputs["den"]))]
    value = _value(_measure(query, size, series))
    return {"value": value, "evaluation": "skipped" if value is None else "done"}


def change(inputs: Case) -> Case:
    """Evaluate a change monitor on points now and points before."""
    size, shift = len(inputs["now"]), 60
    points = _numbered(inputs["before"]) + [[shift + place, value] for place, value in _numbered(inputs["now"])]
    query = (
        f"{inputs['change']}({inputs['agg']}(last_{size}m),{shift}m_ago):avg:a{{*}} "
        f"{inputs['comparator']} {inputs['threshold']}"
    )
    value = _value(_measure(query, shift + size, [series_of("a", "gauge", {}, points)]))
    return {"value": value, "breach": value is not None and holds(value, inputs["comparator"], inputs["threshold"])}


def modifier(inputs: Case) -> Case:
    """Apply as_count or as_rate to points that are one interval apart."""
    interval, type = int(inputs["interval_s"]), inputs["stored_type"]
    points = []
    for value in inputs["points"]:
        series = Series("a", type, frozenset(), np.array([float(MINUTE)]), np.array([float(value)]), interval)
        query = parse_metric_query(f"sum:a{{*}}.{inputs['modifier']}()")
        assert isinstance(query, MetricQuery)
        grid = Grid(np.array([float(MINUTE)]), MINUTE, MINUTE)
        grid.bucket = interval
        table = MetricReader(Recording([series]), grid).table(query, 0, None)
        points.append(float(table.values[0, -1]))
    return {"points": points}


def rollup(inputs: Case) -> Case:
    """Roll points up in buckets aligned to UNIX time."""
    points, seconds = inputs["points_s"], int(inputs["seconds"])
    times = np.array([float(time) for time, _ in points])
    series = Series("a", "gauge", frozenset(), times, np.array([float(value) for _, value in points]))
    first = float(np.floor(times[0] / seconds) * seconds)
    end = float(times[-1])
    grid = Grid(np.array([end]), int(end - first) + 1, seconds, unix=True)
    grid.starts = np.array([first - 0.5])
    query = parse_metric_query(f"avg:a{{*}}.rollup({inputs['agg']}, {seconds})")
    assert isinstance(query, MetricQuery)
    table = MetricReader(Recording([series]), grid).table(query, 0, None)
    offset = float(np.floor((first - 0.5) / seconds) * seconds)
    row = table.values[0, 0]
    return {
        "points_s": [
            [offset + seconds * place, value] for place, value in enumerate(row.tolist()) if not np.isnan(value)
        ]
    }


def func(inputs: Case) -> Case:
    """Apply a function to points a minute apart, of one series or of several (``series``: by group)."""
    rows = inputs.get("series") or {"": inputs["points"]}
    by = ("g",) if "series" in inputs else ()
    values = np.array([[np.nan if value is None else float(value) for value in row] for row in rows.values()])
    keys = tuple((name,) for name in rows) if by else ((),)
    arguments = inputs.get("args") or [value for value in [inputs.get("arg")] if value is not None]
    texts = "".join(f", {value!r}" for value in arguments)
    node = parse_metric_query(f"{inputs['func']}(avg:a{{*}}{texts})")
    seconds = int(inputs.get("interval_s") or inputs.get("seconds") or MINUTE)
    result = evaluate(node, _operands(by, keys, values[:, None], seconds))
    points = {
        ",".join(key): [None if np.isnan(value) else value for value in row[0].tolist()]
        for key, row in zip(result.keys, result.values, strict=True)
    }
    return {"points": points[""]} if "" in points else {"series": points}


def _operands(by: tuple[str, ...], keys: tuple[tuple[str, ...], ...], values: FloatArray, seconds: int) -> Operands:
    """Return operands of these points; there are none before the first."""
    size = values.shape[-1]

    def query(_query: MetricQuery, _shift: float, function: str | None) -> Table:
        table = Table(by, keys, values)
        return table if function is None else table.mapped(lambda row: functions.SEQUENTIAL[function](row, seconds))

    def over(length: int) -> Operands:
        before = np.full((*values.shape[:-1], length // seconds - size), np.nan)
        return _operands(by, keys, np.concatenate([before, values], axis=-1), seconds)

    return Operands(query, seconds, axes=2, length=size * seconds, over=over)


def default_zero(inputs: Case) -> Case:
    """Apply default_zero to points of some minutes."""
    minutes = np.arange(inputs["from"], inputs["to"] + 1)
    by_minute = dict(map(tuple, inputs["points"]))
    values = np.array([[float(by_minute.get(int(minute), np.nan)) for minute in minutes]])
    filled = functions.with_default(values, 0.0, gauge=inputs.get("type") == "gauge", seconds=MINUTE)
    return {"points": [[int(minute), value] for minute, value in zip(minutes, filled[0].tolist(), strict=True)]}


def filter(inputs: Case) -> Case:
    """Select series by a scope."""
    scope = parse_scope(inputs["scope"])
    tagged = [tag_values(f"{key}:{value}" for key, value in tags.items()) for tags in inputs["series_tags"]]
    return {"selected": [place for place, tags in enumerate(tagged) if selects(scope, tags)]}


def filter_valid(inputs: Case) -> Case:
    """Return whether a scope is valid."""
    try:
        parse_scope(inputs["scope"])
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
