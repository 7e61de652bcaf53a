"""Report of ``GET /-/status``: objects, states of monitors, received telemetry, notifications and errors."""

import time
from collections.abc import Callable
from typing import Any

from firedrill.sandbox.datadog.account import (
    MONITOR_STATES,
    MONITORS,
    PAGES,
    SYNTHETICS_SCREENSHOTS,
    WORKFLOW_INSTANCES,
    Directory,
)
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.journal import ERRORS, NOTIFICATIONS, Journal
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator

Json = dict[str, Any]
MAX_LISTED = 20
"""Entries of each list."""
LIVE_KINDS = {
    NOTIFICATIONS,
    ERRORS,
    MONITOR_STATES,
    "evaluator_state",
    "synthetics_runs",
    SYNTHETICS_SCREENSHOTS,
    PAGES,
    WORKFLOW_INSTANCES,
}
"""Kinds that the live behaviour writes; they do not count as the organisation's objects."""

HISTORY = {
    "dora_deployments",
    "dora_failures",
    "incidents", "incident_attachments", "incident_impacts", "incident_integrations", "incident_todos",
    "error_tracking_issues",
}  # fmt: skip
"""Kinds that record events, as pages do: an account keeps them after everything declared is deleted."""

BOOKKEEPING = {
    "logs_pipeline_order", "logs_orders", "logs_indexes_gone", "metric_metadata", "slo_reports", "gate_evaluations",
    "synthetics_cap",
}  # fmt: skip
"""Kinds that cannot be deleted: settings, orders, and records that responses are computed from."""

ENDED: dict[str, Callable[[Json], object]] = {
    "downtimes": lambda body: body["attributes"].get("canceled"),
    "users": lambda body: body["attributes"].get("disabled"),
}
"""Kinds whose DELETE ends an object but keeps it (a canceled downtime, a disabled user) -> whether it has ended."""


def report(
    directory: Directory, receiver: Receiver, evaluator: MonitorEvaluator, journal: Journal, started: float
) -> Json:
    """Return the report as JSON. Times are epoch seconds, states OK, WARN, ALERT, NO DATA, REFUSED or null."""
    org = receiver.agent_org
    store = receiver.store(org)
    kinds = count_objects(directory, org)
    return {
        "uptime_seconds": round(time.time() - started, 1),
        "objects": kinds,
        "evaluated": evaluator.evaluated,
        "monitors": [_monitor(monitor, evaluator) for monitor in directory.objects(org, MONITORS)],
        "intake": receiver.counters(),
        "metrics": store.metrics(time.time() - 3600),
        "events": store.tracks(),
        "workflow_runs": _newest(directory.objects(org, WORKFLOW_INSTANCES)),
        "pages": _newest(directory.objects(org, PAGES)),
        "notifications": _newest(journal.entries(NOTIFICATIONS)),
        "errors": _newest(journal.entries(ERRORS)),
    }


def count_objects(directory: Directory, org: str) -> dict[str, int]:
    """Return the number of existing objects of each kind that users created."""
    counts = {kind: count for kind, count in directory.store.kinds(org).items() if _is_object(kind)}
    for kind, ended in ENDED.items():
        if kind in counts:
            counts[kind] = sum(not ended(body) for body in directory.objects(org, kind))
    return {kind: count for kind, count in counts.items() if count}


def _is_object(kind: str) -> bool:
    """Return whether a kind's bodies are objects that users create and can delete."""
    return kind not in LIVE_KINDS | HISTORY | BOOKKEEPING and not kind.startswith("deleted_")


def _monitor(monitor: Json, evaluator: MonitorEvaluator) -> Json:
    identifier = str(monitor["id"])
    state, since = evaluator.state_of(identifier)
    values = evaluator.last_values().get(identifier, {})
    status: Json = {
        "id": monitor["id"],
        "name": monitor.get("name"),
        "type": monitor.get("type"),
        "state": "REFUSED" if identifier in evaluator.refused else state,
        "since": since,
        "last_value": next(iter(values.values()), None) if len(values) < 2 else values,
    }
    if identifier in evaluator.refused:
        status["reason"] = evaluator.refused[identifier]
    return status


def _newest(entries: list[Json]) -> list[Json]:
    return entries[-MAX_LISTED:]
