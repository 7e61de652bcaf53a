"""What a monitor reads: other monitors, objectives, signals; and the account around a faulty one."""

import json
from collections.abc import Sequence

from firedrill.drill.account import Definitions
from firedrill.evaluate import Account
from firedrill.evaluate.composite import member_names
from firedrill.evaluate.event_queries import is_metric_formula, read_queries
from firedrill.evaluate.model import Json
from firedrill.evaluate.scope import selects, tag_values
from firedrill.logs.search import parse_search
from firedrill.prove.mutants import Mutant
from firedrill.prove.proof import only
from firedrill.prove.signals import Ordinary, Signal, said
from firedrill.query import parse
from firedrill.query.tree import ChainMonitor, MetricMonitor, MetricQuery, walk


def with_members(definitions: Definitions, monitor: Json) -> list[Json]:
    """The monitors that a monitor reads, through composites and objectives, and itself."""
    account, names = definitions.account, set[str]()
    if monitor["type"] == "composite":
        names.update(member_names(parse("composite", monitor["query"]).body))  # type: ignore[arg-type]  # its body
    for slo in objectives(definitions, [monitor]):
        names.update(map(str, slo.get("monitor_ids") or ()))
    members = [one for one in account.monitors if str(one["id"]) in names and one is not monitor]
    found = {str(kept["id"]): kept for one in members for kept in with_members(definitions, one)}
    return [*found.values(), monitor]


def objectives(definitions: Definitions, monitors: Sequence[Json]) -> list[Json]:
    """The SLOs that alerts among these monitors are about."""
    texts = [one["query"] for one in monitors if one["type"] == "slo alert"]
    return [one for one in definitions.account.slos if any(f'"{one["id"]}"' in text for text in texts)]


def mutated(definitions: Definitions, mutant: Mutant) -> Definitions:
    """The account with one fault, and only what the faulty monitor needs."""
    kept = only(definitions, with_members(definitions, mutant.monitor))
    tests, slos, test, slo = kept.account.synthetics, kept.account.slos, mutant.test, mutant.slo
    if test is None and slo is None:
        return kept
    if test is not None:
        tests = [test if one["public_id"] == test["public_id"] else one for one in tests]
    if slo is not None:
        slos = [slo if one["id"] == slo["id"] else one for one in slos]
    account = Account(kept.account.monitors, slos, kept.account.downtimes, kept.account.corrections, tests)
    return Definitions(account, kept.directory, kept.names, kept.connections)


EVENTS = "{events}"
"""Stands in :func:`reads` for all tracks of events."""


def reads(definitions: Definitions, monitor: Json) -> str:
    """A text that names every metric which the monitor can read, and :data:`EVENTS` if it can read events."""
    kept = with_members(definitions, monitor)
    types = {str(one["type"]) for one in kept}
    queries = [[one["query"], one.get("options")] for one in kept]  # not the message, which names what to look at first
    text = json.dumps([queries, objectives(definitions, kept)])
    return text + (EVENTS if types - {"query alert", "metric alert", "slo alert", "composite"} else "")


def relevant(definitions: Definitions, monitor: Json, ordinary: Ordinary) -> Ordinary:
    """Only the signals that the monitor can read."""
    read, tracks = (
        reads(definitions, monitor),
        {track for one in with_members(definitions, monitor) for track in _tracks(one)},
    )
    chosen = {
        name: one
        for name, one in ordinary.signals.items()
        if (one.metric in read if one.metric else one.track in tracks or bool(one.test))
        and bool(one.test) <= (monitor["type"] == "synthetics alert" or monitor["type"] == "composite")
    }
    return ordinary.model_copy(update={"signals": chosen})


def _tracks(monitor: Json) -> set[str]:
    """The tracks of events that a monitor reads."""
    query = parse(monitor["type"], monitor["query"]) if monitor["type"] != "synthetics alert" else None
    if (
        query is None
        or not isinstance(query.body, ChainMonitor)
        or query.body.head.text in ("burn_rate", "error_budget")
    ):
        return set()
    return {one.track for one in read_queries(query, monitor.get("options") or {}).values()}


def found_by(definitions: Definitions, monitors: Sequence[Json], ordinary: Ordinary) -> Ordinary:
    """Only the signals that a query of one of these monitors finds, by its metric and scope or by its search.

    Monitors that read others' states, objectives or synthetic results get all that is :func:`relevant`.
    """
    asked = [parse(one["type"], one["query"]) for one in monitors]
    options = [one.get("options") or {} for one in monitors]
    kinds = [(one.type, type(one.body)) for one in asked]
    if any(type == "slo alert" or kind not in (MetricMonitor, ChainMonitor) for type, kind in kinds) or any(
        is_metric_formula(one) for one in options
    ):
        return relevant(definitions, monitors[0], ordinary)
    queries = [node for one in asked for node in walk(one.body) if isinstance(node, MetricQuery)]
    searches = {
        (query.track, query.search)
        for one, given in zip(asked, options, strict=True)
        if isinstance(one.body, ChainMonitor)
        for query in read_queries(one, given).values()
    }

    def is_found(signal: Signal) -> bool:
        tags = {**ordinary.common, **signal.tags}
        if not signal.metric:
            body = said(signal, tags)
            return any(track == signal.track and parse_search(text).matches(body) for track, text in searches)
        values = tag_values(f"{key}:{value}" for key, value in tags.items())
        return any(one.metric.text == signal.metric and (bool(signal.shared) or selects(one.scope, values))
                   for one in queries)  # fmt: skip

    chosen = {name: one for name, one in ordinary.signals.items() if is_found(one)}
    return ordinary.model_copy(update={"signals": chosen})
