"""Metric monitors: the value of each group at each evaluation (docs: monitors/types/metric)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate import functions
from firedrill.evaluate.expression import SPECIAL, Leaves, calls, evaluate, group_by, longest_shift, metric_queries
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.reader import Range, Reader, bucket_for, merged
from firedrill.evaluate.schedule import cumulative_starts
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal, joined
from firedrill.evaluate.table import Table, combine
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.evaluate.windows import CELL, folded, percentiles, windowed
from firedrill.query.tree import Call, Expression, MetricMonitor, MetricQuery, Negate, Number

CHUNK = 2_000_000
"""Points of one group that are held at once."""

Measure = Callable[[MetricMonitor, Call, Json, Telemetry, FloatArray], Signal]


def measure_metric(monitor: MetricMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Values for evaluations at ``times`` (ascending). Raises :class:`Refused`."""
    check_metric(monitor)
    special = _special(monitor.expression)
    if special is not None:
        from firedrill.evaluate.approximations import measure_special

        return measure_special(monitor, special, options, telemetry, times)
    if monitor.window.kind == "next":
        raise Refused(monitor.window.text, "is for forecasts only")
    delay = float(options.get("evaluation_delay") or 0)
    parts: list[Signal] = []
    for phase in np.unique(np.mod(times, CELL)):
        chosen = times[np.mod(times, CELL) == phase]
        rows = _rows(monitor, chosen.size)
        parts.extend(
            _part(monitor, options, telemetry, chosen[at : at + rows], delay) for at in range(0, chosen.size, rows)
        )
    return joined(parts)


def check_metric(monitor: MetricMonitor) -> None:
    """Raise :class:`Refused` for combinations that Datadog does not have."""
    queries = metric_queries(monitor.expression)
    if not queries:
        raise Refused("query", "it reads no metric")
    aggregator = monitor.aggregator.text
    if (
        any(query.modifier("as_count") for query in queries)
        and aggregator != "sum"
        and not calls(monitor.expression) & SPECIAL
    ):
        raise Refused("as_count()", f"only sum may aggregate over its window, not {aggregator}")
    for query in queries:
        for modifier in query.modifiers:
            if modifier.name not in {"as_count", "as_rate", "rollup", "fill"}:
                raise Refused(f".{modifier.name}()", "is not implemented")
    if aggregator == "percentile":
        inner = [query.aggregator.text for query in queries]
        if not isinstance(monitor.expression, MetricQuery) or not inner[0].startswith("p"):
            raise Refused("percentile()", "takes one query with a percentile such as p95:metric{*}")


def _special(node: Expression) -> Call | None:
    if isinstance(node, Call) and node.name.text in SPECIAL:
        return node
    nested = calls(node) & SPECIAL
    if nested:
        raise Refused(f"{nested.pop()}()", "inside another expression is not documented")
    return None


def is_sum_path(monitor: MetricMonitor) -> bool:
    """Whether the as_count path applies: each query is summed over the window, then the formula computed."""
    return any(query.modifier("as_count") for query in metric_queries(monitor.expression))


def explicit_bucket(node: Expression) -> int | None:
    """The seconds of the expression's rollups, which must agree."""
    found = set()
    for query in metric_queries(node):
        rollup = query.modifier("rollup")
        if rollup is not None and len(rollup.arguments) > 1:
            if not rollup.arguments[1].text.isdecimal() or int(rollup.arguments[1].text) == 0:
                raise Refused("rollup()", f"{rollup.arguments[1].text} is no number of seconds")
            found.add(int(rollup.arguments[1].text))
    if len(found) > 1:
        raise Refused("rollup()", "with different lengths in one formula")
    return found.pop() if found else None


def _needs_windows(monitor: MetricMonitor) -> bool:
    """Whether a point's value depends on where its window begins."""
    names = calls(monitor.expression)
    filled = any(query.modifier("fill") for query in metric_queries(monitor.expression))
    return bool(names & functions.SEQUENTIAL.keys()) or "default_zero" in names or filled


