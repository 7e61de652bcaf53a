"""Mutants: copies of a monitor, each with one fault that a scenario should notice.

The faults are in the threshold (both ways), the window, the aggregator, the comparator, each filter, the grouping and
the missing-data option; in a composite's operators and members; and in a synthetic test's locations and duration.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from firedrill.evaluate import Account
from firedrill.evaluate.model import Json
from firedrill.prove.dependencies import with_members
from firedrill.prove.mutation import slo_mutants
from firedrill.prove.mutation.argument_mutants import argument_mutants
from firedrill.prove.mutation.query_edit import remove_filter, replace_node
from firedrill.query import Query, canonical, parse
from firedrill.query.tree import (
    ChainMonitor,
    CompositeAnd,
    CompositeOr,
    Everything,
    MetricMonitor,
    MetricQuery,
    Node,
    Number,
    QuotedString,
    Tag,
    Word,
    walk,
)
from firedrill.scenario.definitions import Definitions

FACTORS = (2.0, 0.5)
COMPARATORS = {">": ("<", ">="), ">=": ("<=", ">"), "<": (">", "<="), "<=": (">=", "<")}
WINDOWS = {
    "1m": ("5m",),
    "5m": ("15m", "1m"),
    "10m": ("30m", "5m"),
    "15m": ("1h", "5m"),
    "30m": ("2h", "10m"),
    "1h": ("4h", "15m"),
    "2h": ("4h", "30m"),
    "4h": ("1d", "1h"),
    "1d": ("2d", "4h"),
    "6h": ("12h", "2h"),
}
"""Windows that Datadog offers, about three times longer and shorter."""
AGGREGATORS = ("avg", "max", "min", "sum")
MISSING_DATA = ("default", "resolve", "show_no_data", "show_and_notify_no_data")
LONGER = 600
"""Seconds by which a synthetic test must fail longer."""


Kind = Literal["query", "argument", "SLO", "synthetic test", "message", "workflow", "on-call", "log pipeline"]
"""The class of a fault. The score counts each by itself."""


@dataclass(frozen=True)
class Mutant:
    """A monitor with one fault. ``test`` replaces the synthetic test of the same id, ``slo`` the SLO."""

    fault: str
    monitor: Json
    test: Json | None = None
    slo: Json | None = None
    kind: Kind = "query"


def mutants(monitor: Json, account: Account) -> list[Mutant]:
    """Return every mutant of a monitor, with faults in itself, its synthetic test or its SLO."""
    candidates = [
        *_thresholds(monitor),
        *_query(monitor),
        *(Mutant(fault, changed, kind="argument") for fault, changed in argument_mutants(monitor)),
        *_missing_data(monitor),
        *_synthetic_test(monitor, account.synthetics),
        *_slo(monitor, account.slos),
    ]
    return [
        mutant
        for mutant in candidates
        if mutant.monitor != monitor or mutant.test is not None or mutant.slo is not None
    ]


def mutated(definitions: Definitions, mutant: Mutant) -> Definitions:
    """Return the account with a mutant in place of the original, and with only the monitors that the mutant reads."""
    account = definitions.with_monitors(with_members(definitions, mutant.monitor)).account
    if (test := mutant.test) is not None:
        tests = [test if other["public_id"] == test["public_id"] else other for other in account.synthetics]
        account = replace(account, synthetics=tests)
    if (slo := mutant.slo) is not None:
        account = replace(account, slos=[slo if other["id"] == slo["id"] else other for other in account.slos])
    return replace(definitions, account=account)


def _thresholds(monitor: Json) -> Iterator[Mutant]:
    body = _body(monitor)
    if not isinstance(body, MetricMonitor | ChainMonitor):
        return
    thresholds = (monitor.get("options") or {}).get("thresholds") or {}
    for factor in FACTORS:
        number = f"{body.threshold.value * factor:g}"
        scaled = {name: float(value) * factor for name, value in thresholds.items() if value is not None}
        query = _text(replace(body, threshold=Number(number)))
        yield Mutant(f"threshold {body.threshold.text} → {number}", _changed(monitor, query, thresholds=scaled))
    for other in COMPARATORS.get(body.comparator.text, ()):
        query = _text(replace(body, comparator=Word(other)))
        yield Mutant(f"comparator {body.comparator.text} → {other}", _changed(monitor, query))


def _query(monitor: Json) -> Iterator[Mutant]:
    body = _body(monitor)
    faults: Iterator[tuple[str, Node]] = iter(())
    if isinstance(body, MetricMonitor):
        faults = _metric_query(body)
    elif isinstance(body, ChainMonitor):
        faults = _chain_query(body)
    elif isinstance(body, CompositeAnd | CompositeOr):
        faults = _composite_query(body)
    for fault, node in faults:
        yield Mutant(fault, _changed(monitor, _text(node)))
    if isinstance(body, ChainMonitor):
        yield from _formula_searches(monitor)


def _metric_query(body: MetricMonitor) -> Iterator[tuple[str, Node]]:
    for other in WINDOWS.get(body.window.text.removeprefix("last_"), ()):
        window = replace(body.window, text=f"last_{other}")
        yield f"window {body.window.text} → last_{other}", replace(body, window=window)
    if body.aggregator.text in AGGREGATORS:
        for other in AGGREGATORS:
            yield f"aggregator of the window {body.aggregator.text} → {other}", replace(body, aggregator=Word(other))
    for query in [node for node in walk(body) if isinstance(node, MetricQuery)]:
        is_percentile = query.aggregator.text.startswith("p")
        for other in ("p50",) if is_percentile else AGGREGATORS:
            changed = replace_node(body, query, replace(query, aggregator=Word(other)))
            yield f"aggregator of {query.metric} {query.aggregator} → {other}", changed
        for tag in [node for node in walk(query.scope) if isinstance(node, Tag)]:
            scope = remove_filter(query.scope, tag) or Everything()
            changed = replace_node(body, query, replace(query, scope=scope))  # type: ignore[arg-type]  # a scope without a part is a scope
            yield f"filter {_text(tag)} of {query.metric} dropped", changed
        for word in query.by:
            rest = tuple(other for other in query.by if other is not word)
            yield f"group {word} of {query.metric} dropped", replace_node(body, query, replace(query, by=rest))


def _chain_query(body: ChainMonitor) -> Iterator[tuple[str, Node]]:
    if body.head.text not in ("burn_rate", "error_budget", "formula"):
        for term, rest in _without_each_term(body.argument.value):
            yield f"filter {term} dropped", replace(body, argument=_quoted(body.argument, rest))
    for call in body.calls:
        if call.name in ("last", "long_window", "short_window"):
            for other in WINDOWS.get(call.values()[0], ()):
                changed = replace(call, arguments=(_quoted(call.arguments[0], other),))
                yield f"{call.name} {call.values()[0]} → {other}", replace_node(body, call, changed)
        elif call.name == "by":
            calls = tuple(other for other in body.calls if other is not call)
            yield f"group {', '.join(call.values())} dropped", replace(body, calls=calls)


def _composite_query(body: CompositeAnd | CompositeOr) -> Iterator[tuple[str, Node]]:
    other = CompositeOr if isinstance(body, CompositeAnd) else CompositeAnd
    yield "&& ↔ ||", other(left=body.left, right=body.right)
    yield f"{_text(body.right)} dropped", body.left
    yield f"{_text(body.left)} dropped", body.right


def _formula_searches(monitor: Json) -> Iterator[Mutant]:
    """Yield faults in the searches that the variables of a formula stand for."""
    for place, variable in enumerate((monitor.get("options") or {}).get("variables") or ()):
        if "search" in variable:
            for term, rest in _without_each_term(variable["search"]["query"]):
                changed = copy.deepcopy(monitor)
                changed["options"]["variables"][place]["search"]["query"] = rest
                yield Mutant(f"filter {term} of {variable['name']} dropped", changed)


def _without_each_term(search: str) -> Iterator[tuple[str, str]]:
    """Yield each term of a search, and the search without it."""
    terms = re.findall(r'-?(?:[^\s()"]|"[^"]*"|\([^)]*\))+', search)
    for term in terms:
        yield term, " ".join(other for other in terms if other is not term) or "*"


def _missing_data(monitor: Json) -> Iterator[Mutant]:
    if monitor["type"] in ("composite", "slo alert", "synthetics alert"):
        return
    option = (monitor.get("options") or {}).get("on_missing_data") or "default"
    for other in MISSING_DATA:
        if other != option:
            yield Mutant(f"No Data option {option} → {other}", _changed(monitor, on_missing_data=other))


def _synthetic_test(monitor: Json, tests: list[Json]) -> Iterator[Mutant]:
    for test in tests:
        if monitor["type"] == "synthetics alert" and test.get("monitor_id") == monitor["id"]:
            options = test.get("options") or {}
            needed = int(options.get("min_location_failed") or 1)
            for other in (needed - 1, needed + 1):
                if 1 <= other <= len(test.get("locations") or ()):
                    changed = {**test, "options": {**options, "min_location_failed": other}}
                    yield Mutant(f"locations {needed} → {other}", monitor, changed, kind="synthetic test")
            duration = int(options.get("min_failure_duration") or 0)
            changed = {**test, "options": {**options, "min_failure_duration": duration + LONGER}}
            fault = f"failing for {duration} s → {duration + LONGER} s"
            yield Mutant(fault, monitor, changed, kind="synthetic test")


def _slo(monitor: Json, slos: list[Json]) -> Iterator[Mutant]:
    """Yield faults in the SLO that an alert is about, and in the time over which the alert measures it."""
    body = _body(monitor)
    if not isinstance(body, ChainMonitor) or monitor["type"] != "slo alert":
        return
    slo = next((slo for slo in slos if str(slo["id"]) == body.argument.value), None)
    over = body.call("over")
    if slo is None or over is None:
        return
    yield from (
        Mutant(f"objective: {fault}", monitor, slo=changed, kind="SLO")
        for fault, changed in slo_mutants.slo_mutants(slo)
    )
    timeframe = over.values()[0]
    if (other := slo_mutants.TIMEFRAMES.get(timeframe)) is not None:
        call = replace(over, arguments=(_quoted(over.arguments[0], other),))
        query = _text(replace_node(body, over, call))
        changed = slo_mutants.with_timeframe(slo, other)
        fault = f"objective: over {timeframe} → {other}"
        yield Mutant(fault, _changed(monitor, query), slo=changed, kind="SLO")


def _changed(monitor: Json, query: str | None = None, **options: Any) -> Json:
    changed = copy.deepcopy(monitor)
    if query is not None:
        changed["query"] = query
    changed.setdefault("options", {}).update(options)
    return changed


def _body(monitor: Json) -> Node | None:
    if monitor["type"] == "synthetics alert":
        return None
    body: Node = parse(monitor["type"], monitor["query"]).body
    return body


def _text(node: Query | Node) -> str:
    return canonical(node)


def _quoted(old: QuotedString | Word, value: str) -> QuotedString:
    return QuotedString(f'"{value}"', value) if isinstance(old, Word) else replace(old, raw=f'"{value}"', value=value)
