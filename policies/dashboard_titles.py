"""Titles of widgets and aliases of formulas, compared with their queries as far as they can be read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.dashboards import DASHBOARD, dashboard_json, objects
from policies.policy import Resource, Stack, policy

PAST = re.compile(
    r"\b(?:(?P<period>hour|day|week|month) (?:ago|before|earlier)|(?:last|previous) (?P<last>day|week|month)|"
    r"(?P<yesterday>yesterday))\b",
    re.IGNORECASE,
)
SHIFT = re.compile(r"\b(hour|day|week|month)_before\(|calendar_shift\(.*?[\"']-?\d+(h|d|w|mo)[\"']")
SHIFT_UNITS = {"h": "hour", "d": "day", "w": "week", "mo": "month"}
PERCENTILE = re.compile(r"\bp\d{2}\b")
AGGREGATOR = re.compile(r"^\s*(?:[a-z_]+\()*(?P<name>p\d+|avg|sum|min|max|count)\s*[(:]")
STATISTICS = {"mean": "avg", "average": "avg", "median": "p50", "maximum": "max", "minimum": "min"}
PER = re.compile(r"\bper (second|minute|hour|day)\b", re.IGNORECASE)
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
ROLLUP = re.compile(r"\.rollup\(\s*\w+\s*,\s*(\d+)\s*\)")


@policy(
    "dashboard-title-is-the-query",
    DASHBOARD,
    description="A title's percentile, statistic, rate and comparison with the past are those of the widget's query.",
    prevents='A graph named "p95" that draws p50, or "a week ago" that draws yesterday, misleads in an incident, '
    "and no error shows it.",
    link="https://docs.datadoghq.com/dashboards/functions/timeshift/",
)
def title_is_the_query(dashboard: Resource, stack: Stack) -> Iterator[str]:
    """Compare the words of each title, and of each alias with its own formula. Other words are free."""
    for widget in objects(dashboard_json(dashboard).get("widgets") or []):
        definition = widget.get("definition")
        if isinstance(definition, Mapping) and definition.get("requests"):
            for text, formulas, queries in _texts(definition):
                for problem in _contradictions(text, formulas, queries):
                    yield f"Correct the title {text!r} or its query: {problem}."


def _texts(definition: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Yield a widget's title with all its formulas and metric queries, and each alias with its formula and queries."""
    all_formulas: list[str] = []
    all_queries: list[str] = []
    for request in objects(definition.get("requests")):
        queries = {
            str(query.get("name")): str(query["query"])
            for query in request.get("queries") or ()
            if isinstance(query, Mapping) and isinstance(query.get("query"), str)
        }
        all_queries += queries.values()
        for formula in request.get("formulas") or ():
            text = str(formula.get("formula"))
            all_formulas.append(text)
            read = [query for name, query in queries.items() if re.search(rf"\b{re.escape(name)}\b", text)]
            if formula.get("alias"):
                yield str(formula["alias"]), [text], read
    if definition.get("title"):
        yield str(definition["title"]), all_formulas, all_queries


def _contradictions(text: str, formulas: Sequence[str], queries: Sequence[str]) -> Iterator[str]:
    said = {next(filter(None, match.groups())).lower().replace("yesterday", "day") for match in PAST.finditer(text)}
    shifts = (match for expression in (*formulas, *queries) for match in SHIFT.finditer(expression))
    drawn = {match[1] or SHIFT_UNITS[match[2]] for match in shifts}
    if said and drawn and said != drawn:
        yield f"it says {', '.join(sorted(said))}, and the formula is of a {', '.join(sorted(drawn))} before"
    if said and not drawn and formulas:
        yield f"it says {', '.join(sorted(said))}, and no formula is of an earlier time"
    aggregators = {match["name"] for query in queries if (match := AGGREGATOR.search(query))}
    if aggregators:
        words = {word: word for word in PERCENTILE.findall(text)}
        words |= {word: name for word, name in STATISTICS.items() if re.search(rf"\b{word}\b", text, re.IGNORECASE)}
        for word, name in words.items():
            if name not in aggregators:
                yield f"it says {word}, and the query aggregates by {', '.join(sorted(aggregators))}"
    rollups = {int(match[1]) for query in queries for match in ROLLUP.finditer(query)}
    for unit in PER.findall(text):
        if rollups and SECONDS[unit.lower()] not in rollups:
            yield f"it says per {unit}, and the query rolls up {', '.join(map(str, sorted(rollups)))} seconds"
