"""References of a query to telemetry: metrics, aggregators, tags and facets, each with its place in the text.

A contract check compares them with the telemetry that the service declares, and underlines those that do not exist.
"""

from dataclasses import dataclass

from firedrill.query.tree import (
    ChainMonitor,
    Expression,
    In,
    MetricQuery,
    Node,
    Query,
    QuotedString,
    Tag,
    TextSpan,
    Word,
    walk,
)


@dataclass(frozen=True)
class Filter:
    """One tag of a scope; ``value`` is None for a tag without a value."""

    key: str
    value: str | None
    span: TextSpan


@dataclass(frozen=True)
class MetricReference:
    """One metric query inside a monitor's, SLO's or widget's query."""

    metric: str
    aggregator: str
    modifiers: tuple[str, ...]
    filters: tuple[Filter, ...]
    group_by: tuple[Word, ...]
    span: TextSpan
    metric_span: TextSpan
    aggregator_span: TextSpan


@dataclass(frozen=True)
class EventReference:
    """An event query: its search, and its facets and measure."""

    source: str
    search: str
    method: str
    measure: Word | None
    group_by: tuple[Word, ...]
    search_span: TextSpan


def metric_references(query: Query | Expression) -> tuple[MetricReference, ...]:
    """Return all metric queries of a query, in order of the text."""
    node: Node = query.body if isinstance(query, Query) else query
    return tuple(_metric_reference(part) for part in walk(node) if isinstance(part, MetricQuery))


def _metric_reference(query: MetricQuery) -> MetricReference:
    filters: list[Filter] = []
    for node in walk(query.scope):
        if isinstance(node, Tag):
            filters.append(Filter(node.key, node.value, node.span))
        elif isinstance(node, In):
            filters.extend(Filter(node.key, word.text, word.span) for word in node.values)
    return MetricReference(
        metric=query.metric.text,
        aggregator=query.aggregator.text,
        modifiers=tuple(modifier.name for modifier in query.modifiers),
        filters=tuple(filters),
        group_by=query.by,
        span=query.span,
        metric_span=query.metric.span,
        aggregator_span=query.aggregator.span,
    )


def event_reference(query: Query) -> EventReference | None:
    """Return the event query of an event monitor; None for every other type and for formulas."""
    body = query.body
    if not isinstance(body, ChainMonitor) or body.head.text in {"formula", "error_budget", "burn_rate"}:
        return None
    rollup, by = body.call("rollup"), body.call("by")
    method, *measure = rollup.arguments if rollup is not None else ()
    return EventReference(
        source=body.head.text,
        search=body.argument.value,
        method=method.value if isinstance(method, QuotedString) else method.text,
        measure=_words(measure[0])[0] if measure else None,
        group_by=tuple(word for argument in (by.arguments if by else ()) for word in _words(argument)),
        search_span=TextSpan(body.argument.span.start + 1, body.argument.span.end - 1),
    )


def _words(argument: QuotedString | Word) -> tuple[Word, ...]:
    if isinstance(argument, Word):
        return (argument,)
    words, offset = [], argument.span.start + 1
    for part in argument.value.split(","):
        name = part.strip()
        start = offset + len(part) - len(part.lstrip())
        words.append(Word(name, span=TextSpan(start, start + len(name))))
        offset += len(part) + 1
    return tuple(words)
