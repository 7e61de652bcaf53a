"""The data that a monitor reads, made for it from its definition: telemetry, an SLO, the members of a composite.

The telemetry has a series for each metric query, with the tags that its scope and its groups name, and events with the
facets that a search is grouped by. It says nothing of the account that the monitor comes from.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from firedrill.evaluate.event.queries import DATA_SOURCES, TRACKS
from firedrill.prove.ordinary import Ordinary, OrdinarySignal
from firedrill.query import QueryError, parse, parse_metric_query
from firedrill.query.tree import And, ChainMonitor, In, MetricQuery, Node, Or, ParenthesizedScope, Scope, Tag, walk

Json = dict[str, Any]


def ordinary_for(monitor: Mapping[str, Any]) -> Ordinary:
    """Return ordinary telemetry for one monitor (the API's JSON); a query that cannot be read adds nothing."""
    signals = {f"signal {number}": signal for number, signal in enumerate(_signals(monitor))}
    return Ordinary(signals=signals or {"none": OrdinarySignal(metric="none")})


def account_for(monitor: Mapping[str, Any]) -> tuple[list[Json], Json]:
    """Return the monitors and the other objects that a composite or an SLO alert refers to."""
    query = str(monitor.get("query") or "")
    if monitor.get("type") == "composite":
        members = dict.fromkeys(re.findall(r"\d+", query))
        text = "avg(last_5m):avg:member{*} > 1"
        return [{"id": int(member), "type": "query alert", "query": text, "name": member} for member in members], {}
    slo = re.search(r'(?:error_budget|burn_rate)\("([^"]+)"\)\.over\("(\d+d)"\)', query)
    if slo is None:
        return [], {}
    counts = {"numerator": "sum:slo.good{*}.as_count()", "denominator": "sum:slo.all{*}.as_count()"}
    thresholds = [{"timeframe": slo[2], "target": 99.0}]
    return [], {"slos": [{"id": slo[1], "type": "metric", "query": counts, "thresholds": thresholds}]}


def _signals(monitor: Mapping[str, Any]) -> Iterator[OrdinarySignal]:
    variables = (monitor.get("options") or {}).get("variables") or ()
    try:
        body = parse(monitor["type"], monitor["query"]).body
        yield from _of_metrics(body)
        if isinstance(body, ChainMonitor) and body.head.text in TRACKS:
            by = body.call("by")
            facets = [name.strip() for value in (by.values() if by is not None else ()) for name in value.split(",")]
            yield _event(TRACKS[body.head.text], facets)
        for variable in variables:
            if variable.get("data_source") == "metrics":
                yield from _of_metrics(parse_metric_query(variable["query"]))
            elif variable.get("data_source") in DATA_SOURCES:
                groups = [str(group.get("facet")) for group in variable.get("group_by") or ()]
                yield _event(DATA_SOURCES[variable["data_source"]], groups)
    except (QueryError, KeyError):
        return


def _event(track: str, facets: list[str]) -> OrdinarySignal:
    attributes = {facet: "a" for facet in facets if facet not in {"", "*"}}
    return OrdinarySignal(track=track, rate=1, event={"status": "error", "message": "text", **attributes})


def _of_metrics(tree: Node) -> Iterator[OrdinarySignal]:
    for node in walk(tree):
        if isinstance(node, MetricQuery):
            tags = dict(_tags(node.scope)) | {word.text: "a" for word in node.by}
            yield OrdinarySignal(metric=node.metric.text, tags={**tags, **dict(_tags(node.scope))}, **_kind(node))


def _kind(query: MetricQuery) -> Json:
    if query.modifier("as_count") is not None or query.modifier("as_rate") is not None:
        return {"type": "count", "rate": 5}
    is_distribution = query.aggregator.text == "count" or query.aggregator.text.startswith("p")
    return {"type": "distribution" if is_distribution else "gauge", "rate": 5, "value": 10}


def _tags(scope: Scope) -> Iterator[tuple[str, str]]:
    """Yield tags of a series that a scope selects, if it has no negations."""
    match scope:
        case Tag() if scope.value is not None:
            yield scope.key, scope.value.replace("*", "x")
        case And():
            for item in scope.items:
                yield from _tags(item)
        case Or():
            yield from _tags(scope.items[0])
        case ParenthesizedScope():
            yield from _tags(scope.item)
        case In() if not scope.negated:
            yield scope.key, scope.values[0].text.replace("*", "x")
