"""Which calls belong to which head, and what their arguments may be (API reference of monitors; the type pages)."""

import re
from collections.abc import Callable

from firedrill.query.build import window
from firedrill.query.errors import QueryError
from firedrill.query.tree import ChainMonitor, CheckMonitor, Step, Window

COUNTING = frozenset({"count", "cardinality"})
MEASURING = frozenset({"avg", "sum", "min", "max", "median", "pc75", "pc90", "pc95", "pc98", "pc99"})
_EVENT_STEPS = frozenset({"index", "rollup", "by", "last", "source", "new", "impact"})
_FORMULA_STEPS = frozenset({"rollup", "by", "last", "change", "anomaly", "current", "forecast"})
_STEPS = {
    "error_budget": frozenset({"over"}),
    "burn_rate": frozenset({"over", "long_window", "short_window"}),
    "formula": _FORMULA_STEPS,
    "processes": frozenset({"over", "rollup", "by", "last"}),
}
_REQUIRED = {
    "error_budget": ("over",),
    "burn_rate": ("over", "long_window", "short_window"),
    "formula": (),
}
_DURATION = re.compile(r"[0-9]{1,6}(mo|m|h|d|w)")


def duration(query: str, step: Step) -> Window:
    """The length of ``.last("5m")``, ``.over("30d")``."""
    values = step.values()
    if len(values) != 1 or not _DURATION.fullmatch(values[0]):
        message = f'.{step.name}() takes one length such as "5m" or "1h"'
        raise QueryError(message, query, step.span.start, step.span.end)
    return window(values[0], step.arguments[0].span)


def check_chain(type: str, query: str, monitor: ChainMonitor | CheckMonitor, heads: tuple[str, ...]) -> None:
    """Raise :class:`QueryError` where a call, its order of magnitude or its argument is not of this type."""
    if isinstance(monitor, CheckMonitor):
        _check_status(type, query, monitor)
        return
    head = monitor.head.text
    if head != "formula" and head not in heads:
        wanted = " or ".join((*heads, "formula"))
        message = f"a {type} starts with {wanted}(...)"
        raise QueryError(message, query, monitor.head.span.start, monitor.head.span.end)
    if head == "formula" and type == "slo alert":
        raise QueryError(
            "an slo alert starts with error_budget or burn_rate", query, monitor.head.span.start, monitor.head.span.end
        )
    _check_steps(query, monitor, _STEPS.get(head, _EVENT_STEPS), _REQUIRED.get(head, ("rollup", "last")))
    _check_rollup(query, monitor)
    for step in monitor.steps:
        if step.name in {"last", "over", "long_window", "short_window"} and head != "processes":
            duration(query, step)
    if type == "slo alert" and monitor.comparator.text not in {">", ">="}:
        message = "an SLO alert compares with > or >= only"
        raise QueryError(message, query, monitor.comparator.span.start, monitor.comparator.span.end)


def _check_steps(query: str, monitor: ChainMonitor, known: frozenset[str], required: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for step in monitor.steps:
        if step.name not in known:
            message = f"{monitor.head}() has no .{step.name}(): {', '.join(sorted(known))}"
            raise QueryError(message, query, step.span.start, step.span.end)
        if step.name in seen:
            raise QueryError(f".{step.name}() is there twice", query, step.span.start, step.span.end)
        seen.add(step.name)
    for name in required:
        if name not in seen:
            end = monitor.comparator.span
            raise QueryError(f".{name}(...) is missing", query, end.start, end.end)


def _check_rollup(query: str, monitor: ChainMonitor) -> None:
    step = monitor.step("rollup")
    if step is None or monitor.head.text in {"formula", "processes"}:
        return
    values = step.values()
    if not 1 <= len(values) <= 2 or values[0] not in COUNTING | MEASURING:
        message = f".rollup() takes a method ({', '.join(sorted(COUNTING | MEASURING))}) and a facet or measure"
        raise QueryError(message, query, step.span.start, step.span.end)
    if values[0] != "count" and len(values) == 1:
        message = f'.rollup("{values[0]}") needs a facet or measure as its second argument'
        raise QueryError(message, query, step.span.start, step.span.end)


def _check_status(type: str, query: str, monitor: CheckMonitor) -> None:
    if type != "service check":
        message = f"a {type} does not start with a quoted name"
        raise QueryError(message, query, monitor.check.span.start, monitor.check.span.end)
    rules: dict[str, Callable[[Step], bool]] = {
        "over": lambda step: bool(step.arguments),
        "exclude": lambda step: bool(step.arguments),
        "by": lambda step: bool(step.arguments),
        "last": lambda step: len(step.values()) == 1 and step.values()[0].isdecimal() and len(step.values()[0]) < 5,
        "count_by_status": lambda step: not step.arguments,
        "pct_by_status": lambda step: not step.arguments,
    }
    for step in monitor.steps:
        if step.name not in rules:
            message = f"a service check has no .{step.name}(): {', '.join(sorted(rules))}"
            raise QueryError(message, query, step.span.start, step.span.end)
        if not rules[step.name](step):
            raise QueryError(f".{step.name}() has the wrong arguments", query, step.span.start, step.span.end)
    for name in ("over", "last"):
        if monitor.step(name) is None:
            raise QueryError(f".{name}(...) is missing", query, monitor.check.span.end, len(query))
    if monitor.step("count_by_status") is None and monitor.step("pct_by_status") is None:
        raise QueryError(".count_by_status() is missing", query, monitor.check.span.end, len(query))
