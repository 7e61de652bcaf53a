"""Metric monitors: the value of each group at each evaluation (docs: monitors/types/metric)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.absent_series import AbsentSeries
from firedrill.evaluate.metric import functions
from firedrill.evaluate.metric.aggregation import aggregate_points, merge_points
from firedrill.evaluate.metric.algorithms import measure_algorithm
from firedrill.evaluate.metric.alignment import AlignedQueries, is_counted
from firedrill.evaluate.metric.cumulative import cumulative_starts
from firedrill.evaluate.metric.expression import (
    ALGORITHMS,
    DEFAULTS,
    Operands,
    ReadQuery,
    check_function,
    evaluate,
    function_names,
    group_by,
    longest_shift,
    metric_queries,
    needs_window,
)
from firedrill.evaluate.metric.grid import HOUR, Grid, bucket_for
from firedrill.evaluate.metric.percentiles import percentiles
from firedrill.evaluate.metric.reader import MetricReader
from firedrill.evaluate.metric.rollup import rollup_seconds
from firedrill.evaluate.metric.table import Table, combine
from firedrill.evaluate.metric.timeshift import same_shifts
from firedrill.evaluate.metric.windows import CELL, fold_all, fold_windows
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal, join_signals
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.tree import Call, Expression, MetricMonitor, MetricQuery, ParenthesizedExpression, walk

MAX_POINTS = 2_000_000
"""Points of all groups together that are held in memory at once."""


def measure_metric(monitor: MetricMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Return the signal of a metric monitor at ``times`` (ascending). Raises :class:`Refused`."""
    check_metric(monitor)
    algorithm = algorithm_of(monitor.expression)
    if algorithm is not None:
        return measure_algorithm(monitor, algorithm, options, telemetry, times)
    if monitor.window.kind == "next":
        raise Refused(monitor.window.text, "is for forecasts only")
    parts: list[Signal] = []
    delay = float(options.get("evaluation_delay") or 0)
    for phase in np.unique(np.mod(times, CELL)):
        for ends in same_shifts(monitor.expression, times[np.mod(times, CELL) == phase] - delay):
            instants, size = ends + delay, _evaluations_at_once(monitor, options, telemetry, ends + delay)
            parts.extend(
                _measure_part(monitor, options, telemetry, instants[start : start + size])
                for start in range(0, instants.size, size)
            )
    return join_signals(parts)


def check_metric(monitor: MetricMonitor) -> None:
    """Raise :class:`Refused` for combinations that Datadog does not have."""
    queries = metric_queries(monitor.expression)
    if not queries:
        raise Refused("query", "it reads no metric")
    aggregator = monitor.aggregator.text
    if is_sum_path(monitor) and aggregator != "sum" and not function_names(monitor.expression) & ALGORITHMS:
        raise Refused("as_count()", f"only sum may aggregate over its window, not {aggregator}")
    for node in walk(monitor.expression):
        if isinstance(node, Call):
            check_function(node)
    explicit_bucket(monitor.expression)
    group_by(monitor.expression)
    for modifier in (modifier for query in queries for modifier in query.modifiers):
        method = modifier.arguments[0].text if modifier.arguments else ""
        if modifier.name == "weighted" or (modifier.name == "fill" and method[:1].isdecimal()):
            raise Refused(f".{modifier.name}({method})", "is not implemented")
    if aggregator == "percentile":
        inner = [query.aggregator.text for query in queries]
        if not isinstance(monitor.expression, MetricQuery) or not inner[0].startswith("p"):
            raise Refused("percentile()", "takes one query with a percentile such as p95:metric{*}")


def algorithm_of(node: Expression) -> Call | None:
    """Return the call to anomalies, forecast or outliers that the expression consists of."""
    while isinstance(node, ParenthesizedExpression):
        node = node.item
    if isinstance(node, Call) and node.name.text in ALGORITHMS:
        return node
    nested = function_names(node) & ALGORITHMS
    if nested:
        raise Refused(f"{nested.pop()}()", "inside another expression is not documented")
    return None


def is_sum_path(monitor: MetricMonitor) -> bool:
    """Return whether the as_count path applies: each query is summed over the window, then the formula computed."""
    return any(query.modifier("as_count") for query in metric_queries(monitor.expression))


def explicit_bucket(node: Expression) -> int | None:
    """Return the seconds of the expression's rollups, which must agree; None without a rollup of its own length."""
    lengths = {seconds for query in metric_queries(node) if (seconds := rollup_seconds(query)) is not None}
    if len(lengths) > 1:
        raise Refused("rollup()", "with different lengths in one formula")
    return lengths.pop() if lengths else None


