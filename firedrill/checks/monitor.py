"""Checks that Datadog makes of a monitor (docs.datadoghq.com/api/latest/monitors/#validate-a-monitor).

Texts that no recording shows are our own.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from firedrill.checks.queries import query_faults
from firedrill.checks.thresholds import is_number, threshold_faults

Json = Mapping[str, Any]
Exists = Callable[[str], bool]
COMPARISON = re.compile(r"(>=|<=|>|<|==|!=)\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*$", re.IGNORECASE)
NO_COMPARISON = ("composite", "service check", "synthetics alert")
SLO_ID = re.compile(r'(?:error_budget|burn_rate)\("([^"]+)"\)')
PRIORITIES = range(1, 6)
TIMEOUT_HOURS = 24


@dataclass(frozen=True)
class MonitorFault:
    """A reason why Datadog refuses a monitor. ``text`` is what the API answers, ``detail`` may show the place."""

    text: str
    detail: str
    is_query: bool = False


def monitor_faults(monitor: Json, monitor_exists: Exists | None, slo_exists: Exists | None) -> Iterator[MonitorFault]:
    """Yield the reasons why Datadog refuses a monitor, as the API's JSON.

    References are checked where a function says which ids exist.
    """
    query, type_, options = str(monitor.get("query") or ""), str(monitor.get("type")), monitor.get("options") or {}
    if not query.strip():
        yield invalid("query", "must not be empty")
        return
    comparison = COMPARISON.search(query) if type_ not in NO_COMPARISON else None
    if comparison is None and type_ not in NO_COMPARISON:
        yield invalid("query", "invalid operator specified: ")
        return
    for reason, detail in query_faults(type_, query, options):
        yield invalid("query", reason, detail)
    if comparison is not None and is_number(comparison[2]):
        faults = threshold_faults(options.get("thresholds") or {}, comparison[1], float(comparison[2]))
        yield from (MonitorFault(fault.text, fault.text) for fault in faults)
    yield from _reference_faults(type_, query, monitor_exists, slo_exists)
    if monitor.get("priority") and monitor["priority"] not in PRIORITIES:  # 0 is none
        yield invalid("priority", "must be an integer from 1 to 5")
    yield from option_faults(options)


def invalid(parameter: str, reason: str, detail: str = "") -> MonitorFault:
    """Return a fault of a parameter, in the format of most errors of monitors."""
    text = f"The value provided for parameter '{parameter}' is invalid: {reason}"
    return MonitorFault(text, detail or reason, is_query=parameter == "query")


def _reference_faults(
    type_: str, query: str, monitor_exists: Exists | None, slo_exists: Exists | None
) -> Iterator[MonitorFault]:
    if type_ == "composite" and monitor_exists is not None:
        for member in dict.fromkeys(re.findall(r"\w+", query)):
            if not monitor_exists(member):
                yield invalid("query", f"monitor {member} does not exist")
    slo = SLO_ID.search(query) if type_ == "slo alert" else None
    if slo is not None and slo_exists is not None and not slo_exists(slo[1]):
        text = f"SLO {slo[1]} not found"
        yield MonitorFault(text, text, is_query=True)


def option_faults(options: Json) -> Iterator[MonitorFault]:
    """Yield the options that exclude each other or are outside their range.

    https://docs.datadoghq.com/monitors/guide/on_missing_data/
    """
    if options.get("on_missing_data") not in (None, "default") and options.get("notify_no_data"):
        yield invalid("options", "on_missing_data and notify_no_data cannot be used together")
    if options.get("renotify_statuses") and not options.get("renotify_interval"):
        yield invalid("options", "renotify_statuses requires renotify_interval")
    timeout = options.get("timeout_h")
    if timeout is not None and is_number(timeout) and not 0 <= float(timeout) <= TIMEOUT_HOURS:
        yield invalid("options", f"timeout_h must be from 0 to {TIMEOUT_HOURS}")
