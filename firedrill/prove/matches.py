"""The matches of a monitor's queries in telemetry: whether there are any, and how many groups they form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from firedrill.evaluate import Recording
from firedrill.evaluate.event.queries import TRACKS, EventQuery, is_metric_formula, read_queries
from firedrill.evaluate.event.search import find_events
from firedrill.evaluate.metric.scope import group_of, selects, tag_values
from firedrill.evaluate.model import Json
from firedrill.query import Query, parse, parse_metric_query
from firedrill.query.tree import And, ChainMonitor, Everything, In, MetricQuery, Node, Scope, Tag, walk


@dataclass(frozen=True)
class Stretch:
    """Telemetry between two times (epoch seconds)."""

    telemetry: Recording
    start: float
    end: float

    def tag_sets(self, metric: str) -> list[dict[str, list[str]]]:
        """Return the tags of each series of a metric, by key."""
        return [tag_values(series.tags) for series in self.telemetry.series(metric, self.start, self.end)]


def unmatched(monitor: Json, stretch: Stretch) -> Iterator[str]:
    """Yield what a monitor asks for that nothing in the telemetry has: a metric, a scope, a group, a search.

    Raises :class:`Refused` for a query that cannot be evaluated.
    """
    query = parse(monitor["type"], monitor["query"])
    for text, part in _metric_queries(query, monitor):
        yield from _unmatched_series(text, part, stretch)
    for search in _event_queries(query, monitor).values():
        yield from _unmatched_events(search, stretch)


def group_counts(monitor: Json, stretch: Stretch) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield, for each query of a monitor, the number of its groups in the telemetry and the tags that form them."""
    query = parse(monitor["type"], monitor["query"])
    for _, part in _metric_queries(query, monitor):
        by = tuple(word.text for word in part.by)
        tag_sets = [tags for tags in stretch.tag_sets(part.metric.text) if selects(part.scope, tags)]
        yield len({group for tags in tag_sets if (group := group_of(by, tags)) is not None}), by
    for search in _event_queries(query, monitor).values():
        yield len(find_events(search, stretch.telemetry, stretch.start, stretch.end).keys), search.by


def _metric_queries(query: Query, monitor: Json) -> Iterator[tuple[str, MetricQuery]]:
    """Yield the metric queries of a monitor and of its formula, each with the text that it is part of."""
    trees: list[tuple[str, Node]] = [(query.text, query.body)]
    variables = (monitor.get("options") or {}).get("variables") or ()
    texts = [variable["query"] for variable in variables if variable.get("data_source") == "metrics"]
    trees += [(text, parse_metric_query(text)) for text in texts]
    for text, tree in trees:
        yield from ((text, node) for node in walk(tree) if isinstance(node, MetricQuery))


def _event_queries(query: Query, monitor: Json) -> dict[str, EventQuery]:
    options = monitor.get("options") or {}
    heads = {*TRACKS, "formula"}
    if not isinstance(query.body, ChainMonitor) or query.body.head.text not in heads or is_metric_formula(options):
        return {}
    return read_queries(query, options)


def _unmatched_series(text: str, query: MetricQuery, stretch: Stretch) -> Iterator[str]:
    metric, every = query.metric.text, stretch.tag_sets(query.metric.text)
    matching = [tags for tags in every if selects(query.scope, tags)]
    by = tuple(word.text for word in query.by)
    if not every:
        yield f"nothing emits {metric}: it can never fire"
    elif not matching:
        single = [part for part in _parts(query.scope) if not any(selects(part, tags) for tags in every)]
        for part in single:
            yield f"no series of {metric} has the tag {_text(text, part)}"
        if not single:
            yield f"no series of {metric} matches {{{_text(text, query.scope)}}}"
    elif not any(group_of(by, tags) is not None for tags in matching):
        missing = [key for key in by if not any(key in tags for tags in matching)]
        yield f"no series of {metric} that it selects has the tag {' and '.join(missing or by)} of the group-by"


def _parts(scope: Scope) -> list[Scope]:
    """Return the conditions of a scope that must all hold, if each asks for a tag."""
    parts = scope.items if isinstance(scope, And) else (scope,)
    return [part for part in parts if isinstance(part, Tag) or (isinstance(part, In) and not part.negated)]


def _text(text: str, scope: Scope) -> str:
    return "*" if isinstance(scope, Everything) else text[scope.span.start : scope.span.end].strip()


def _unmatched_events(query: EventQuery, stretch: Stretch) -> Iterator[str]:
    every = replace(query, measure=None, by=())
    if not find_events(every, stretch.telemetry, stretch.start, stretch.end).keys:
        index = f" in the index {', '.join(sorted(query.indexes))}" if query.indexes else ""
        hours = round((stretch.end - stretch.start) / 3600)
        yield f"no event of the {query.track}{index} in {hours} hours matches {query.search}"
        return
    for facet in query.by:
        alone = replace(every, by=(facet,))
        if not find_events(alone, stretch.telemetry, stretch.start, stretch.end).keys:
            yield f"no event of the {query.track} that matches {query.search} has {facet} of the group-by"
