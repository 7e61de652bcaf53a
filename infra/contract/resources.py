"""The kinds of resource that have queries, and the properties that hold them, as the engine receives them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from firedrill.query import QueryError, event_reference, parse
from firedrill.query.tree import ChainMonitor
from infra.contract import boards
from infra.contract.metrics import check_expression, check_metric_name, check_metric_query, check_tag
from infra.contract.nearest import violation
from infra.contract.searches import as_facet, check_facet, check_measure, check_search
from service.telemetry import METRICS

Properties = Mapping[str, Any]
Faults = Iterator[tuple[str, QueryError]]
"""The place in the resource, and what is wrong there."""


def faults(kind: str, properties: Properties) -> Faults:
    """Yield what is wrong with a resource of a kind (``Monitor``), whose properties have the engine's names.

    A property that is not known yet is not checked.
    """
    return CHECKS[kind](properties) if kind in CHECKS else iter(())


def _check_monitor_query(monitor_type: str, query: str) -> None:
    """Check a monitor's query. Raises :class:`QueryError`."""
    parsed = parse(monitor_type, query)
    check_expression(parsed, query)
    event = event_reference(parsed)
    if event is None:
        return
    check_search(event.source, event.search, query, event.search_span.start)
    for facet in event.group_by:
        check_facet(event.source, facet, query)
    rollup = parsed.body.call("rollup") if isinstance(parsed.body, ChainMonitor) else None
    check_measure(event.source, rollup.values()[0] if rollup else "count", event.measure, query)


def _try(place: str, check: Callable[..., object], *arguments: object) -> Faults:
    try:
        check(*arguments)
    except QueryError as error:
        yield place, error


def _at(properties: Any, path: str) -> Any:
    """Return the value at a dotted path, None where there is none."""
    value = properties
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(properties: Any, path: str) -> str:
    """Return the text at a dotted path; empty where there is none, or none yet."""
    value = _at(properties, path)
    return value if isinstance(value, str) else ""


def _list(properties: Any, path: str) -> list[Any]:
    """Return the list at a dotted path: a list of the program, or the sequence that a policy reads."""
    values = _at(properties, path)
    is_list = isinstance(values, Sequence) and not isinstance(values, str)
    return [value for value in values if value is not None] if is_list else []


def _monitor(properties: Properties) -> Faults:
    if query := _text(properties, "query"):
        yield from _try("query", _check_monitor_query, _text(properties, "type"), query)
    for count in _list(properties, "variables.eventQueries"):
        search = _text(count, "search.query")
        yield from _try(f"variable {_text(count, 'name')}", check_search, _text(count, "dataSource"), search)


def _slo(properties: Properties) -> Faults:
    queries = [(name, _text(properties, f"query.{name}")) for name in ("numerator", "denominator")]
    for part in ("timeSlice.query", "count"):
        for query in _list(properties, f"sliSpecification.{part}.queries"):
            queries.append((f"query {_text(query, 'metricQuery.name')}", _text(query, "metricQuery.query")))
    for place, text in queries:
        if text:
            yield from _try(place, check_metric_query, text)


def _dashboard(properties: Properties) -> Faults:
    text = _text(properties, "dashboard")
    for title, error in boards.faults(json.loads(text)) if text else ():
        yield f"widget {title!r}", error


def _notebook(properties: Properties) -> Faults:
    for cell in _list(properties, "cells"):
        definition = _at(cell, "attributes.definition")
        place = f"cell {_text(definition, 'title')!r}"
        if _text(definition, "type") == "log_stream":
            yield from _try(place, check_search, "logs", _text(definition, "query"))
        for request in _list(definition, "requests"):
            if query := _text(request, "q"):
                yield from _try(place, check_metric_query, query)


def _searched(source: str, path: str) -> Callable[[Properties], Faults]:
    """Return the check of a kind with a search, and perhaps facets that it measures and groups by."""

    def check(properties: Properties) -> Faults:
        yield from _try(path, check_search, source, _text(properties, path))
        if measured := _text(properties, "compute.path"):
            kind = _text(properties, "compute.aggregationType")
            yield from _try("compute", check_measure, source, kind, as_facet(measured), measured)
        for group in _list(properties, "groupBies"):
            facet = _text(group, "path")
            yield from _try("groupBies", check_facet, source, as_facet(facet), facet)

    return check


def _index(properties: Properties) -> Faults:
    for log_filter in _list(properties, "filters"):
        yield from _try("filters", check_search, "logs", _text(log_filter, "query"))
    for exclusion in _list(properties, "exclusionFilters"):
        for log_filter in _list(exclusion, "filters"):
            place = f"exclusion filter {_text(exclusion, 'name')!r}"
            yield from _try(place, check_search, "logs", _text(log_filter, "query"))


def _pipeline(properties: Properties) -> Faults:
    for log_filter in _list(properties, "filters"):
        yield from _try("filters", check_search, "logs", _text(log_filter, "query"))
    yield from _processors(_list(properties, "processors"), set())


def _processors(processors: list[Any], targets: set[str]) -> Faults:
    """Yield the faults of processors. ``targets``: attributes of earlier processors, which later ones may read."""
    for processor in processors:
        for kind, body in processor.items():
            place = f"{kind} {_text(body, 'name')}".strip()
            yield from _processors(_list(body, "processors"), targets)
            paths = [*_list(body, "sources"), _text(body, "source")] if _at(body, "sourceType") != "tag" else []
            for path in filter(None, paths):
                yield from _try(place, _check_read, path, targets)
            for category in _list(body, "categories"):
                yield from _try(place, _check_category, _text(category, "filter.query"), targets)
            targets.add(_text(body, "target"))


ANY_LOG = {"message", "msg", "ddsource", "ddtags"}
"""Attributes of a log before it is read as JSON."""


def _check_read(path: str, targets: set[str]) -> None:
    try:
        check_facet("logs", as_facet(f"@{path}"), path)
    except QueryError as error:
        if path not in targets | ANY_LOG:
            raise violation(error.message, path, as_facet(path).span) from None


def _check_category(search: str, targets: set[str]) -> None:
    try:
        check_search("logs", search)
    except QueryError as error:
        if search[error.start : error.end].lstrip("@") not in targets:
            raise


def _metric(properties: Properties) -> Faults:
    name = _text(properties, "metricName") or _text(properties, "metric")
    if not name:
        return
    yield from _try("metric", check_metric_name, name)
    metric = METRICS.get(name)
    if metric is None:
        return
    for tag in _list(properties, "tags"):
        yield from _try("tags", check_tag, metric, tag)
    if properties.get("includePercentiles") and not metric.percentiles:
        yield "includePercentiles", violation(f"{name} is declared without percentiles", name, as_facet(name).span)


CHECKS: Mapping[str, Callable[[Properties], Faults]] = {
    "Monitor": _monitor,
    "ServiceLevelObjective": _slo,
    "DashboardJson": _dashboard,
    "LogsMetric": _searched("logs", "filter.query"),
    "LogsArchive": _searched("logs", "query"),
    "LogsIndex": _index,
    "LogsCustomPipeline": _pipeline,
    "SpansMetric": _searched("spans", "filter.query"),
    "ApmRetentionFilter": _searched("spans", "filter.query"),
    "RumMetric": _searched("rum", "filter.query"),
    "RumRetentionFilter": _searched("rum", "query"),
    "MetricTagConfiguration": _metric,
    "MetricMetadata": _metric,
    "Notebook": _notebook,
}
"""By the last part of the engine's type token."""
