"""Formulas over named queries, as the widgets of a dashboard and the cells of a notebook have them.

https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-data-across-multiple-products
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.event.aggregation import Windows, aggregate
from firedrill.evaluate.event.queries import DATA_SOURCES, variable_query
from firedrill.evaluate.event.search import find_events
from firedrill.evaluate.metric.buckets import bucket_ends, buckets
from firedrill.evaluate.metric.expression import ALGORITHMS, Operands, evaluate
from firedrill.evaluate.metric.monitor import explicit_bucket
from firedrill.evaluate.metric.table import Table
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.slo.lines import slo_line
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query import parse_formula, parse_metric_query
from firedrill.query.tree import Argument, Call, MetricQuery

TRACKS = {**DATA_SOURCES, "incident_analytics": "incidents", "on_call_events": "pages"}
"""Track of events by data source: those that monitors have, and objects that telemetry may offer as events."""
TOP = 10
"""Groups of a query of events that does not say how many."""
MAX_GROUPS = 100
"""Groups of a line chart; Datadog draws no more."""


@dataclass(frozen=True)
class FormulaResult:
    """The values of one formula by group: at the start of each bucket, or one value each.

    ``seconds`` is the length of a bucket. ``left_out`` is the name of an algorithm around the formula, whose argument
    alone was computed.
    """

    table: Table
    times: FloatArray
    seconds: int
    left_out: str | None = None


@dataclass
class Formulas:
    """Formulas over the queries of one request, in ``(start, end]`` (epoch seconds).

    ``queries`` are those of the API, each with a ``name`` and a ``data_source``.
    """

    queries: Sequence[Json]
    context: MeasureContext
    start: float
    end: float
    _tables: dict[tuple[str, float, bool], Table] = field(default_factory=dict)

    def timeseries(self, formula: str, step: int) -> FormulaResult:
        """Return the formula's values in buckets of ``step`` seconds; an explicit rollup of a query wins."""
        seconds = max([step, *filter(None, map(_rollup, self.queries))])
        seconds = -(-seconds // CELL) * CELL
        low = float(np.floor(self.start / seconds) * seconds)
        high = max(low + seconds, float(np.ceil(self.end / seconds) * seconds))
        expression = parse_formula(formula)
        algorithm = expression if isinstance(expression, Call) and expression.name.text in ALGORITHMS else None
        table = self._evaluate(algorithm.arguments[0] if algorithm else expression, low, high, seconds)
        times = bucket_ends(low, high, seconds) - seconds
        return FormulaResult(_largest(table, MAX_GROUPS), times, seconds, algorithm.name.text if algorithm else None)

    def scalar(self, formula: str, step: int) -> FormulaResult:
        """Return the formula's value over the whole time: of queries of metrics, of points of ``step`` seconds."""
        low, high = (float(np.round(time / CELL) * CELL) for time in (self.start, self.end))
        table = self._evaluate(parse_formula(formula), low, high, step, scalar=True)
        return FormulaResult(table, np.array([low]), round(high - low))

    def _evaluate(self, formula: Argument, low: float, high: float, seconds: int, *, scalar: bool = False) -> Table:
        def named(name: str, _operands: Operands, shift: float) -> Table:
            key = (name, shift, scalar)
            if key not in self._tables:
                begin = float(np.floor((low - shift) / seconds) * seconds) if shift else low
                self._tables[key] = self._query(name, begin, begin + high - low, seconds, scalar)
            return self._tables[key]

        def inline(query: MetricQuery, _shift: float, _function: str | None) -> Table:
            raise Refused(str(query.metric), "a formula names its queries")

        table = evaluate(formula, Operands(inline, seconds, variable=named, time=high))
        if table.constant:
            count = 1 if scalar else round((high - low) / seconds)
            return Table((), ((),), np.broadcast_to(table.values, (1, count)))
        return table

    def _query(self, name: str, low: float, high: float, seconds: int, scalar: bool) -> Table:
        query = next((query for query in self.queries if query.get("name") == name), None)
        if query is None:
            raise Refused(name, "no query has this name")
        source = query.get("data_source")
        if source == "metrics":
            return self._metrics(query, low, high, seconds, scalar)
        if source == "slo":
            values = slo_line(query, self.context, low, high, seconds)
            table = Table((), ((),), values[None])
            return table.mapped(lambda rows: reduced("last", rows)) if scalar else table
        return self._events(query, low, high, round(high - low) if scalar else seconds)

    def _metrics(self, query: Json, low: float, high: float, seconds: int, scalar: bool) -> Table:
        if scalar:
            low, high = np.floor(low / seconds) * seconds, np.ceil(high / seconds) * seconds
        table, _, _ = buckets(parse_metric_query(query["query"]), self.context.telemetry, low, high, seconds)
        aggregator = str(query.get("aggregator") or "avg")
        return table.mapped(lambda rows: reduced(aggregator, rows)) if scalar else table

    def _events(self, query: Json, low: float, high: float, seconds: int) -> Table:
        events = variable_query(query, None, TRACKS)
        windows = Windows(bucket_ends(low, high, seconds), seconds)
        matching = find_events(events, self.context.telemetry, windows.cells.origin, windows.cells.end)
        table = aggregate(events, matching, windows)
        limits = [int(group.get("limit") or TOP) for group in query.get("group_by") or []]
        if not table.by and not table.keys:
            missing = 0.0 if events.method in ("count", "cardinality", "sum") else np.nan
            return Table((), ((),), np.full((1, windows.ends.size), missing))
        return _largest(table, int(np.prod(limits))) if limits else table


def _rollup(query: Json) -> int | None:
    """Return the seconds of a metric query's explicit rollup, or None."""
    return explicit_bucket(parse_metric_query(query["query"])) if query.get("data_source") == "metrics" else None


def _largest(table: Table, most: int) -> Table:
    """Return the groups with the largest totals, those first."""
    order = np.argsort(-np.nansum(table.values, axis=-1), kind="stable")[:most]
    return table.chosen(order.tolist()) if table.by else table


def _last(row: FloatArray) -> float:
    points = row[~np.isnan(row)]
    return float(points[-1]) if points.size else np.nan


REDUCTIONS: Mapping[str, object] = {"avg": np.nanmean, "sum": np.nansum, "min": np.nanmin, "max": np.nanmax}


def reduced(aggregator: str, rows: FloatArray) -> FloatArray:
    """Return one value for each row of points. Raises :class:`Refused` for an aggregator that is not implemented."""
    if aggregator == "last":
        return np.array([[_last(row)] for row in rows]).reshape(len(rows), 1)
    function = REDUCTIONS.get(aggregator)
    if not callable(function):
        raise Refused(f"aggregator {aggregator}", "is not implemented")
    values = [[np.nan if np.isnan(row).all() else function(row)] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), 1)
