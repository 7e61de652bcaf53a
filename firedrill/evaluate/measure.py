"""Measurement of a monitor's query, by type."""

import json
from dataclasses import replace

from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.event.monitor import MAX_EVENT_GROUPS, measure_events
from firedrill.evaluate.event.service_checks import measure_check
from firedrill.evaluate.event.synthetics import measure_synthetics
from firedrill.evaluate.metric.monitor import measure_metric, series_count
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.parsed_monitor import ParsedMonitor
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.slo.alert import measure_slo
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query import canonical
from firedrill.query.tree import ChainMonitor, CheckMonitor, MetricMonitor, Number, Word

OPTIONS_AFTER_MEASURING = frozenset(
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
"""Options that decide what follows from a signal, and do not change the signal."""


def measure(parsed: ParsedMonitor, monitor: Json, context: MeasureContext, times: FloatArray) -> Signal:
    """Return the monitor's signal at the times. Raises :class:`Refused`."""
    cache = context.cache
    key = None if cache is None else _cache_key(parsed, monitor.get("options") or {}, times)
    if cache is None or key is None:
        return _measure(parsed, monitor, context, times)
    if key not in cache.signals:
        cache.signals[key] = _measure(parsed, monitor, context, times)
    return cache.signals[key]


def _cache_key(parsed: ParsedMonitor, options: Json, times: FloatArray) -> object:
    """Return the inputs of a signal beside the telemetry; None for signals that depend on other definitions."""
    body = parsed.query.body
    if not isinstance(body, MetricMonitor | ChainMonitor) or parsed.query.type == "slo alert":
        return None
    alerts_below = isinstance(body, ChainMonitor) and body.comparator.text in {"<", "<="}
    query = canonical(replace(body, comparator=Word(">"), threshold=Number("0")))
    rest = {name: value for name, value in options.items() if name not in OPTIONS_AFTER_MEASURING}
    return (parsed.query.type, query, alerts_below, json.dumps(rest, sort_keys=True, default=str), times.tobytes())


def _measure(parsed: ParsedMonitor, monitor: Json, context: MeasureContext, times: FloatArray) -> Signal:
    body, options = parsed.query.body, monitor.get("options") or {}
    if isinstance(body, MetricMonitor):
        return measure_metric(body, options, context.telemetry, times)
    if isinstance(body, ChainMonitor):
        if parsed.query.type == "slo alert":
            return measure_slo(parsed.query, body, context, times)
        return measure_events(parsed.query, options, context.telemetry, times)
    if isinstance(body, CheckMonitor):
        return measure_check(body, options, context.telemetry, times)
    if parsed.query.type == "synthetics alert":
        return measure_synthetics(monitor, context.account, context.telemetry, times)
    raise Refused(parsed.query.type, "is not implemented")


def most_groups(parsed: ParsedMonitor, monitor: Json, context: MeasureContext, times: FloatArray) -> int:
    """Return how many groups the monitor may have at the times, at most."""
    body = parsed.query.body
    if not parsed.by:
        return 1
    if isinstance(body, MetricMonitor):
        return series_count(body, monitor.get("options") or {}, context.telemetry, times)
    return MAX_EVENT_GROUPS
