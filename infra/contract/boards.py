"""The contract's check of dashboards: every query of every widget."""

from collections.abc import Iterator, Mapping
from typing import Any

from firedrill.query import QueryError
from infra.contract.metrics import Variables, check_formula, check_metric_query
from infra.contract.searches import as_facet, check_facet, check_measure, check_search

Json = Any
STREAM_SEARCH = "query_string"
"""The key of the search of lists and funnels; formula queries have it in ``search``."""


def faults(board: Mapping[str, Json]) -> Iterator[tuple[str, QueryError]]:
    """Yield the title of each wrong widget and its error. ``board`` is the body of POST /api/v1/dashboard."""
    variables = {
        str(template_variable["name"]): str(template_variable["prefix"])
        for template_variable in board.get("template_variables") or ()
        if template_variable.get("prefix")
    }
    yield from _widgets(board.get("widgets") or (), variables)


def _widgets(widgets: Json, variables: Variables) -> Iterator[tuple[str, QueryError]]:
    for widget in widgets:
        definition = widget.get("definition") or {}
        title = str(definition.get("title") or definition.get("type"))
        if "widgets" in definition:
            yield from _widgets(definition["widgets"], variables)
            continue
        for request in _objects(definition):
            try:
                _check(request, variables)
            except QueryError as error:
                yield title, error


def _objects(node: Json) -> Iterator[Mapping[str, Json]]:
    if isinstance(node, Mapping):
        yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _objects(item)


def _check(node: Mapping[str, Json], variables: Variables) -> None:
    """Check an object of a widget, if it is a query or has formulas. Raises :class:`QueryError`."""
    source, query = str(node.get("data_source") or ""), node.get("query")
    if source == "metrics" and isinstance(query, str):
        check_metric_query(query, variables)
    elif isinstance(node.get(STREAM_SEARCH), str):
        check_search(source, node[STREAM_SEARCH], variables=variables)
        for step in node.get("steps") or ():
            check_facet(source, as_facet(step["facet"]), step["facet"])
    elif source and isinstance(node.get("search"), Mapping):
        _check_events(source, node, variables)
    elif source == "product_analytics_extended" and isinstance(query, Mapping):
        check_search("product_analytics", str((query.get("query") or query).get("search") or ""), variables=variables)
    for formula in node.get("formulas") or ():
        check_formula(formula["formula"], {str(query["name"]) for query in node.get("queries") or ()})
    if isinstance(query, Mapping):
        for column in node.get("columns") or ():
            _check_column(str(query.get("data_source") or ""), str(column.get("field") or ""))


def _check_events(source: str, query: Mapping[str, Json], variables: Variables) -> None:
    check_search(source, str((query.get("search") or {}).get("query") or ""), variables=variables)
    for group in query.get("group_by") or ():
        check_facet(source, as_facet(group["facet"]), group["facet"])
    compute = query.get("compute") or {}
    if measure := compute.get("metric"):
        check_measure(source, str(compute.get("aggregation")), as_facet(measure), measure)


def _check_column(source: str, field: str) -> None:
    """Check a column of a stream. Datadog's own columns (``timestamp``, ``content``) have no ``@``."""
    if field.startswith("@"):
        check_facet(source, as_facet(field), field)
