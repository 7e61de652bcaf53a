"""One fault at a time put into a monitor: would any scenario notice?

Threshold both ways, window, aggregator, comparator, each filter, the grouping, the No Data option; a composite's
operators and members; a synthetic test's locations and duration.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from firedrill.evaluate import Account
from firedrill.evaluate.model import Json
from firedrill.prove import objectives
from firedrill.prove.edit import swap, without
from firedrill.query import Query, canonical, parse
from firedrill.query.tree import (
    BothOf,
    ChainMonitor,
    EitherOf,
    Everything,
    MetricMonitor,
    MetricQuery,
    Node,
    Number,
    Tag,
    Text,
    Word,
    walk,
)

FACTORS = (2.0, 0.5)
COMPARATORS = {">": ("<", ">="), ">=": ("<=", ">"), "<": (">", "<="), "<=": (">=", "<")}
WINDOWS = {"1m": ("5m",), "5m": ("15m", "1m"), "10m": ("30m", "5m"), "15m": ("1h", "5m"), "30m": ("2h", "10m"),
           "1h": ("4h", "15m"),
           "2h": ("4h", "30m"), "4h": ("1d", "1h"), "1d": ("2d", "4h"), "6h": ("12h", "2h")}  # fmt: skip
"""Windows that Datadog offers, about three times longer and shorter."""
PLAIN = ("avg", "max", "min", "sum")
MISSING = ("default", "resolve", "show_no_data", "show_and_notify_no_data")


@dataclass(frozen=True)
class Mutant:
    """A monitor with one fault. ``test`` replaces the synthetic test of the same id, ``slo`` the objective."""

    what: str
    monitor: Json
    test: Json | None = None
    slo: Json | None = None


def mutants(monitor: Json, account: Account) -> list[Mutant]:
    """Every fault that this monitor can have, in itself, its synthetic test or its objective."""
    found = [
        *_thresholds(monitor),
        *_query(monitor),
        *_missing(monitor),
        *_synthetic(monitor, account.synthetics),
        *_objective(monitor, account.slos),
    ]
    return [one for one in found if one.monitor != monitor or one.test is not None or one.slo is not None]


def _objective(monitor: Json, slos: list[Json]) -> Iterator[Mutant]:
    body = _body(monitor)
    if not isinstance(body, ChainMonitor) or monitor["type"] != "slo alert":
        return
    slo = next((one for one in slos if str(one["id"]) == body.argument.value), None)
    over = body.step("over")
    if slo is None or over is None:
        return
    yield from (Mutant(f"objective: {what}", monitor, slo=changed) for what, changed in objectives.faults(slo))
    known = over.values()[0]
    if (other := objectives.TIMEFRAMES.get(known)) is not None:
        query = _text(swap(body, over, replace(over, arguments=(_quoted(over.arguments[0], other),))))
        yield Mutant(
            f"objective: over {known} → {other}", _with(monitor, query), slo=objectives.of_timeframe(slo, other)
        )


def _with(monitor: Json, query: str | None = None, **options: Any) -> Json:
    changed = copy.deepcopy(monitor)
    if query is not None:
        changed["query"] = query
    changed.setdefault("options", {}).update(options)
    return changed


def _thresholds(monitor: Json) -> Iterator[Mutant]:
    body = _body(monitor)
    if not isinstance(body, MetricMonitor | ChainMonitor):
        return
    known = (monitor.get("options") or {}).get("thresholds") or {}
    for factor in FACTORS:
        number = f"{body.threshold.value * factor:g}"
        scaled = {name: float(value) * factor for name, value in known.items() if value is not None}
        query = _text(replace(body, threshold=Number(number)))
        yield Mutant(f"threshold {body.threshold.text} → {number}", _with(monitor, query, thresholds=scaled))
    for other in COMPARATORS.get(body.comparator.text, ()):
        query = _text(replace(body, comparator=Word(other)))
        yield Mutant(f"comparator {body.comparator.text} → {other}", _with(monitor, query))


def _query(monitor: Json) -> Iterator[Mutant]:
    body = _body(monitor)
    if isinstance(body, MetricMonitor):
        yield from (Mutant(what, _with(monitor, _text(node))) for what, node in _metric(body))
    elif isinstance(body, ChainMonitor):
        yield from (Mutant(what, _with(monitor, _text(node))) for what, node in _chain(body))
        yield from _counts(monitor)
    elif isinstance(body, BothOf | EitherOf):
        yield from (Mutant(what, _with(monitor, _text(node))) for what, node in _composite(body))


def _metric(body: MetricMonitor) -> Iterator[tuple[str, Node]]:
    for other in WINDOWS.get(body.window.text.removeprefix("last_"), ()):
        window = replace(body.window, text=f"last_{other}")
        yield f"window {body.window.text} → last_{other}", replace(body, window=window)
    if body.aggregator.text in PLAIN:
        for other in PLAIN:
            yield f"aggregator of the window {body.aggregator.text} → {other}", replace(body, aggregator=Word(other))
    for query in [node for node in walk(body) if isinstance(node, MetricQuery)]:
        for other in (*PLAIN, *(("p50",) if query.aggregator.text.startswith("p") else ())):
            changed = swap(body, query, replace(query, aggregator=Word(other)))
            if not query.aggregator.text.startswith("p") or other == "p50":
                yield f"aggregator of {query.metric} {query.aggregator} → {other}", changed
        for tag in [node for node in walk(query.scope) if isinstance(node, Tag)]:
            scope = without(query.scope, tag) or Everything()
            yield f"filter {_text(tag)} of {query.metric} dropped", swap(body, query, replace(query, scope=scope))  # type: ignore[arg-type]  # a scope without a part is a scope
        for word in query.by:
            rest = tuple(one for one in query.by if one is not word)
            yield f"group {word} of {query.metric} dropped", swap(body, query, replace(query, by=rest))


def _without_each_term(search: str) -> Iterator[tuple[str, str]]:
    """Each term of a search, and the search without it."""
    terms = re.findall(r'-?(?:[^\s()"]|"[^"]*"|\([^)]*\))+', search)
    for term in terms:
        yield term, " ".join(one for one in terms if one is not term) or "*"


def _counts(monitor: Json) -> Iterator[Mutant]:
    """Faults in the searches that the names of a formula stand for."""
    for variable in (monitor.get("options") or {}).get("variables") or ():
        if "search" in variable:
            for term, rest in _without_each_term(variable["search"]["query"]):
                changed = copy.deepcopy(monitor)
                one = next(one for one in changed["options"]["variables"] if one["name"] == variable["name"])
                one["search"]["query"] = rest
                yield Mutant(f"filter {term} of {variable['name']} dropped", changed)


def _chain(body: ChainMonitor) -> Iterator[tuple[str, Node]]:
    if body.head.text not in ("burn_rate", "error_budget", "formula"):
        for term, rest in _without_each_term(body.argument.value):
            yield f"filter {term} dropped", replace(body, argument=_quoted(body.argument, rest))
    for step in body.steps:
        if step.name in ("last", "long_window", "short_window"):
            for other in WINDOWS.get(step.values()[0], ()):
                changed = replace(step, arguments=(_quoted(step.arguments[0], other),))
                yield f"{step.name} {step.values()[0]} → {other}", swap(body, step, changed)
        elif step.name == "by":
            yield (
                f"group {', '.join(step.values())} dropped",
                replace(body, steps=tuple(one for one in body.steps if one is not step)),
            )


def _composite(body: BothOf | EitherOf) -> Iterator[tuple[str, Node]]:
    other = EitherOf if isinstance(body, BothOf) else BothOf
    yield "&& ↔ ||", other(left=body.left, right=body.right)
    yield f"{_text(body.right)} dropped", body.left
    yield f"{_text(body.left)} dropped", body.right


def _missing(monitor: Json) -> Iterator[Mutant]:
    options = monitor.get("options") or {}
    known = options.get("on_missing_data")
    if monitor["type"] in ("composite", "slo alert", "synthetics alert"):
        return
    for other in MISSING:
        if other != (known or "default"):
            yield Mutant(f"No Data option {known or 'default'} → {other}", _with(monitor, on_missing_data=other))


def _synthetic(monitor: Json, tests: list[Json]) -> Iterator[Mutant]:
    for test in tests:
        if monitor["type"] == "synthetics alert" and test.get("monitor_id") == monitor["id"]:
            needed = int((test.get("options") or {}).get("min_location_failed") or 1)
            for other in (needed - 1, needed + 1):
                if 1 <= other <= len(test.get("locations") or ()):
                    changed = {**test, "options": {**test["options"], "min_location_failed": other}}
                    yield Mutant(f"locations {needed} → {other}", monitor, changed)
            lasting = int(test["options"].get("min_failure_duration") or 0)
            changed = {**test, "options": {**test["options"], "min_failure_duration": lasting + 600}}
            yield Mutant(f"failing for {lasting} s → {lasting + 600} s", monitor, changed)


def _body(monitor: Json) -> Node | None:
    if monitor["type"] == "synthetics alert":
        return None
    body: Node = parse(monitor["type"], monitor["query"]).body
    return body


def _text(node: Query | Node) -> str:
    return canonical(node)


def _quoted(old: Text | Word, value: str) -> Text:
    return Text(f'"{value}"', value) if isinstance(old, Word) else replace(old, raw=f'"{value}"', value=value)
