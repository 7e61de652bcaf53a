"""Metric queries against the contract: the metric, its aggregation, its tags and their values."""

import re
from collections.abc import Mapping

from firedrill.query import (
    Filter,
    MetricReference,
    Query,
    QueryError,
    Span,
    metric_references,
    parse_formula,
    parse_metric_query,
)
from firedrill.query.tree import Expression, Variable, walk
from infra.contract.nearest import violation
from service.telemetry import METRICS, Metric

PLAIN_AGGREGATORS = ("avg", "max", "min", "sum")
DISTRIBUTION_AGGREGATORS = (*PLAIN_AGGREGATORS, "count", "histogram")
"""``histogram`` is what heat maps ask for."""
PERCENTILE = re.compile(r"p\d\d?(\.\d{1,2})?$")
Variables = Mapping[str, str]
"""Template variables of a dashboard: name (without ``$``) to the tag that it stands for."""
NO_VARIABLES: Variables = {}


def check_metric_query(query: str, variables: Variables = NO_VARIABLES) -> None:
    """The query of an SLO or a widget. Raises :class:`QueryError`."""
    check_expression(parse_metric_query(query), query, variables)


def check_expression(parsed: Query | Expression, query: str, variables: Variables = NO_VARIABLES) -> None:
    """All metrics of a parsed query. Raises :class:`QueryError`."""
    for reference in metric_references(parsed):
        _check_metric(reference, query, variables)


def check_formula(formula: str, names: set[str]) -> None:
    """A formula over named queries. Raises :class:`QueryError` for a name that is no query's."""
    for node in walk(parse_formula(formula)):
        if isinstance(node, Variable) and node.name not in names:
            raise violation(f"no query is named {node.name!r}", formula, node.span, node.name, names)


def check_metric_name(name: str) -> None:
    """A metric that is named by itself. Raises :class:`QueryError`."""
    if name not in METRICS:
        raise _undeclared(name, name, Span(0, len(name)))


def check_tag(metric: Metric, key: str) -> None:
    """A tag that is named by itself. Raises :class:`QueryError`."""
    _tag(metric, key, key, Span(0, len(key)))


def _check_metric(reference: MetricReference, query: str, variables: Variables) -> None:
    metric = METRICS.get(reference.metric)
    if metric is None:
        raise _undeclared(reference.metric, query, reference.metric_span)
    _check_aggregator(metric, reference, query)
    for one in reference.filters:
        _check_filter(metric, one, query, variables)
    for tag in reference.group_by:
        _tag(metric, tag.text, query, tag.span)


def _undeclared(name: str, query: str, span: Span) -> QueryError:
    return violation(f"service/telemetry.py declares no metric {name!r}", query, span, name, METRICS)


def _check_aggregator(metric: Metric, reference: MetricReference, query: str) -> None:
    asked, place = reference.aggregator, reference.aggregator_span
    if PERCENTILE.match(asked):
        if metric.type != "distribution":
            raise violation(f"{metric.name} is a {metric.type}: it has no {asked}", query, place)
        if not metric.percentiles:
            raise violation(f"{metric.name} is declared without percentiles: it has no {asked}", query, place)
        return
    known = DISTRIBUTION_AGGREGATORS if metric.type == "distribution" else PLAIN_AGGREGATORS
    if asked not in known:
        raise violation(f"a {metric.type} has no {asked!r}, only {', '.join(known)}", query, place)
    if metric.type == "distribution" and "as_count" in reference.modifiers and asked not in {"sum", "count"}:
        raise violation(f"as_count() adds values up: {asked!r} cannot be added", query, place)


def _check_filter(metric: Metric, one: Filter, query: str, variables: Variables) -> None:
    if one.key.startswith("$") and variables:
        _check_variable(metric, one, query, variables)
        return
    _tag(metric, one.key, query, one.span)
    values = metric.all_tags[one.key].values
    if not values or one.value is None or "*" in one.value or one.value.startswith("$"):
        return
    if one.value not in values:
        message = f"{metric.name} has no {one.key}:{one.value}, only {', '.join(values)}"
        raise violation(message, query, one.span, one.value, values)


def _check_variable(metric: Metric, one: Filter, query: str, variables: Variables) -> None:
    name = one.key[1:]
    if name not in variables:
        raise violation(f"the dashboard has no template variable {name!r}", query, one.span, name, variables)
    if variables[name] not in metric.all_tags:
        message = f"${name} stands for the tag {variables[name]!r}, which {metric.name} does not have"
        raise violation(message, query, one.span)


def _tag(metric: Metric, key: str, query: str, span: Span) -> None:
    if key not in metric.all_tags:
        raise violation(f"{metric.name} has no tag {key!r}", query, span, key, metric.all_tags)
