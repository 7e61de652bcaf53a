"""What the real API refuses of a monitor beyond its model: the query, thresholds, references, options that exclude."""

import re
from typing import Any

from firedrill.query import QueryError, parse
from firedrill.sandbox.datadog.account import MONITORS, SLOS
from firedrill.sandbox.datadog.serving import ApiError, Call
from firedrill.sandbox.datadog.store import Body

COMPARISON = re.compile(r"(>=|<=|>|<|==|!=)\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*$", re.IGNORECASE)
PARSED = ("metric alert", "query alert", "log alert", "trace-analytics alert", "slo alert", "composite")
NO_COMPARISON = ("composite", "service check", "synthetics alert")


def refuse(parameter: str, reason: str) -> ApiError:
    """The form of most of a monitor's errors."""
    return ApiError(400, f"The value provided for parameter '{parameter}' is invalid: {reason}")


def check(call: Call, body: Body) -> None:
    """Raise :class:`ApiError` 400 for a definition that the real API refuses."""
    query, type_, options = body["query"], body["type"], body.get("options") or {}
    comparison = COMPARISON.search(query)
    if not query.strip():
        raise refuse("query", "must not be empty")
    if comparison is None and type_ not in NO_COMPARISON:
        raise refuse("query", "invalid operator specified: ")
    if type_ in PARSED and "variables" not in options:
        try:
            parse(type_, query)
        except QueryError as error:
            raise refuse("query", error.args[0] if error.args else str(error)) from error
    if comparison is not None and type_ not in NO_COMPARISON:
        check_thresholds(options.get("thresholds") or {}, comparison[1], comparison[2])
    check_references(call, type_, query)
    if body.get("priority") is not None and not 1 <= body["priority"] <= 5:
        raise refuse("priority", "must be an integer from 1 to 5")
    check_options(options)


def check_thresholds(thresholds: dict[str, Any], operator: str, value: str) -> None:
    """The critical threshold is the query's number; warning and recovery are on their right side of it."""
    critical, warning = thresholds.get("critical"), thresholds.get("warning")
    if critical is None:
        return
    if float(critical) != float(value):
        raise ApiError(400, f"Alert threshold ({critical}) does not match that used in the query ({float(value)}).")
    above = operator.startswith(">")
    if warning is not None and ((warning >= critical) if above else (warning <= critical)):
        side = "greater" if above else "less"
        raise ApiError(400, f"Alert threshold ({critical}) must be {side} than warning threshold ({warning}).")
    recovery = thresholds.get("critical_recovery")
    if recovery is not None and ((recovery >= critical) if above else (recovery <= critical)):
        side = "less" if above else "greater"
        raise ApiError(400, f"Recovery threshold ({recovery}) must be {side} than alert threshold ({critical}).")


def check_references(call: Call, type_: str, query: str) -> None:
    """Monitors of a composite and the SLO of an SLO alert must exist."""
    if type_ == "composite":
        for identifier in re.findall(r"\b\d+\b", query):
            if call.get(MONITORS, identifier) is None:
                raise refuse("query", f"monitor {identifier} does not exist")
    if type_ == "slo alert":
        named = re.search(r'(?:error_budget|burn_rate)\("([^"]+)"\)', query)
        if named is not None and call.get(SLOS, named[1]) is None:
            raise ApiError(400, f"SLO {named[1]} not found")


def check_options(options: dict[str, Any]) -> None:
    """Options that exclude each other (https://docs.datadoghq.com/monitors/guide/on_missing_data/)."""
    if options.get("on_missing_data") not in (None, "default") and options.get("notify_no_data"):
        raise refuse("options", "on_missing_data and notify_no_data cannot be used together")
    statuses = options.get("renotify_statuses")
    if statuses and not options.get("renotify_interval"):
        raise refuse("options", "renotify_statuses requires renotify_interval")
