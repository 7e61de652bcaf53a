"""Datadog's query language: parser, syntax tree with places, printer.

>>> str(parse("query alert", "avg(last_5m):avg:app.q{*} > 10"))
'avg(last_5m):avg:app.q{*} > 10'
"""

from firedrill.query.errors import QueryError
from firedrill.query.parser import MONITOR_TYPES, parse, parse_formula, parse_metric_query, parse_scope
from firedrill.query.printer import canonical
from firedrill.query.references import (
    EventReference,
    Filter,
    MetricReference,
    event_reference,
    metric_references,
)
from firedrill.query.tree import Query, TextSpan

__all__ = [
    "MONITOR_TYPES",
    "EventReference",
    "Filter",
    "MetricReference",
    "Query",
    "QueryError",
    "TextSpan",
    "canonical",
    "event_reference",
    "metric_references",
    "parse",
    "parse_formula",
    "parse_metric_query",
    "parse_scope",
]
