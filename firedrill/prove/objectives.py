"""One fault at a time put into the objective that an alert is about: target, window, filters, aggregators, slices."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from firedrill.evaluate.model import Json
from firedrill.prove.edit import swap, without
from firedrill.query import canonical, parse_metric_query
from firedrill.query.tree import Everything, In, MetricQuery, Tag, Word, walk

TIMEFRAMES = {"7d": "30d", "30d": "7d", "90d": "30d"}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
PLAIN = ("avg", "max", "min", "sum")


def faults(slo: Json) -> Iterator[tuple[str, Json]]:
    """Every fault that an objective can have, with the faulty objective."""
    yield from _targets(slo)
    yield from _slices(slo)
    for place, text in _queries(slo):
        expression = parse_metric_query(text)
        for query in [node for node in walk(expression) if isinstance(node, MetricQuery)]:
            for what, changed in _query(query):
                faulty = copy.deepcopy(slo)
                _set(faulty, place, canonical(swap(expression, query, changed)))
                yield what, faulty


def of_timeframe(slo: Json, other: str) -> Json:
    """The objective with its first target over another time."""
    changed = copy.deepcopy(slo)
    for threshold in changed.get("thresholds") or ():
        threshold["timeframe"] = other
    if changed.get("timeframe"):
        changed["timeframe"] = other
    return changed


def _targets(slo: Json) -> Iterator[tuple[str, Json]]:
    """Twice and half the budget."""
    for factor in (2.0, 0.5):
        changed, known = copy.deepcopy(slo), None
        for holder, key in (
            (changed, "target_threshold"),
            *((one, "target") for one in changed.get("thresholds") or ()),
        ):
            if holder.get(key) is not None:
                known = float(holder[key])
                holder[key] = round(100 - (100 - known) * factor, 6)
        if known is not None and 0 < 100 - (100 - known) * factor < 100:
            yield f"target {known:g} → {100 - (100 - known) * factor:g}", changed


def _slices(slo: Json) -> Iterator[tuple[str, Json]]:
    given = (slo.get("sli_specification") or {}).get("time_slice")
    if not given:
        return
    comparator, threshold = str(given["comparator"]), float(given["threshold"])
    seconds = int(given.get("query_interval_seconds") or 300)
    for what, key, value in (
        (f"slice's comparator {comparator} → {FLIPPED[comparator]}", "comparator", FLIPPED[comparator]),
        (f"slice's threshold {threshold:g} → {threshold * 2:g}", "threshold", threshold * 2),
        (f"slice's threshold {threshold:g} → {threshold / 2:g}", "threshold", threshold / 2),
        (f"slice {seconds} s → {360 - seconds} s", "query_interval_seconds", 360 - seconds),
    ):
        changed = copy.deepcopy(slo)
        changed["sli_specification"]["time_slice"][key] = value
        yield what, changed


Place = tuple[str | int, ...]


def _queries(slo: Json) -> Iterator[tuple[Place, str]]:
    """Where its queries stand, and what they say."""
    for key in ("numerator", "denominator"):
        if (slo.get("query") or {}).get(key):
            yield ("query", key), slo["query"][key]
    specification = slo.get("sli_specification") or {}
    for kind, path in (("time_slice", ("time_slice", "query", "queries")), ("count", ("count", "queries"))):
        if specification.get(kind):
            holder: Any = specification
            for step in path:
                holder = holder[step]
            for number, one in enumerate(holder):
                yield ("sli_specification", *path, number, "query"), one["query"]


def _set(slo: Json, place: Place, text: str) -> None:
    holder: Any = slo
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = text


def _query(query: MetricQuery) -> Iterator[tuple[str, MetricQuery]]:
    aggregator = query.aggregator.text
    for other in ("p50",) if aggregator.startswith("p") else PLAIN:
        if other != aggregator and query.modifier("as_count") is None:
            yield f"aggregator of {query.metric} {aggregator} → {other}", replace(query, aggregator=Word(other))
    for part in [node for node in walk(query.scope) if isinstance(node, Tag | In)]:
        scope = without(query.scope, part) or Everything()
        yield f"filter {canonical(part)} of {query.metric} dropped", replace(query, scope=scope)  # type: ignore[arg-type]  # a scope without a part is a scope
        if isinstance(part, In) and len(part.values) > 1:
            for value in part.values:
                fewer = replace(part, values=tuple(one for one in part.values if one is not value))
                yield f"{value} of {canonical(part)} dropped", replace(query, scope=swap(query.scope, part, fewer))
