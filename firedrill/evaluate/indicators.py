"""What an SLO measures: good and total amounts for each minute, of three types (docs: service_level_objectives).

Amounts are events, or minutes of uptime. Windows over them are sums.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.corrections import corrected_minutes
from firedrill.evaluate.expression import metric_queries
from firedrill.evaluate.model import Account, Json, Note, Refused
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.slices import buckets, minutes_between
from firedrill.evaluate.telemetry import FloatArray, Recording, Telemetry
from firedrill.evaluate.thresholds import compare
from firedrill.evaluate.timeline import Timeline
from firedrill.evaluate.uptime import downtime_minutes
from firedrill.evaluate.windows import CELL
from firedrill.query import parse_formula, parse_metric_query
from firedrill.query.tree import Call, Expression, Number, walk


@dataclass(frozen=True)
class Memo:
    """What was measured on one telemetry already, for runs over it that differ in a threshold or an option."""

    telemetry: Telemetry
    signals: dict[object, Signal] = field(default_factory=dict)
    indicators: dict[object, "Sli"] = field(default_factory=dict)


@dataclass
class SloContext:
    """What signals are computed from. ``memory`` and ``timeline`` hold the states of monitors."""

    account: Account
    telemetry: Telemetry
    memory: Json
    timeline: Timeline
    memo: Memo | None = None
    states: dict[object, "Sli"] = field(default_factory=dict)
    """Indicators that rest on the states of monitors, which are this run's own."""


@dataclass(frozen=True)
class Sli:
    """Good and total for each minute; minute i ends at ``ends[i]``. ``step``: seconds between complete slices."""

    ends: FloatArray
    good: FloatArray
    total: FloatArray
    step: int
    notes: frozenset[Note]


def indicator(slo: Json, context: SloContext, start: float, end: float) -> Sli:
    """The SLI of each minute from start to end (both on full minutes)."""
    key = (json.dumps([slo, context.account.corrections], sort_keys=True, default=str), start, end)
    known = context.states if context.memo is None or slo.get("type") == "monitor" else context.memo.indicators
    if key not in known:
        kinds = {"metric": _metric, "time_slice": _time_slice, "monitor": _monitors}
        if slo.get("type") not in kinds:
            raise Refused(f"SLO type {slo.get('type')}", "is not implemented")
        try:
            known[key] = kinds[slo["type"]](slo, context, start, end)
        except KeyError as missing:
            raise Refused(f"SLO {slo.get('id')}", f"its definition lacks {missing}") from missing
    return known[key]


def _formula(specification: Json, name: str) -> str:
    given = specification[name]
    return str(given["formula"] if isinstance(given, Mapping) else given)


def _named(queries: list[Json]) -> dict[str, Expression]:
    return {str(one["name"]): parse_metric_query(one["query"]) for one in queries}


def _events(
    text: str, named: dict[str, Expression] | None, context: SloContext, start: float, end: float
) -> FloatArray:
    expression = parse_formula(text) if named is not None else parse_metric_query(text)
    ends = minutes_between(start, end)
    read = _read([expression, *(named or {}).values()], context.telemetry, start, end)
    begin = start if read is None else min((float(one.times[0]) for one in read.all_series), default=end)
    # Before the first event there is nothing to add up: an SLO's window is often longer than what there is to read.
    before = min(max(0, math.ceil((begin - start) / CELL) - 1), max(0, ends.size - 1))
    table, _, _ = buckets(
        expression, read or context.telemetry, start + before * CELL, end, CELL, variables=named, counts=True
    )
    total = np.zeros(ends.shape)
    total[before:] = np.nansum(table.values, axis=0) if table.keys else 0.0
    return total


def _read(expressions: list[Expression], telemetry: Telemetry, start: float, end: float) -> Recording | None:
    """What plain sums and ratios of events read; None where a function or a number may stand for absent events."""
    if any(isinstance(node, Call | Number) for one in expressions for node in walk(one)):
        return None
    metrics = {query.metric.text for one in expressions for query in metric_queries(one)}
    return Recording([series for metric in sorted(metrics) for series in telemetry.series(metric, start, end)])


