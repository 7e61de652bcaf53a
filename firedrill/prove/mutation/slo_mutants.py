"""Mutants of an SLO: one fault at a time in its target, window, filters, aggregators or slices."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from firedrill.evaluate.model import Json
from firedrill.prove.mutation.query_edit import remove_filter, replace_node
from firedrill.query import canonical, parse_metric_query
from firedrill.query.tree import Everything, In, MetricQuery, Tag, Word, walk

TIMEFRAMES = {"7d": "30d", "30d": "7d", "90d": "30d"}
COMPARATORS = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
AGGREGATORS = ("avg", "max", "min", "sum")
QUERY_LISTS = (("time_slice", "query", "queries"), ("count", "queries"))
"""The paths to the lists of queries in an SLO's specification."""
Path = tuple[str | int, ...]


def slo_mutants(slo: Json) -> Iterator[tuple[str, Json]]:
    """Yield every fault of an SLO with the faulty SLO."""
    yield from _targets(slo)
    yield from _slices(slo)
    for path, text in _queries(slo):
        expression = parse_metric_query(text)
        for query in [node for node in walk(expression) if isinstance(node, MetricQuery)]:
            for fault, changed in _query_faults(query):
                faulty = copy.deepcopy(slo)
                _set(faulty, path, canonical(replace_node(expression, query, changed)))
                yield fault, faulty


def with_timeframe(slo: Json, timeframe: str) -> Json:
    """Return an SLO with its targets over another time."""
    changed = copy.deepcopy(slo)
    for threshold in changed.get("thresholds") or ():
        threshold["timeframe"] = timeframe
    if changed.get("timeframe"):
        changed["timeframe"] = timeframe
    return changed


def _targets(slo: Json) -> Iterator[tuple[str, Json]]:
    """Yield the SLO with twice and with half the error budget."""
    for factor in (2.0, 0.5):
        changed, target = copy.deepcopy(slo), None
        for holder, key in (
            (changed, "target_threshold"),
            *((threshold, "target") for threshold in changed.get("thresholds") or ()),
        ):
            if holder.get(key) is not None:
                target = float(holder[key])
                holder[key] = round(100 - (100 - target) * factor, 6)
        if target is not None and 0 < 100 - (100 - target) * factor < 100:
            yield f"target {target:g} → {100 - (100 - target) * factor:g}", changed


def _slices(slo: Json) -> Iterator[tuple[str, Json]]:
    time_slice = (slo.get("sli_specification") or {}).get("time_slice")
    if not time_slice:
        return
    comparator, threshold = str(time_slice["comparator"]), float(time_slice["threshold"])
    seconds = int(time_slice.get("query_interval_seconds") or 300)
    for fault, key, value in (
        (f"slice's comparator {comparator} → {COMPARATORS[comparator]}", "comparator", COMPARATORS[comparator]),
        (f"slice's threshold {threshold:g} → {threshold * 2:g}", "threshold", threshold * 2),
        (f"slice's threshold {threshold:g} → {threshold / 2:g}", "threshold", threshold / 2),
        (f"slice {seconds} s → {360 - seconds} s", "query_interval_seconds", 360 - seconds),
    ):
        changed = copy.deepcopy(slo)
        changed["sli_specification"]["time_slice"][key] = value
        yield fault, changed


def _queries(slo: Json) -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of each of an SLO's queries."""
    for key in ("numerator", "denominator"):
        if (slo.get("query") or {}).get(key):
            yield ("query", key), slo["query"][key]
    specification = slo.get("sli_specification") or {}
    for path in QUERY_LISTS:
        if specification.get(path[0]):
            queries: Any = specification
            for key in path:
                queries = queries[key]
            for place, query in enumerate(queries):
                yield ("sli_specification", *path, place, "query"), query["query"]


def _set(slo: Json, path: Path, text: str) -> None:
    holder: Any = slo
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = text


def _query_faults(query: MetricQuery) -> Iterator[tuple[str, MetricQuery]]:
    aggregator = query.aggregator.text
    for other in ("p50",) if aggregator.startswith("p") else AGGREGATORS:
        if other != aggregator and query.modifier("as_count") is None:
            yield f"aggregator of {query.metric} {aggregator} → {other}", replace(query, aggregator=Word(other))
    for part in [node for node in walk(query.scope) if isinstance(node, Tag | In)]:
        scope = remove_filter(query.scope, part) or Everything()
        yield f"filter {canonical(part)} of {query.metric} dropped", replace(query, scope=scope)  # type: ignore[arg-type]  # a scope without a part is a scope
        if isinstance(part, In) and len(part.values) > 1:
            for value in part.values:
                fewer = replace(part, values=tuple(other for other in part.values if other is not value))
                scope = replace_node(query.scope, part, fewer)
                yield f"{value} of {canonical(part)} dropped", replace(query, scope=scope)
