"""Check monitors against a contract: what no service emits is named, with the nearest name that there is."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from firedrill.contract.contract import Contract, Values
from firedrill.evaluate.model import Json
from firedrill.logs.search import SearchError, parse_search
from firedrill.logs.search_tree import Text
from firedrill.query import QueryError, metric_references, parse, parse_metric_query
from firedrill.query.references import EventReference, MetricReference, event_reference

TRACKS = {
    "logs": "logs",
    "spans": "spans",
    "trace-analytics": "spans",
    "rum": "rum",
}
"""The track of each function of event monitors whose events a contract knows."""
UNIFIED = ("service", "env", "version")
"""The tags that every service has with its own values."""


def contract_faults(contract: Contract, monitor: Json, any_value: Collection[str] = ()) -> list[str]:
    """Return what a monitor reads and nobody emits. Of the tags in ``any_value``, every value is allowed.

    A query that cannot be parsed has another finding.
    """
    try:
        query = parse(str(monitor["type"]), str(monitor["query"]))
    except QueryError:
        return []
    faults = [text for item in metric_references(query) for text in _metric(contract, item, any_value)]
    event = event_reference(query)
    if event is not None and event.source in TRACKS:
        faults += _event(contract, event, any_value)
    return list(dict.fromkeys(faults))


def query_faults(contract: Contract, query: str, any_value: Collection[str] = ()) -> list[str]:
    """Return what a metric query, such as an SLO's, reads and nobody emits. Raises :class:`QueryError`."""
    references = metric_references(parse_metric_query(query))
    return [text for item in references for text in _metric(contract, item, any_value)]


def _metric(contract: Contract, reference: MetricReference, any_value: Collection[str]) -> Iterator[str]:
    metric = contract.metrics.get(reference.metric)
    if metric is None:
        yield f"nothing emits the metric {reference.metric}{_nearest(reference.metric, contract.metrics)}"
        return
    for tag in reference.filters:
        yield from _pair(reference.metric, metric.tags, tag.key, tag.value, any_value)
    for word in reference.group_by:
        yield from _pair(reference.metric, metric.tags, word.text, None, any_value)


def _event(contract: Contract, reference: EventReference, any_value: Collection[str]) -> Iterator[str]:
    track = TRACKS[reference.source]
    fields = contract.events.get(track)
    if fields is None:
        yield f"the contract has no {track}"
        return
    try:
        terms = list(parse_search(reference.search).terms)
    except SearchError:
        return
    for term in terms:
        if term.key is not None and term.key != "*":
            exact = isinstance(term.value, Text) and not term.value.wildcards
            value = term.value.parts[0] if exact and isinstance(term.value, Text) else None
            yield from _pair(track, fields, term.key, value, any_value)
    for word in (*reference.group_by, *([reference.measure] if reference.measure else [])):
        yield from _pair(track, fields, word.text, None, any_value)


def _pair(owner: str, known: Values, key: str, value: str | None, any_value: Collection[str]) -> Iterator[str]:
    if key not in known:
        yield f"{owner} has no {key}{_nearest(key, known)}"
    elif value and "*" not in value and known[key] and value not in known[key] and key not in any_value:
        yield f"{owner} has no {key}:{value}, only {', '.join(known[key])}"


def _nearest(name: str, names: Iterable[str]) -> str:
    similar = get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f" (did you mean {similar[0]}?)" if similar else ""
