"""Dashboards against the contract: every query of every widget, whatever kind of widget it stands in."""

from collections.abc import Iterator, Mapping
from typing import Any

from firedrill.query import QueryError
from infra.contract.metrics import Variables, check_formula, check_metric_query
from infra.contract.searches import check_facet, check_measure, check_search, whole

Json = Any
STREAMED = "query_string"
"""Where lists and funnels have their search; formula queries have it in ``search``."""


def faults(board: Mapping[str, Json]) -> Iterator[tuple[str, QueryError]]:
    """The title of a widget and what is wrong in it. ``board``: the body of POST /api/v1/dashboard.

    What is not text yet (the id of an objective in a preview) is not looked at.
    """
    variables = {
        str(one["name"]): str(one["prefix"]) for one in board.get("template_variables") or () if one.get("prefix")
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
        for below in node.values():
            yield from _objects(below)
    elif isinstance(node, list | tuple):
        for below in node:
            yield from _objects(below)


def _check(one: Mapping[str, Json], variables: Variables) -> None:
    """One object of a widget, if it is a query or has formulas."""
    source, query = str(one.get("data_source") or ""), one.get("query")
    if source == "metrics" and isinstance(query, str):
        check_metric_query(query, variables)
    elif isinstance(one.get(STREAMED), str):
        check_search(source, one[STREAMED], variables=variables)
        for step in one.get("steps") or ():
            check_facet(source, whole(step["facet"]), step["facet"])
    elif source and isinstance(one.get("search"), Mapping):
        _check_events(source, one, variables)
    elif source == "product_analytics_extended" and isinstance(query, Mapping):
        check_search("product_analytics", str((query.get("query") or query).get("search") or ""), variables=variables)
    for formula in one.get("formulas") or ():
        check_formula(formula["formula"], {str(query["name"]) for query in one.get("queries") or ()})
    if isinstance(query, Mapping):
        for column in one.get("columns") or ():
            _check_column(str(query.get("data_source") or ""), str(column.get("field") or ""))


def _check_events(source: str, one: Mapping[str, Json], variables: Variables) -> None:
    check_search(source, str((one.get("search") or {}).get("query") or ""), variables=variables)
    for group in one.get("group_by") or ():
        check_facet(source, whole(group["facet"]), group["facet"])
    compute = one.get("compute") or {}
    if measure := compute.get("metric"):
        check_measure(source, str(compute.get("aggregation")), whole(measure), measure)


def _check_column(source: str, field: str) -> None:
    """A column of a stream. Columns of Datadog's own (``timestamp``, ``content``) have no ``@``."""
    if field.startswith("@"):
        check_facet(source, whole(field), field)
