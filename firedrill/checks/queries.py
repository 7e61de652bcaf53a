"""Checks of a monitor's query and of the queries of its formula."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firedrill.logs.search import SearchError, parse_search
from firedrill.query import QueryError, event_reference, parse, parse_formula, parse_metric_query
from firedrill.query.tree import ChainMonitor, CheckMonitor, Query, QueryName, walk

MAX_STATUSES = 100
"""The largest number in a service check's ``.last()``."""
OWN_FUNCTIONS = frozenset({"data-jobs alert"})
"""Types whose formulas have functions of their own, which no page lists."""
NO_SEARCH = frozenset({"processes"})
"""Heads of queries whose text is not a search."""


def query_faults(type_: str, query: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the faults of a query and of its formula's queries: the reason, and the place underlined if it has one."""
    try:
        parsed = parse(type_, query)
    except QueryError as error:
        yield error.message, str(error)
        return
    variables = [variable for variable in options.get("variables") or () if isinstance(variable, Mapping)]
    reference = event_reference(parsed)
    if reference is not None and reference.source not in NO_SEARCH:
        yield from _search_faults(reference.search)
    for variable in variables:
        yield from _variable_faults(variable)
    is_formula = isinstance(parsed.body, ChainMonitor) and parsed.body.head.text == "formula"
    if isinstance(parsed.body, ChainMonitor) and is_formula and type_ not in OWN_FUNCTIONS:
        yield from _formula_faults(parsed.body.argument.value, [str(variable.get("name")) for variable in variables])
    if isinstance(parsed.body, CheckMonitor):
        yield from _check_faults(parsed, options.get("thresholds") or {})


def _search_faults(search: str) -> Iterator[tuple[str, str]]:
    try:
        parse_search(search)
    except SearchError as error:
        yield f"the search is not valid: {error.message}", f"the search is not valid: {error}"


def _variable_faults(variable: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    search = variable.get("search")
    if isinstance(search, Mapping):
        yield from _search_faults(str(search.get("query") or ""))
    if variable.get("data_source") == "metrics" and isinstance(variable.get("query"), str):
        try:
            parse_metric_query(variable["query"])
        except QueryError as error:
            yield f"the query {variable.get('name')} is not valid: {error.message}", str(error)


def _formula_faults(formula: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the names in a formula that none of its queries has."""
    try:
        tree = parse_formula(formula)
    except QueryError as error:
        yield f"the formula is not valid: {error.message}", f"the formula is not valid: {error}"
        return
    for node in walk(tree):
        if names and isinstance(node, QueryName) and node.name not in names:
            text = f"the formula names {node.name}, but its queries are {', '.join(names)}"
            yield text, text


def _check_faults(parsed: Query, thresholds: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the reason why ``.last()`` does not hold all consecutive statuses that a threshold needs."""
    last = parsed.body.call("last") if isinstance(parsed.body, CheckMonitor) else None
    size = int(last.values()[0]) if last is not None and last.values()[0].isdecimal() else None
    by_count = isinstance(parsed.body, CheckMonitor) and parsed.body.call("count_by_status") is not None
    numbers = [float(value) for value in thresholds.values() if isinstance(value, int | float)]
    if size is not None and by_count and (size > MAX_STATUSES or size < max(numbers, default=0)):
        text = f".last({size}) is over {MAX_STATUSES} or less than the largest threshold ({max(numbers, default=0):g})"
        yield text, text
