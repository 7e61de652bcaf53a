"""The contract's check of metric queries: the metric, its aggregation, its tags and their values."""

import re
from collections.abc import Mapping

from firedrill.query import (
    Filter,
    MetricReference,
    Query,
    QueryError,
    TextSpan,
    metric_references,
    parse_formula,
    parse_metric_query,
)
from firedrill.query.tree import Expression, QueryName, walk
from infra.contract.nearest import violation
from service.telemetry import METRICS, Metric

PLAIN_AGGREGATORS = ("avg", "max", "min", "sum")
DISTRIBUTION_AGGREGATORS = (*PLAIN_AGGREGATORS, "count", "histogram")
"""``histogram`` is the aggregation of heat maps."""
PERCENTILE = re.compile(r"p\d\d?(\.\d{1,2})?$")
Variables = Mapping[str, str]
"""The tag of each template variable of a dashboard, by its name without ``$``."""
NO_VARIABLES: Variables = {}


def check_metric_query(query: str, variables: Variables = NO_VARIABLES) -> None:
    """Check the query of an SLO or a widget. Raises :class:`QueryError`."""
    check_expression(parse_metric_query(query), query, variables)


def check_expression(parsed: Query | Expression, query: str, variables: Variables = NO_VARIABLES) -> None:
    """Check all metrics of a parsed query. Raises :class:`QueryError`."""
    for reference in metric_references(parsed):
        _check_metric(reference, query, variables)


def check_formula(formula: str, names: set[str]) -> None:
    """Check a formula over named queries. Raises :class:`QueryError` for a name that no query has."""
    for node in walk(parse_formula(formula)):
        if isinstance(node, QueryName) and node.name not in names:
            raise violation(f"no query is named {node.name!r}", formula, node.span, node.name, names)


def check_metric_name(name: str) -> None:
    """Check a metric's name. Raises :class:`QueryError`."""
    if name not in METRICS:
        raise _undeclared(name, name, TextSpan(0, len(name)))


def check_tag(metric: Metric, key: str) -> None:
    """Check a tag's key. Raises :class:`QueryError`."""
    _tag(metric, key, key, TextSpan(0, len(key)))


def _check_metric(reference: MetricReference, query: str, variables: Variables) -> None:
    metric = METRICS.get(reference.metric)
    if metric is None:
        raise _undeclared(reference.metric, query, reference.metric_span)
    _check_aggregator(metric, reference, query)
    for tag_filter in reference.filters:
        _check_filter(metric, tag_filter, query, variables)
    for tag in reference.group_by:
        _tag(metric, tag.text, query, tag.span)


def _undeclared(name: str, query: str, span: TextSpan) -> QueryError:
    return violation(f"service/telemetry declares no metric {name!r}", query, span, name, METRICS)


def _check_aggregator(metric: Metric, reference: MetricReference, query: str) -> None:
    aggregator, place = reference.aggregator, reference.aggregator_span
    if PERCENTILE.match(aggregator):
        if metric.type != "distribution":
            raise violation(f"{metric.name} is a {metric.type}: it has no {aggregator}", query, place)
        if not metric.percentiles:
            raise violation(f"{metric.name} is declared without percentiles: it has no {aggregator}", query, place)
        return
    allowed = DISTRIBUTION_AGGREGATORS if metric.type == "distribution" else PLAIN_AGGREGATORS
    if aggregator not in allowed:
        raise violation(f"a {metric.type} has no {aggregator!r}, only {', '.join(allowed)}", query, place)
    if metric.type == "distribution" and "as_count" in reference.modifiers and aggregator not in {"sum", "count"}:
        raise violation(f"as_count() adds values up: {aggregator!r} cannot be added", query, place)


def _check_filter(metric: Metric, tag_filter: Filter, query: str, variables: Variables) -> None:
    if tag_filter.key.startswith("$") and variables:
        _check_variable(metric, tag_filter, query, variables)
        return
    _tag(metric, tag_filter.key, query, tag_filter.span)
    values = metric.all_tags[tag_filter.key].values
    if not values or tag_filter.value is None or "*" in tag_filter.value or tag_filter.value.startswith("$"):
        return
    if tag_filter.value not in values:
        message = f"{metric.name} has no {tag_filter.key}:{tag_filter.value}, only {', '.join(values)}"
        raise violation(message, query, tag_filter.span, tag_filter.value, values)


def _check_variable(metric: Metric, tag_filter: Filter, query: str, variables: Variables) -> None:
    name = tag_filter.key[1:]
    if name not in variables:
        raise violation(f"the dashboard has no template variable {name!r}", query, tag_filter.span, name, variables)
    if variables[name] not in metric.all_tags:
        message = f"${name} stands for the tag {variables[name]!r}, which {metric.name} does not have"
        raise violation(message, query, tag_filter.span)


def _tag(metric: Metric, key: str, query: str, span: TextSpan) -> None:
    if key not in metric.all_tags:
        raise violation(f"{metric.name} has no tag {key!r}", query, span, key, metric.all_tags)
