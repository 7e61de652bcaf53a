"""From a monitor's definition to its signal, by type."""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from firedrill.evaluate import checks, event_queries, events, slo, synthetics
from firedrill.evaluate.expression import calls, group_by, metric_queries
from firedrill.evaluate.metrics import check_metric, is_sum_path, measure_metric
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.rules import Rules, read_rules
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query import Query, canonical, parse
from firedrill.query.tree import ChainMonitor, CheckMonitor, MetricMonitor, Number, Word

if TYPE_CHECKING:
    from firedrill.evaluate.indicators import SloContext


@dataclass(frozen=True)
class Plan:
    """A monitor, read: its query, its rules and the tags it groups by."""

    query: Query
    rules: Rules
    by: tuple[str, ...]


def plan(monitor: Json) -> Plan:
    """Read a monitor. Raises :class:`Refused`, or ``QueryError`` for a query that is none."""
    return _plan(
        json.dumps({key: monitor.get(key) for key in ("id", "type", "query", "options", "tags")}, sort_keys=True)
    )


@lru_cache(maxsize=1024)
def _plan(text: str) -> Plan:
    monitor: Json = json.loads(text)
    query = parse(monitor["type"], monitor["query"])
    body = query.body
    if isinstance(body, MetricMonitor):
        by = group_by(body.expression)
        counts = is_sum_path(body) and "default_zero" not in calls(body.expression)
        return Plan(query, read_rules(monitor, query, counts=counts, by=by), by)
    if isinstance(body, ChainMonitor):
        if query.type == "slo alert":
            return Plan(query, read_rules(monitor, query, counts=False, by=()), ())
        by, counts = event_queries.shape(query, monitor.get("options") or {})
        return Plan(query, read_rules(monitor, query, counts=counts, by=by, always=counts and not by), by)
    if isinstance(body, CheckMonitor):
        by = checks.grouped_by(body)
        return Plan(query, read_rules(monitor, query, counts=False, by=by), by)
    return Plan(query, read_rules(monitor, query, counts=False, by=()), ())


def check(prepared: Plan, monitor: Json) -> None:
    """Raise :class:`Refused` for a query that will not be evaluated, without evaluating it."""
    body = prepared.query.body
    if isinstance(body, MetricMonitor):
        check_metric(body)
        if not metric_queries(body.expression):
            raise Refused("query", f"monitor {monitor['id']} reads no metric")


def measure(prepared: Plan, monitor: Json, context: "SloContext", times: FloatArray) -> Signal:
    """The monitor's signal at the times. Raises :class:`Refused`."""
    options = monitor.get("options") or {}
    key = None if context.memo is None else _measured(prepared, options, times)
    if context.memo is None or key is None:
        return _measure(prepared, monitor, context, times)
    if key not in context.memo.signals:
        context.memo.signals[key] = _measure(prepared, monitor, context, times)
    return context.memo.signals[key]


NOT_MEASURED = frozenset(
    {
        "thresholds",
        "on_missing_data",
        "notify_no_data",
        "no_data_timeframe",
        "notify_by",
        "timeout_h",
        "renotify_interval",
    }
)  # fmt: skip
"""Options that decide what follows from a signal, and not what it is."""


def _measured(prepared: Plan, options: Json, times: FloatArray) -> object:
    """What a signal depends on beside the telemetry; None where that is more than a query says."""
    body = prepared.query.body
    if not isinstance(body, MetricMonitor | ChainMonitor) or prepared.query.type == "slo alert":
        return None
    below = isinstance(body, ChainMonitor) and body.comparator.text in {"<", "<="}
    asked = canonical(replace(body, comparator=Word(">"), threshold=Number("0")))
    rest = {name: value for name, value in options.items() if name not in NOT_MEASURED}
    return (prepared.query.type, asked, below, json.dumps(rest, sort_keys=True, default=str), times.tobytes())


def _measure(prepared: Plan, monitor: Json, context: "SloContext", times: FloatArray) -> Signal:
    body, options = prepared.query.body, monitor.get("options") or {}
    if isinstance(body, MetricMonitor):
        return measure_metric(body, options, context.telemetry, times)
    if isinstance(body, ChainMonitor):
        if prepared.query.type == "slo alert":
            return slo.measure_slo(prepared.query, body, context, times)
        return events.measure_events(prepared.query, options, context.telemetry, times)
    if isinstance(body, CheckMonitor):
        return checks.measure_check(body, options, context.telemetry, times)
    if prepared.query.type == "synthetics alert":
        return synthetics.measure_synthetics(monitor, context.account, context.telemetry, times)
    raise Refused(prepared.query.type, "is not implemented")
