"""Measurement of the indicator of an SLO, of three types: metric, time slice, monitor."""

import json
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.metric.buckets import bucket_ends, buckets
from firedrill.evaluate.metric.expression import metric_queries
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Json, Note, Refused
from firedrill.evaluate.slo.corrections import corrected_minutes
from firedrill.evaluate.slo.sli import Sli
from firedrill.evaluate.slo.uptime import down_minutes
from firedrill.evaluate.state.thresholds import compare
from firedrill.evaluate.telemetry import FloatArray, Recording, Telemetry
from firedrill.query import parse_formula, parse_metric_query
from firedrill.query.tree import Call, Expression, Number, walk


def indicator(slo: Json, context: MeasureContext, start: float, end: float) -> Sli:
    """Return the SLI of each minute from start to end (both on full minutes). Raises :class:`Refused`."""
    key = (json.dumps([slo, context.account.corrections], sort_keys=True, default=str), start, end)
    slis = context.slis if context.cache is None or slo.get("type") == "monitor" else context.cache.slis
    if key not in slis:
        kinds = {"metric": _metric_sli, "time_slice": _time_slice_sli, "monitor": _monitor_sli}
        if slo.get("type") not in kinds:
            raise Refused(f"SLO type {slo.get('type')}", "is not implemented")
        try:
            slis[key] = kinds[slo["type"]](slo, context, start, end)
        except KeyError as missing:
            raise Refused(f"SLO {slo.get('id')}", f"its definition lacks {missing}") from missing
    return slis[key]


def _metric_sli(slo: Json, context: MeasureContext, start: float, end: float) -> Sli:
    """Return sums of good and of total events; corrected minutes count nothing."""
    count = (slo.get("sli_specification") or {}).get("count")
    if count:
        variables = _variables(count["queries"])
        good = _event_counts(_formula(count, "good_events_formula"), variables, context, start, end)
        if count.get("total_events_formula"):
            total = _event_counts(_formula(count, "total_events_formula"), variables, context, start, end)
        else:
            total = good + _event_counts(_formula(count, "bad_events_formula"), variables, context, start, end)
    else:
        good = _event_counts(slo["query"]["numerator"], None, context, start, end)
        total = _event_counts(slo["query"]["denominator"], None, context, start, end)
    ends = bucket_ends(start, end)
    kept = ~corrected_minutes(context.account.corrections, slo, ends)
    return Sli(ends, good * kept, total * kept, CELL, frozenset())


def _time_slice_sli(slo: Json, context: MeasureContext, start: float, end: float) -> Sli:
    """Return the minutes of slices that are up; corrected time is up."""
    specification = slo["sli_specification"]["time_slice"]
    seconds = int(specification.get("query_interval_seconds") or 300)
    low, high = math.floor(start / seconds) * seconds, math.floor(end / seconds) * seconds
    ends = bucket_ends(start, end)
    up = np.ones(ends.shape)
    notes: frozenset[Note] = frozenset()
    formula = parse_formula(specification["query"]["formulas"][0]["formula"])
    variables = _variables(specification["query"]["queries"])
    begin = _first_value_after([formula, *variables.values()], context.telemetry, low, high)
    low = max(low, math.floor(begin / seconds) * seconds)
    if high > low:
        table, edges, query_notes = buckets(
            formula, context.telemetry, float(low), float(high), seconds, variables=variables
        )
        comparator, threshold = specification["comparator"], float(specification["threshold"])
        all_up = slice_is_up(table.values, comparator, threshold).all(axis=0)
        notes = frozenset(query_notes)
        place = np.searchsorted(edges, ends, side="left")
        inside = (ends > low) & (place < edges.size)  # before the first value every slice is up
        up[inside] = np.broadcast_to(all_up, edges.shape)[place[inside]]
    up[corrected_minutes(context.account.corrections, slo, ends)] = 1.0
    return Sli(ends, up, np.ones(ends.shape), seconds, notes)


def slice_is_up(values: FloatArray, comparator: str, threshold: float) -> NDArray[np.bool_]:
    """Return whether slices count as uptime; a missing one does."""
    return np.isnan(values) | compare(values, comparator, threshold)


def _monitor_sli(slo: Json, context: MeasureContext, start: float, end: float) -> Sli:
    """Return the minutes in which no member is down; corrected minutes count nothing."""
    ends = bucket_ends(start, end)
    down = np.zeros(ends.shape, np.bool_)
    by_id = {str(monitor["id"]): monitor for monitor in context.account.monitors}
    for identifier in slo.get("monitor_ids") or []:
        if str(identifier) not in by_id:
            raise Refused("monitor SLO", f"monitor {identifier} is not in this account")
        monitor = by_id[str(identifier)]
        memory = context.memory["monitors"].get(str(identifier)) or {"history": []}
        down |= down_minutes(monitor, memory["history"], ends, slo.get("groups"))
    kept = ~corrected_minutes(context.account.corrections, slo, ends)
    return Sli(ends, (~down & kept).astype(np.float64), kept.astype(np.float64), CELL, frozenset())


def _formula(specification: Json, name: str) -> str:
    formula = specification[name]
    return str(formula["formula"] if isinstance(formula, Mapping) else formula)


def _variables(queries: list[Json]) -> dict[str, Expression]:
    return {str(query["name"]): parse_metric_query(query["query"]) for query in queries}


def _event_counts(
    text: str, variables: dict[str, Expression] | None, context: MeasureContext, start: float, end: float
) -> FloatArray:
    """Return the events of each minute, summed over groups."""
    expression = parse_formula(text) if variables is not None else parse_metric_query(text)
    ends = bucket_ends(start, end)
    recording = _read_plain([expression, *(variables or {}).values()], context.telemetry, start, end)
    begin = start
    if recording is not None:
        begin = min((float(series.times[0]) for series in recording.all_series), default=end)
    # Before the first event there is nothing to add up: an SLO's window is often longer than the telemetry.
    skipped = min(max(0, math.ceil((begin - start) / CELL) - 1), max(0, ends.size - 1))
    table, _, _ = buckets(
        expression,
        recording or context.telemetry,
        start + skipped * CELL,
        end,
        CELL,
        variables=variables,
        counts=True,
    )
    counts = np.zeros(ends.shape)
    counts[skipped:] = np.nansum(table.values, axis=0) if table.keys else 0.0
    return counts


def _read_plain(expressions: list[Expression], telemetry: Telemetry, start: float, end: float) -> Recording | None:
    """Return the series of plain sums and ratios; None where a function or number may give absent events a value."""
    if any(isinstance(node, Call | Number) for expression in expressions for node in walk(expression)):
        return None
    return Recording(
        [series for metric in sorted(_metrics(expressions)) for series in telemetry.series(metric, start, end)]
    )


def _first_value_after(expressions: list[Expression], telemetry: Telemetry, start: float, end: float) -> float:
    """Return a time before which no slice has a value, and so each is up.

    It is ``start`` where a function may give a value to absent data. An SLO's window is often longer than the
    telemetry.
    """
    if any(isinstance(node, Call) for expression in expressions for node in walk(expression)):
        return start
    first_times = [
        float(series.times[0]) for metric in _metrics(expressions) for series in telemetry.series(metric, start, end)
    ]
    # A point on a slice's edge belongs to the slice that ends there (C-window).
    return max(start, min(first_times, default=end) - CELL)


def _metrics(expressions: list[Expression]) -> set[str]:
    return {query.metric.text for expression in expressions for query in metric_queries(expression)}