def _rows(monitor: MetricMonitor, total: int) -> int:
    points = monitor.window.seconds // (explicit_bucket(monitor.expression) or bucket_for(monitor.window.seconds))
    heavy = monitor.aggregator.text == "percentile" or is_sum_path(monitor)
    return total if heavy else max(1, min(total, CHUNK // max(1, points)))


def _part(monitor: MetricMonitor, options: Json, telemetry: Telemetry, times: FloatArray, delay: float) -> Signal:
    length, expression = monitor.window.seconds, monitor.expression
    sums, explicit = is_sum_path(monitor), explicit_bucket(monitor.expression)
    starts = cumulative_starts(monitor.window, options, times) if monitor.window.kind == "current" else None
    unix = explicit is not None and not sums
    bucket = explicit if explicit is not None and unix else bucket_for(length)
    windows = _needs_windows(monitor) or starts is not None
    if starts is not None:
        length += CELL * 60
        length -= length % bucket
        sums = False
    while True:
        area = Range(
            times - delay, length, CELL if sums else bucket, unix, windows, None if starts is None else starts - delay
        )
        reader = Reader(telemetry, area, sums)
        if monitor.aggregator.text == "percentile":
            result = _merged_percentile(expression, reader)
        else:
            result = _reduced_result(monitor, reader)
        if not reader.gaps:
            return _signal(monitor, options, reader, result, times)
        windows = True


def _leaves(reader: Reader) -> Leaves:
    one_axis = reader.sums or not (reader.range.windows or reader.range.unix)
    return Leaves(reader.table, reader.range.bucket, reader.sums, 1 if one_axis else 2)


def _reduced_result(monitor: MetricMonitor, reader: Reader) -> Table:
    points = evaluate(monitor.expression, _leaves(reader))
    if monitor.change is not None:
        before = evaluate(monitor.expression, _leaves(reader), monitor.change.shift.seconds)
        points = combine(points, before, _CHANGES[monitor.change.word])
    if points.constant:
        raise Refused("query", "it reads no metric")
    if reader.sums:
        return points
    return points.mapped(lambda values: in_time(monitor.aggregator.text, values, reader))


_CHANGES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "change": np.subtract,
    "pct_change": lambda now, before: functions.divide(now - before, before) * 100,
}


def in_time(aggregator: str, values: FloatArray, reader: Reader) -> FloatArray:
    """The window aggregator over each window's points; NaN where none is left."""
    area = reader.range

    def over(points: FloatArray, fold: np.ufunc) -> FloatArray:
        if area.windows or area.unix:
            return folded(points, fold)
        return area.pick(windowed(points, area.length // area.bucket, fold, area.stride))

    some = ~np.isnan(values)
    count = over(some.astype(np.float64), np.add)
    match aggregator:
        case "avg" | "sum":
            total = over(np.where(some, values, 0.0), np.add)
            result = total / np.maximum(count, 1) if aggregator == "avg" else total
        case "min":
            result = over(np.where(some, values, np.inf), np.minimum)
        case "max":
            result = over(np.where(some, values, -np.inf), np.maximum)
        case _:
            raise Refused(f"{aggregator}()", "is no window aggregator here")
    return np.where(count > 0, result, np.nan)


def _merged_percentile(query: Expression, reader: Reader) -> Table:
    """All raw values of a window at once, over time and space."""
    assert isinstance(query, MetricQuery)
    groups = reader.groups(query, 0)
    by, keys = tuple(word.text for word in query.by), tuple(sorted(groups))
    reader.stamp(by, keys, groups, 0)
    rows = []
    for key in keys:
        times, values = merged(groups[key])
        ends = np.searchsorted(times, reader.range.times, side="right")
        starts = np.searchsorted(times, reader.range.times - reader.range.length, side="right")
        rows.append(percentiles(values, starts, ends, float(query.aggregator.text[1:])))
    return Table(by, keys, np.array(rows).reshape(len(keys), reader.range.times.size))


def _signal(monitor: MetricMonitor, options: Json, reader: Reader, result: Table, times: FloatArray) -> Signal:
    delay = float(options.get("evaluation_delay") or 0)
    by = group_by(monitor.expression)
    first_cells, last_cells = reader.seen()
    grouped = tuple(dict.fromkeys((*result.keys, *last_cells.keys)))
    keys = tuple(sorted(grouped)) if by else grouped
    cells = reader.range.lead // CELL
    latest = reader.range.pick(windowed(last_cells.aligned(by, keys, -np.inf), cells, np.maximum))
    first = reader.range.pick(windowed(first_cells.aligned(by, keys, np.inf), cells, np.minimum))
    if reader.range.starts is not None:
        latest = np.where(latest > reader.range.starts, latest, -np.inf)
    values = result.aligned(by, keys).astype(np.float64)
    some = latest > -np.inf
    status = np.where(some, np.where(np.isnan(values), SKIP, VALUE), EMPTY).astype(np.int8)
    if options.get("require_full_window"):
        full = _full(monitor, reader, last_cells.aligned(by, keys, -np.inf) > -np.inf)
        status[some & ~full] = SKIP
    notes = set(reader.notes)
    return Signal(
        times,
        by,
        keys,
        status,
        np.where(status == VALUE, values, np.nan),
        np.where(some, latest + delay, -np.inf),
        np.where(some, first + delay, np.inf),
        _default(monitor),
        None,
        notes,
    )


def full_window_bucket(unit: str) -> int:
    """Seconds of the buckets that ``require_full_window`` counts, by the unit the window is written in."""
    return {"m": 60, "h": 600, "d": 3600, "w": 3600, "mo": 4 * 3600}[unit]


def is_full(buckets: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """First bucket not empty and at most three empty in total (last axis)."""
    full: NDArray[np.bool_] = buckets[..., 0] & ((~buckets).sum(axis=-1) <= 3)
    return full


def _full(monitor: MetricMonitor, reader: Reader, present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    stride = full_window_bucket(monitor.window.unit) // CELL
    filled = windowed(present.astype(np.float64), stride, np.maximum)
    size = max(1, reader.range.lead // CELL // stride)
    first = reader.range.pick(filled)
    empty = reader.range.pick(windowed(1 - filled, size, np.add, stride))
    return (first > 0) & (empty <= 3)


def _default(monitor: MetricMonitor) -> float | None:
    """The value of the query where nothing has data: 0 under ``default_zero``, else none."""
    if monitor.change is not None or "default_zero" not in calls(monitor.expression):
        return None
    sums = is_sum_path(monitor)

    def nothing(_query: MetricQuery, _shift: float, _function: str | None) -> Table:
        return Table((), (), np.empty((0, 1)))

    result = evaluate(monitor.expression, Leaves(nothing, CELL, sums))
    value = float(result.values[0, 0]) if result.keys else np.nan
    if np.isnan(value):
        return None
    points = monitor.window.seconds // bucket_for(monitor.window.seconds)
    return value * points if monitor.aggregator.text == "sum" and not sums else value


def constant(node: Expression) -> float | None:
    """A number, perhaps with a sign."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negate) and isinstance(node.item, Number):
        return -node.item.value
    return None


def lookback(monitor: MetricMonitor, options: Json) -> float:
    """Seconds before an evaluation that its value depends on."""
    change = monitor.change.shift.seconds if monitor.change is not None else 0
    delay = float(options.get("evaluation_delay") or 0)
    return delay + monitor.window.seconds + change + longest_shift(monitor.expression)
