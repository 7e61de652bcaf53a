"""``GET /-/status``: what the sandbox's Datadog holds, what its monitors say, what arrived and what happened."""

import time
from collections.abc import Callable
from typing import Any

from firedrill.sandbox.datadog.account import MONITOR_STATES, MONITORS, PAGES, WORKFLOW_INSTANCES, Directory
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.journal import ERRORS, NOTIFICATIONS, Journal
from firedrill.sandbox.datadog.live.watch import Watch

Json = dict[str, Any]
LAST = 20
"""Entries of each list."""
OWN_KINDS = {NOTIFICATIONS, ERRORS, MONITOR_STATES, "evaluator_state", "synthetics_runs", PAGES, WORKFLOW_INSTANCES}
"""Kinds that the live parts write: not counted among the organisation's objects."""

HAPPENED = {
    "dora_deployments",
    "dora_failures",
    "incidents", "incident_attachments", "incident_impacts", "incident_integrations", "incident_todos",
    "error_tracking_issues",
}  # fmt: skip
"""Kinds that tell what happened, as pages do: an account keeps them when all that was declared is gone."""

BOOKKEEPING = {
    "logs_pipeline_order", "logs_orders", "logs_indexes_gone", "metric_metadata", "slo_reports", "gate_evaluations",
    "synthetics_cap",
}  # fmt: skip
"""What nobody can delete: an account's settings and orders, what it remembers for ever, what answers are made of."""

ENDED: dict[str, Callable[[Json], object]] = {
    "downtimes": lambda body: body["attributes"].get("canceled"),
    "users": lambda body: body["attributes"].get("disabled"),
}
"""Kinds whose DELETE ends an object and keeps it (a downtime is canceled, a user disabled) -> whether it has ended."""


def report(directory: Directory, receiver: Receiver, watch: Watch, journal: Journal, started: float) -> Json:
    """The report as JSON. Times are epoch seconds, states OK, WARN, ALERT, NO DATA, REFUSED or null."""
    org = receiver.agent_org
    store = receiver.store(org)
    kinds = held(directory, org)
    return {
        "uptime_seconds": round(time.time() - started, 1),
        "objects": kinds,
        "evaluated": watch.evaluated,
        "monitors": [_monitor(monitor, watch) for monitor in directory.objects(org, MONITORS)],
        "intake": receiver.counters(),
        "metrics": store.metrics(time.time() - 3600),
        "events": store.tracks(),
        "workflow_runs": _last(directory.objects(org, WORKFLOW_INSTANCES)),
        "pages": _last(directory.objects(org, PAGES)),
        "notifications": _last(journal.entries(NOTIFICATIONS)),
        "errors": _last(journal.entries(ERRORS)),
    }


def held(directory: Directory, org: str) -> dict[str, int]:
    """How many objects of each kind somebody made and has not deleted."""
    counts = {kind: count for kind, count in directory.store.kinds(org).items() if _is_object(kind)}
    for kind, ended in ENDED.items():
        if kind in counts:
            counts[kind] = sum(not ended(body) for body in directory.objects(org, kind))
    return {kind: count for kind, count in counts.items() if count}


def _is_object(kind: str) -> bool:
    """Whether bodies of a kind are objects that somebody made, and could delete."""
    return kind not in OWN_KINDS | HAPPENED | BOOKKEEPING and not kind.startswith("deleted_")


def _monitor(monitor: Json, watch: Watch) -> Json:
    identifier = str(monitor["id"])
    state, since = watch.state_of(identifier)
    values = watch.last_values().get(identifier, {})
    found: Json = {
        "id": monitor["id"],
        "name": monitor.get("name"),
        "type": monitor.get("type"),
        "state": "REFUSED" if identifier in watch.refused else state,
        "since": since,
        "last_value": next(iter(values.values()), None) if len(values) < 2 else values,
    }
    if identifier in watch.refused:
        found["reason"] = watch.refused[identifier]
    return found


def _last(entries: list[Json]) -> list[Json]:
    return entries[-LAST:]