def _needs_window_rows(monitor: MetricMonitor) -> bool:
    """Return whether a point's value depends on where its window begins."""
    has_fill = any(query.modifier("fill") for query in metric_queries(monitor.expression))
    return needs_window(monitor.expression) or has_fill


def series_count(monitor: MetricMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> int:
    """Return the number of series of the monitor's metrics at the times."""
    start = float(times[0]) - lookback(monitor, options)
    names = {query.metric.text for query in metric_queries(monitor.expression)}
    return sum(len(telemetry.series(name, start, float(times[-1]))) for name in sorted(names))


def _evaluations_at_once(monitor: MetricMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> int:
    """Return for how many of the times the points of all groups fit into memory."""
    if times.size == 1:
        return 1
    series = max(1, series_count(monitor, options, telemetry, times))
    points = monitor.window.seconds // (explicit_bucket(monitor.expression) or bucket_for(monitor.window.seconds))
    if monitor.aggregator.text == "percentile" or (is_sum_path(monitor) and monitor.window.kind != "current"):
        points = 1
    cells = float(times[1] - times[0]) / CELL
    return max(1, int(MAX_POINTS / (series * max(1.0, points, cells))))


def _measure_part(monitor: MetricMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Return the signal at times that all lie at the same second of a minute."""
    delay = float(options.get("evaluation_delay") or 0)
    length, expression = monitor.window.seconds, monitor.expression
    sums, explicit = is_sum_path(monitor), explicit_bucket(monitor.expression)
    starts = cumulative_starts(monitor.window, options, times) - delay if monitor.window.kind == "current" else None
    unix = explicit is not None and not sums
    bucket = CELL if sums else explicit or bucket_for(length)
    windows = _needs_window_rows(monitor) or starts is not None
    if starts is not None:
        length += HOUR
        length -= length % bucket
    while True:
        grid = Grid(times - delay, length, bucket, unix, windows, starts)
        reader = MetricReader(telemetry, grid, sums)
        if monitor.aggregator.text == "percentile":
            result = _window_percentile(expression, reader)
        else:
            result = _aggregate(monitor, reader)
        if not any(part.has_gaps for part in (reader, *reader.derived)):
            return _signal(monitor, options, reader, result, times)
        windows = True


TableReader = Callable[[MetricReader], ReadQuery]
"""Returns the source of the tables of a reader's grid."""


def _read(reader: MetricReader) -> ReadQuery:
    return reader.table


def _operands(reader: MetricReader, read: TableReader) -> Operands:
    grid = reader.grid
    axes = 1 if reader.sums or not grid.has_window_rows else 2
    return Operands(
        read(reader),
        grid.bucket,
        reader.sums,
        axes,
        length=grid.length,
        time=float(grid.times[0]),
        over=lambda length: _operands(reader.over(length), read),
    )


def _aggregate(monitor: MetricMonitor, reader: MetricReader, read: TableReader = _read) -> Table:
    """Return the value of each group in each window, or its change since the same window before."""
    operands = _operands(reader, read)
    shifts = [0.0] if monitor.change is None else [0.0, float(monitor.change.shift.seconds)]
    queries = metric_queries(monitor.expression)
    if len(queries) * len(shifts) > 1 and any(is_counted(query) for query in queries):
        has_begun = reader.has_begun if reader.sums and isinstance(reader.telemetry, AbsentSeries) else None
        aligned = AlignedQueries(read(reader), monitor.expression, operands, shifts, has_begun=has_begun)
        operands = replace(operands, query=aligned.table)
    points = [evaluate(monitor.expression, operands, shift) for shift in shifts]
    result = points[0] if monitor.change is None else combine(points[0], points[1], _CHANGES[monitor.change.word])
    if result.constant:
        raise Refused("query", "it reads no metric")
    if reader.sums:
        return result
    outside = reader.grid.outside()
    if outside is not None:
        result = result.mapped(lambda values: np.where(outside, np.nan, values))
    return result.mapped(lambda values: _aggregate_window(monitor.aggregator.text, values, reader.grid))


_CHANGES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "change": np.subtract,
    "pct_change": lambda now, before: functions.divide(now - before, before) * 100,
}


def _aggregate_window(aggregator: str, values: FloatArray, grid: Grid) -> FloatArray:
    """Return the window aggregator over each window's points; NaN for a window without points."""

    def fold(points: FloatArray, function: np.ufunc) -> FloatArray:
        if grid.has_window_rows:
            return fold_all(points, function)
        return grid.at_evaluations(fold_windows(points, grid.length // grid.bucket, function, grid.stride))

    return aggregate_points(aggregator, values, fold)


def _window_percentile(query: Expression, reader: MetricReader) -> Table:
    """Return the percentile of all raw values of a window at once, over time and space."""
    assert isinstance(query, MetricQuery)
    by, keys, groups = reader.groups(query, 0)
    grid = reader.grid
    rows = []
    for key in keys:
        times, values = merge_points(groups[key])
        ends = np.searchsorted(times, grid.times, side="right")
        starts = np.searchsorted(times, grid.times - grid.length, side="right")
        rows.append(percentiles(values, starts, ends, float(query.aggregator.text[1:])))
    return Table(by, keys, np.array(rows).reshape(len(keys), grid.times.size))


def _signal(monitor: MetricMonitor, options: Json, reader: MetricReader, result: Table, times: FloatArray) -> Signal:
    delay = float(options.get("evaluation_delay") or 0)
    grid, by = reader.grid, group_by(monitor.expression)
    first_in_cell, last_in_cell, own_last_in_cell = reader.point_times(by)
    groups = tuple(dict.fromkeys((*result.keys, *last_in_cell.keys)))
    keys = tuple(sorted(groups)) if by else groups
    last_by_key = last_in_cell.aligned(by, keys, -np.inf)
    cells = grid.lead // CELL
    latest = grid.at_evaluations(fold_windows(last_by_key, cells, np.maximum))
    first = grid.at_evaluations(fold_windows(first_in_cell.aligned(by, keys, np.inf), cells, np.minimum))
    own_latest = latest
    if own_last_in_cell is not last_in_cell:
        own_latest = grid.at_evaluations(fold_windows(own_last_in_cell.aligned(by, keys, -np.inf), cells, np.maximum))
    begins = -np.inf if grid.starts is None else grid.starts
    latest = np.where(own_latest > begins, latest, -np.inf)
    values = result.aligned(by, keys).astype(np.float64)
    has_data = latest > -np.inf
    status = np.where(has_data, np.where(np.isnan(values), SKIP, VALUE), EMPTY).astype(np.int8)
    if options.get("require_full_window"):
        status[has_data & ~_full_windows(monitor, grid, last_by_key > -np.inf)] = SKIP
    return Signal(
        times,
        by,
        keys,
        status,
        np.where(status == VALUE, values, np.nan),
        latest=np.where(has_data, latest + delay, -np.inf),
        first=np.where(has_data, first + delay, np.inf),
        default=_default_value(monitor, reader),
        notes=set(reader.notes),
    )


def full_window_bucket(unit: str) -> int:
    """Return the seconds of the buckets that ``require_full_window`` counts, by the unit of the window."""
    return {"m": 60, "h": 600, "d": 3600, "w": 3600, "mo": 4 * 3600}[unit]


def is_full(first_filled: NDArray[np.bool_], empty_buckets: FloatArray) -> NDArray[np.bool_]:
    """Return whether windows are full: the first bucket has data and at most three buckets are empty."""
    return first_filled & (empty_buckets <= 3)


def _full_windows(monitor: MetricMonitor, grid: Grid, cell_has_data: NDArray[np.bool_]) -> NDArray[np.bool_]:
    stride = full_window_bucket(monitor.window.unit) // CELL
    filled = fold_windows(cell_has_data.astype(np.float64), stride, np.maximum)
    size = max(1, grid.lead // CELL // stride)
    empty = grid.at_evaluations(fold_windows(1 - filled, size, np.add, stride))
    return is_full(grid.at_evaluations(filled) > 0, empty)


def _default_value(monitor: MetricMonitor, reader: MetricReader) -> float | None:
    """Return the value of the query where nothing has data: a number under ``default_zero``, else None."""
    if monitor.change is not None or not function_names(monitor.expression) & DEFAULTS:
        return None
    result = _aggregate(monitor, replace(reader, grid=reader.grid.last(), derived=[]), _no_data)
    return float(result.values[0, -1]) if result.keys and not np.isnan(result.values[0, -1]) else None


def _no_data(reader: MetricReader) -> ReadQuery:
    """Return a source of empty tables; the sum of an empty window of counts is 0."""

    def read(query: MetricQuery, _shift: float, _function: str | None) -> Table:
        if reader.sums and is_counted(query):
            return Table((), ((),), np.zeros((1, 1)))
        return Table((), (), np.empty((0, 1) if reader.sums else (0, *reader.row_shape())))

    return read


def lookback(monitor: MetricMonitor, options: Json) -> float:
    """Return the seconds before an evaluation that its value depends on."""
    change = monitor.change.shift.seconds if monitor.change is not None else 0
    delay = float(options.get("evaluation_delay") or 0)
    return delay + monitor.window.seconds + change + longest_shift(monitor.expression)