def _first(expressions: list[Expression], telemetry: Telemetry, start: float, end: float) -> float:
    """Before this time no slice has a value, and so each is up: an SLO's window is often longer than what there is to
    read. ``start`` where a function may give a value to absent data."""
    if any(isinstance(node, Call) for one in expressions for node in walk(one)):
        return start
    metrics = {query.metric.text for one in expressions for query in metric_queries(one)}
    firsts = [float(one.times[0]) for metric in metrics for one in telemetry.series(metric, start, end)]
    # A point on a slice's edge belongs to the slice that ends there (C-window).
    return max(start, min(firsts, default=end) - CELL)


def _metric(slo: Json, context: SloContext, start: float, end: float) -> Sli:
    """Sums of good and of total events; corrected minutes drop out."""
    count = (slo.get("sli_specification") or {}).get("count")
    if count:
        named = _named(count["queries"])
        good = _events(_formula(count, "good_events_formula"), named, context, start, end)
        if count.get("total_events_formula"):
            total = _events(_formula(count, "total_events_formula"), named, context, start, end)
        else:
            total = good + _events(_formula(count, "bad_events_formula"), named, context, start, end)
    else:
        good = _events(slo["query"]["numerator"], None, context, start, end)
        total = _events(slo["query"]["denominator"], None, context, start, end)
    ends = minutes_between(start, end)
    kept = ~corrected_minutes(context.account.corrections, slo, ends)
    return Sli(ends, good * kept, total * kept, CELL, frozenset())


def slice_is_up(values: FloatArray, comparator: str, threshold: float) -> NDArray[np.bool_]:
    """Whether slices count as uptime; a missing one does."""
    return np.isnan(values) | compare(values, comparator, threshold)


def _time_slice(slo: Json, context: SloContext, start: float, end: float) -> Sli:
    """Minutes of slices that are up; corrected time is up."""
    given = slo["sli_specification"]["time_slice"]
    seconds = int(given.get("query_interval_seconds") or 300)
    low, high = math.floor(start / seconds) * seconds, math.floor(end / seconds) * seconds
    ends = minutes_between(start, end)
    up = np.ones(ends.shape)
    notes: frozenset[Note] = frozenset()
    formula = given["query"]["formulas"][0]["formula"]
    named = _named(given["query"]["queries"])
    low = max(low, math.floor(_first([parse_formula(formula), *named.values()], context.telemetry, low, high) / seconds)
              * seconds)  # fmt: skip
    if high > low:
        table, edges, found = buckets(
            parse_formula(formula), context.telemetry, float(low), float(high), seconds, variables=named
        )
        good = slice_is_up(table.values, given["comparator"], float(given["threshold"])).all(axis=0)
        notes = frozenset(found)
        place = np.searchsorted(edges, ends, side="left")
        inside = place < edges.size
        up[inside] = np.broadcast_to(good, edges.shape)[place[inside]]
    up[corrected_minutes(context.account.corrections, slo, ends)] = 1.0
    return Sli(ends, up, np.ones(ends.shape), seconds, notes)


def _monitors(slo: Json, context: SloContext, start: float, end: float) -> Sli:
    """Minutes in which no member is in ALERT; corrected minutes drop out."""
    ends = minutes_between(start, end)
    down = np.zeros(ends.shape, np.bool_)
    known = {str(monitor["id"]): monitor for monitor in context.account.monitors}
    for identifier in slo.get("monitor_ids") or []:
        if str(identifier) not in known:
            raise Refused("monitor SLO", f"monitor {identifier} is not in this account")
        monitor = known[str(identifier)]
        memory = context.memory["monitors"].get(str(identifier)) or {"history": []}
        down |= downtime_minutes(monitor, memory["history"], ends, slo.get("groups"))
    kept = ~corrected_minutes(context.account.corrections, slo, ends)
    return Sli(ends, (~down & kept).astype(np.float64), kept.astype(np.float64), CELL, frozenset())
