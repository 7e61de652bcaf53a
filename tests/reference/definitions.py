"""Monitors and telemetry in plain data, and a monitor's text for Firedrill.

A metric expression is a tree of tuples: ``("query", Query)``, ``("number", n)``, ``("+", left, right)`` and so on for
``- * /``, ``("default_zero", item)``, ``("abs", item)``, ``("clamp_min", item, n)``.
"""

from dataclasses import dataclass, field
from typing import Any

Expression = tuple[Any, ...]


@dataclass(frozen=True)
class Query:
    """A metric query. ``scope`` maps a tag to its value, ``!`` before the tag negates it."""

    space: str
    metric: str
    scope: tuple[tuple[str, str], ...] = ()
    by: tuple[str, ...] = ()
    modifier: str = ""
    fill: str = ""
    function: str = ""
    shift: int = 0

    def text(self) -> str:
        """Return the query as Datadog writes it."""
        scope = ",".join(f"{key}:{value}" for key, value in self.scope) or "*"
        text = f"{self.space}:{self.metric}{{{scope}}}"
        if self.by:
            text += f" by {{{','.join(self.by)}}}"
        text += f".{self.modifier}()" if self.modifier else ""
        text += f".fill({self.fill})" if self.fill else ""
        text = f"{self.function}({text})" if self.function else text
        return f"timeshift({text}, -{self.shift})" if self.shift else text


@dataclass(frozen=True)
class EventSearch:
    """Events that match: a field to its value. ``method`` is over the measure ``took``, or ``count``."""

    name: str
    match: tuple[tuple[str, str], ...]
    method: str
    by: tuple[str, ...]

    def text(self) -> str:
        """Return the search."""
        return " ".join(f"{key}:{value}" for key, value in self.match) or "*"


@dataclass(frozen=True)
class Monitor:
    """A monitor: an expression over a window of minutes, and its options as in the API."""

    kind: str
    aggregator: str
    minutes: int
    expression: Expression
    comparator: str
    threshold: float
    options: dict[str, Any] = field(default_factory=dict)
    searches: tuple[EventSearch, ...] = ()
    change: int = 0

    def api(self) -> dict[str, Any]:
        """Return the API's JSON."""
        end = f"{self.comparator} {self.threshold:g}"
        options = dict(self.options)
        if self.kind == "metric":
            window = f"{self.aggregator}(last_{self.minutes}m)"
            if self.change:
                window = f"change({window},{self.change}m_ago)"
            return _api("query alert", f"{window}:{_text(self.expression)} {end}", options)
        if self.kind == "formula":
            options["variables"] = [_variable(search) for search in self.searches]
            text = _text(self.expression)
            return _api("log alert", f'formula("{text}").last("{self.minutes}m") {end}', options)
        [search] = self.searches
        measure = "" if search.method == "count" else ', "@took"'
        by = f'.by("{",".join(search.by)}")' if search.by else ""
        query = (
            f'logs("{search.text()}").index("*").rollup("{search.method}"{measure}){by}.last("{self.minutes}m") {end}'
        )
        return _api("log alert", query, options)


@dataclass(frozen=True)
class Line:
    """A series: points are (second, value)."""

    metric: str
    type: str
    tags: dict[str, str]
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class LogLine:
    """A log: its second and its fields; those with ``@`` are attributes."""

    second: float
    fields: dict[str, Any]


def _api(type: str, query: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "type": type, "query": query, "name": "n", "message": "", "tags": [], "options": options}


def _variable(search: EventSearch) -> dict[str, Any]:
    compute = {"aggregation": search.method} | ({} if search.method == "count" else {"metric": "@took"})
    by = [{"facet": facet, "limit": 10} for facet in search.by]
    return {"name": search.name, "data_source": "logs", "search": {"query": search.text()}, "compute": compute,
            "group_by": by}  # fmt: skip


def _text(expression: Expression) -> str:
    match expression:
        case ("query", query):
            return str(query.text() if isinstance(query, Query) else query.name)
        case ("number", number):
            return f"{number:g}"
        case ("clamp_min", item, bound):
            return f"clamp_min({_text(item)}, {bound:g})"
        case (("default_zero" | "abs") as name, item):
            return f"{name}({_text(item)})"
        case (operator, left, right):
            return f"({_text(left)} {operator} {_text(right)})"
    raise AssertionError(expression)
