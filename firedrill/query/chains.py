"""Validation of chained queries: the calls that each head takes, and their arguments.

Sources: the API reference of monitors and the pages of the monitor types.
"""

import re
from collections.abc import Callable

from firedrill.query.build import parse_window
from firedrill.query.errors import QueryError
from firedrill.query.tree import ChainCall, ChainMonitor, CheckMonitor, Window

COUNTING = frozenset({"count", "cardinality"})
MEASURING = frozenset({"avg", "sum", "min", "max", "median", "pc75", "pc90", "pc95", "pc98", "pc99"})
_EVENT_CALLS = frozenset({"index", "rollup", "by", "last", "current", "source", "new", "impact"})
_FORMULA_CALLS = frozenset({"rollup", "by", "last", "change", "anomaly", "current", "forecast"})
_CALLS = {
    "error_budget": frozenset({"over"}),
    "burn_rate": frozenset({"over", "long_window", "short_window"}),
    "formula": _FORMULA_CALLS,
    "processes": frozenset({"over", "rollup", "by", "last"}),
}
_REQUIRED = {
    "error_budget": ("over",),
    "burn_rate": ("over", "long_window", "short_window"),
    "formula": (),
}
CUMULATIVE = ("1h", "1d", "1mo")
"""Lengths of cumulative windows: ``.current("1d")``."""
_DURATION = re.compile(r"[0-9]{1,6}(mo|m|h|d|w)")


def duration(query: str, call: ChainCall) -> Window:
    """Return the length of ``.last("5m")``, ``.over("30d")``."""
    values = call.values()
    if len(values) != 1 or not _DURATION.fullmatch(values[0]):
        message = f'.{call.name}() takes one length such as "5m" or "1h"'
        raise QueryError(message, query, call.span.start, call.span.end)
    return parse_window(values[0], call.arguments[0].span)


def evaluation_window(query: str, monitor: ChainMonitor) -> Window | None:
    """Return the window of ``.last("5m")`` or ``.current("1d")``; None for a query with neither."""
    last, current = monitor.call("last"), monitor.call("current")
    if last is not None:
        return duration(query, last)
    return parse_window(f"current_{current.values()[0]}", current.span) if current is not None else None


def check_chain(type: str, query: str, monitor: ChainMonitor | CheckMonitor, heads: tuple[str, ...]) -> None:
    """Raise :class:`QueryError` for a head, call, argument or comparator that the monitor type does not have."""
    if isinstance(monitor, CheckMonitor):
        _check_status(type, query, monitor)
        return
    head = monitor.head.text
    if head != "formula" and head not in heads:
        expected = " or ".join((*heads, "formula"))
        message = f"a {type} starts with {expected}(...)"
        raise QueryError(message, query, monitor.head.span.start, monitor.head.span.end)
    if head == "formula" and type == "slo alert":
        raise QueryError(
            "an slo alert starts with error_budget or burn_rate", query, monitor.head.span.start, monitor.head.span.end
        )
    required = ("last",) if head.startswith("error-tracking") else ("rollup", "last")  # errors are counted by default
    _check_calls(query, monitor, _CALLS.get(head, _EVENT_CALLS), _REQUIRED.get(head, required))
    _check_rollup(query, monitor)
    for call in monitor.calls:
        if call.name == "current" and (len(call.values()) != 1 or call.values()[0] not in CUMULATIVE):
            message = f".current() takes one of {', '.join(CUMULATIVE)}"
            raise QueryError(message, query, call.span.start, call.span.end)
        if call.name in {"last", "over", "long_window", "short_window"} and head != "processes":
            duration(query, call)
    if type == "slo alert" and monitor.comparator.text not in {">", ">="}:
        message = "an SLO alert compares with > or >= only"
        raise QueryError(message, query, monitor.comparator.span.start, monitor.comparator.span.end)


def _check_calls(query: str, monitor: ChainMonitor, allowed: frozenset[str], required: tuple[str, ...]) -> None:
    names: set[str] = set()
    for call in monitor.calls:
        if call.name not in allowed:
            message = f"{monitor.head}() has no .{call.name}(); it has {', '.join(sorted(allowed))}"
            raise QueryError(message, query, call.span.start, call.span.end)
        if call.name in names:
            raise QueryError(f"a query has one .{call.name}() only", query, call.span.start, call.span.end)
        names.add(call.name)
    for name in required:
        if name not in names and not (name == "last" and "current" in names):
            end = monitor.comparator.span
            raise QueryError(f".{name}(...) is missing", query, end.start, end.end)


def _check_rollup(query: str, monitor: ChainMonitor) -> None:
    call = monitor.call("rollup")
    if call is None or monitor.head.text in {"formula", "processes"}:
        return
    values = call.values()
    if not values and monitor.head.text.startswith("error-tracking"):
        return
    if not 1 <= len(values) <= 2 or values[0] not in COUNTING | MEASURING:
        message = f".rollup() takes a method ({', '.join(sorted(COUNTING | MEASURING))}) and a facet or measure"
        raise QueryError(message, query, call.span.start, call.span.end)
    if values[0] != "count" and len(values) == 1:
        message = f'.rollup("{values[0]}") needs a facet or measure as its second argument'
        raise QueryError(message, query, call.span.start, call.span.end)


def _check_status(type: str, query: str, monitor: CheckMonitor) -> None:
    if type != "service check":
        message = f"a {type} does not start with a quoted name"
        raise QueryError(message, query, monitor.check.span.start, monitor.check.span.end)
    rules: dict[str, Callable[[ChainCall], bool]] = {
        "over": lambda call: bool(call.arguments),
        "exclude": lambda call: bool(call.arguments),
        "by": lambda call: bool(call.arguments),
        "last": lambda call: len(call.values()) == 1 and call.values()[0].isdecimal() and len(call.values()[0]) < 5,
        "count_by_status": lambda call: not call.arguments,
        "pct_by_status": lambda call: not call.arguments,
    }
    for call in monitor.calls:
        if call.name not in rules:
            message = f"a service check has no .{call.name}(); it has {', '.join(sorted(rules))}"
            raise QueryError(message, query, call.span.start, call.span.end)
        if not rules[call.name](call):
            raise QueryError(f".{call.name}() has the wrong arguments", query, call.span.start, call.span.end)
    if monitor.call("last") is None:
        raise QueryError(".last(...) is missing", query, monitor.check.span.end, len(query))
    if monitor.call("count_by_status") is None and monitor.call("pct_by_status") is None:
        raise QueryError(".count_by_status() is missing", query, monitor.check.span.end, len(query))
