"""The dependencies of a monitor: other monitors, SLOs and the signals of the ordinary telemetry that it reads."""

import json
from collections.abc import Sequence

from firedrill.evaluate.event.queries import is_metric_formula, read_queries
from firedrill.evaluate.metric.scope import selects, tag_values
from firedrill.evaluate.model import Json
from firedrill.evaluate.state.composite import member_names
from firedrill.logs.search import parse_search
from firedrill.prove.ordinary import Ordinary, OrdinarySignal
from firedrill.prove.simulate import event_body
from firedrill.query import parse
from firedrill.query.tree import ChainMonitor, MetricMonitor, MetricQuery, walk
from firedrill.scenario.definitions import Definitions

EVENTS = "{events}"
"""Stands for all tracks of events in :func:`readable_text`."""


def with_members(definitions: Definitions, monitor: Json) -> list[Json]:
    """Return the monitors that a monitor reads, as a composite or through an SLO, and the monitor itself."""
    names: set[str] = set()
    if monitor["type"] == "composite":
        names.update(member_names(parse("composite", monitor["query"]).body))  # type: ignore[arg-type]  # its body
    for slo in slos_of(definitions, [monitor]):
        names.update(map(str, slo.get("monitor_ids") or ()))
    members: dict[str, Json] = {}
    for candidate in definitions.account.monitors:
        if str(candidate["id"]) in names and candidate is not monitor:
            members |= {str(member["id"]): member for member in with_members(definitions, candidate)}
    return [*members.values(), monitor]


def slos_of(definitions: Definitions, monitors: Sequence[Json]) -> list[Json]:
    """Return the SLOs that SLO alerts among these monitors are about."""
    queries = [monitor["query"] for monitor in monitors if monitor["type"] == "slo alert"]
    return [slo for slo in definitions.account.slos if any(f'"{slo["id"]}"' in query for query in queries)]


def readable_text(definitions: Definitions, monitor: Json) -> str:
    """Return a text with the name of every metric that the monitor can read, and :data:`EVENTS` if it reads events."""
    monitors = with_members(definitions, monitor)
    types = {str(member["type"]) for member in monitors}
    # Not the message, which may name other metrics.
    queries = [[member["query"], member.get("options")] for member in monitors]
    text = json.dumps([queries, slos_of(definitions, monitors)])
    return text + (EVENTS if types - {"query alert", "metric alert", "slo alert", "composite"} else "")


def relevant_signals(definitions: Definitions, monitor: Json, ordinary: Ordinary) -> Ordinary:
    """Return the ordinary telemetry with only the signals that the monitor can read."""
    text = readable_text(definitions, monitor)
    tracks = {track for member in with_members(definitions, monitor) for track in _tracks(member)}
    reads_tests = monitor["type"] in ("synthetics alert", "composite")

    def is_relevant(signal: OrdinarySignal) -> bool:
        if signal.test:
            return reads_tests
        return signal.metric in text if signal.metric else signal.track in tracks

    return _filtered(ordinary, {name for name, signal in ordinary.signals.items() if is_relevant(signal)})


def matching_signals(definitions: Definitions, monitors: Sequence[Json], ordinary: Ordinary) -> Ordinary:
    """Return the ordinary telemetry with only the signals that match a query of one of these monitors.

    A metric query matches by metric and scope, a search by the event. Monitors that read the states of others, SLOs or
    synthetic tests get all :func:`relevant_signals`.
    """
    queries = [parse(monitor["type"], monitor["query"]) for monitor in monitors]
    options = [monitor.get("options") or {} for monitor in monitors]
    if any(
        query.type == "slo alert" or type(query.body) not in (MetricMonitor, ChainMonitor) for query in queries
    ) or any(is_metric_formula(option) for option in options):
        return relevant_signals(definitions, monitors[0], ordinary)
    metric_queries = [node for query in queries for node in walk(query.body) if isinstance(node, MetricQuery)]
    searches = {
        (search.track, search.search)
        for query, option in zip(queries, options, strict=True)
        if isinstance(query.body, ChainMonitor)
        for search in read_queries(query, option).values()
    }

    def is_matched(signal: OrdinarySignal) -> bool:
        tags = {**ordinary.common, **signal.tags}
        if not signal.metric:
            body = event_body(signal, tags)
            return any(track == signal.track and parse_search(text).matches(body) for track, text in searches)
        values = tag_values(f"{key}:{value}" for key, value in tags.items())
        return any(
            query.metric.text == signal.metric and (bool(signal.shared) or selects(query.scope, values))
            for query in metric_queries
        )

    return _filtered(ordinary, {name for name, signal in ordinary.signals.items() if is_matched(signal)})


def _tracks(monitor: Json) -> set[str]:
    """Return the tracks of events that a monitor reads."""
    if monitor["type"] == "synthetics alert":
        return set()
    query = parse(monitor["type"], monitor["query"])
    if not isinstance(query.body, ChainMonitor) or query.body.head.text in ("burn_rate", "error_budget"):
        return set()
    return {search.track for search in read_queries(query, monitor.get("options") or {}).values()}


def _filtered(ordinary: Ordinary, names: set[str]) -> Ordinary:
    signals = {name: signal for name, signal in ordinary.signals.items() if name in names}
    return ordinary.model_copy(update={"signals": signals})
