"""What a query asks of the telemetry: metrics, aggregators, tags and facets, each with its place in the text.

A contract check compares these with what the service declares, and underlines what does not exist.
"""

from dataclasses import dataclass

from firedrill.query.tree import ChainMonitor, Expression, In, MetricQuery, Node, Query, Span, Tag, Text, Word, walk


@dataclass(frozen=True)
class Filter:
    """One tag that a scope asks for; ``value`` is None for a tag without one."""

    key: str
    value: str | None
    span: Span


@dataclass(frozen=True)
class MetricReference:
    """One metric query inside a monitor's, SLO's or widget's query."""

    metric: str
    aggregator: str
    modifiers: tuple[str, ...]
    filters: tuple[Filter, ...]
    group_by: tuple[Word, ...]
    span: Span
    metric_span: Span
    aggregator_span: Span


@dataclass(frozen=True)
class EventReference:
    """An event query: its search text and the facets and measures it names."""

    source: str
    search: str
    method: str
    measure: Word | None
    group_by: tuple[Word, ...]
    search_span: Span


def metric_references(query: Query | Expression) -> tuple[MetricReference, ...]:
    """All metric queries, in order of the text."""
    node: Node = query.body if isinstance(query, Query) else query
    return tuple(_metric_reference(one) for one in walk(node) if isinstance(one, MetricQuery))


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
        modifiers=tuple(one.name for one in query.modifiers),
        filters=tuple(filters),
        group_by=query.by,
        span=query.span,
        metric_span=query.metric.span,
        aggregator_span=query.aggregator.span,
    )


def event_reference(query: Query) -> EventReference | None:
    """The event query of an event monitor; None for every other type and for formulas."""
    body = query.body
    if not isinstance(body, ChainMonitor) or body.head.text in {"formula", "error_budget", "burn_rate"}:
        return None
    rollup, by = body.step("rollup"), body.step("by")
    method, *measure = rollup.arguments if rollup is not None else ()
    return EventReference(
        source=body.head.text,
        search=body.argument.value,
        method=method.value if isinstance(method, Text) else method.text,
        measure=_words(measure[0])[0] if measure else None,
        group_by=tuple(word for argument in (by.arguments if by else ()) for word in _words(argument)),
        search_span=Span(body.argument.span.start + 1, body.argument.span.end - 1),
    )


def _words(argument: Text | Word) -> tuple[Word, ...]:
    if isinstance(argument, Word):
        return (argument,)
    words, offset = [], argument.span.start + 1
    for part in argument.value.split(","):
        name = part.strip()
        start = offset + len(part) - len(part.lstrip())
        words.append(Word(name, span=Span(start, start + len(name))))
        offset += len(part) + 1
    return tuple(words)
