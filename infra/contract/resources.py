"""Which properties of which kinds of resource are queries, as the engine receives them."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from firedrill.query import QueryError, event_reference, parse
from firedrill.query.tree import ChainMonitor
from infra.contract import boards
from infra.contract.metrics import check_expression, check_metric_name, check_metric_query, check_tag
from infra.contract.nearest import violation
from infra.contract.searches import check_facet, check_measure, check_search, whole
from service.telemetry import METRICS

Properties = Mapping[str, Any]
Found = Iterator[tuple[str, QueryError]]
"""Where in the resource, and what is wrong."""


def faults(kind: str, properties: Properties) -> Found:
    """What is wrong with a resource of a kind (``Monitor``), by the engine's names of its properties.

    Properties that are not known yet are not looked at: whoever builds a query from them checks it with a stand-in.
    """
    return CHECKS[kind](properties) if kind in CHECKS else iter(())


def check_query(monitor_type: str, query: str) -> None:
    """A monitor's query. Raises :class:`QueryError`."""
    parsed = parse(monitor_type, query)
    check_expression(parsed, query)
    event = event_reference(parsed)
    if event is None:
        return
    check_search(event.source, event.search, query, event.search_span.start)
    for facet in event.group_by:
        check_facet(event.source, facet, query)
    rollup = parsed.body.step("rollup") if isinstance(parsed.body, ChainMonitor) else None
    check_measure(event.source, rollup.values()[0] if rollup else "count", event.measure, query)


def _try(place: str, check: Callable[..., object], *arguments: object) -> Found:
    try:
        check(*arguments)
    except QueryError as error:
        yield place, error


def _at(properties: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    value = properties
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(properties: Any, path: str) -> str:
    """The text at a dotted path; empty where there is none, or none yet."""
    value = _at(properties, path)
    return value if isinstance(value, str) else ""


def _list(properties: Any, path: str) -> list[Any]:
    found = _at(properties, path)
    return [one for one in found if one is not None] if isinstance(found, list) else []


def _monitor(properties: Properties) -> Found:
    if query := _text(properties, "query"):
        yield from _try("query", check_query, _text(properties, "type"), query)


def _slo(properties: Properties) -> Found:
    queries = [(name, _text(properties, f"query.{name}")) for name in ("numerator", "denominator")]
    for part in ("timeSlice.query", "count"):
        for one in _list(properties, f"sliSpecification.{part}.queries"):
            queries.append((f"query {_text(one, 'metricQuery.name')}", _text(one, "metricQuery.query")))
    for place, query in queries:
        if query:
            yield from _try(place, check_metric_query, query)


def _dashboard(properties: Properties) -> Found:
    text = _text(properties, "dashboard")
    for title, error in boards.faults(json.loads(text)) if text else ():
        yield f"widget {title!r}", error


def _searched(source: str, path: str) -> Callable[[Properties], Found]:
    """Kinds with a search, and perhaps the facets that they measure and group by."""

    def check(properties: Properties) -> Found:
        yield from _try(path, check_search, source, _text(properties, path))
        if measured := _text(properties, "compute.path"):
            kind = _text(properties, "compute.aggregationType")
            yield from _try("compute", check_measure, source, kind, whole(measured), measured)
        for group in _list(properties, "groupBies"):
            facet = _text(group, "path")
            yield from _try("groupBies", check_facet, source, whole(facet), facet)

    return check


def _index(properties: Properties) -> Found:
    for one in _list(properties, "filters"):
        yield from _try("filters", check_search, "logs", _text(one, "query"))
    for exclusion in _list(properties, "exclusionFilters"):
        for one in _list(exclusion, "filters"):
            place = f"exclusion filter {_text(exclusion, 'name')!r}"
            yield from _try(place, check_search, "logs", _text(one, "query"))


def _pipeline(properties: Properties) -> Found:
    for one in _list(properties, "filters"):
        yield from _try("filters", check_search, "logs", _text(one, "query"))
    yield from _processors(_list(properties, "processors"), set())


def _processors(processors: list[Any], made: set[str]) -> Found:
    """``made``: the attributes that earlier processors made, which later ones may read."""
    for one in processors:
        for kind, body in one.items():
            place = f"{kind} {_text(body, 'name')}".strip()
            yield from _processors(_list(body, "processors"), made)
            read = [*_list(body, "sources"), _text(body, "source")] if _at(body, "sourceType") != "tag" else []
            for path in filter(None, read):
                yield from _try(place, _check_read, path, made)
            for category in _list(body, "categories"):
                yield from _try(place, _check_category, _text(category, "filter.query"), made)
            made.add(_text(body, "target"))


OF_ANY_LOG = {"message", "msg", "ddsource", "ddtags"}
"""What a log has before it is read as JSON."""


def _check_read(path: str, made: set[str]) -> None:
    try:
        check_facet("logs", whole(f"@{path}"), path)
    except QueryError as error:
        if path not in made | OF_ANY_LOG:
            raise violation(error.message, path, whole(path).span) from None


def _check_category(search: str, made: set[str]) -> None:
    try:
        check_search("logs", search)
    except QueryError as error:
        if search[error.start : error.end].lstrip("@") not in made:
            raise


def _metric(properties: Properties) -> Found:
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
        yield "includePercentiles", violation(f"{name} is declared without percentiles", name, whole(name).span)


CHECKS: Mapping[str, Callable[[Properties], Found]] = {
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
}
"""By the last part of the engine's token."""
