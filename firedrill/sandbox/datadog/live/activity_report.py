"""Report of ``GET /-/seen``: API calls, metrics and activity of the account, with counts and the last time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from firedrill.logs.search import parse_search
from firedrill.sandbox.datadog.account import (
    LOGS_PIPELINES,
    MONITORS,
    PAGES,
    WORKFLOW_INSTANCES,
    Directory,
)
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator

Json = dict[str, Any]
MAX_EVENTS = 500
"""Newest events of a track that are searched."""
DATADOG_METRICS = ("trace.", "ml_obs.", "synthetics.", "llm.web.", "llm.logs.", "llm.product.", "llm.provider.")
"""Prefixes of metrics that Datadog computes: from spans, from tests, and as declared."""


def report(directory: Directory, receiver: Receiver, evaluator: MonitorEvaluator) -> Json:
    """Return ``operations``, ``metrics`` and ``behaviour``. Times are epoch seconds."""
    org, store = receiver.agent_org, receiver.store(receiver.agent_org)
    metrics = store.last_points()
    logs, spans, events, rum = (store.latest(track, MAX_EVENTS) for track in ("logs", "spans", "events", "rum"))
    monitors = [(str(monitor["id"]), str(monitor.get("type"))) for monitor in directory.objects(org, MONITORS)]
    states = {identifier: evaluator.state_of(identifier)[0] for identifier, _ in monitors}
    evaluated = [identifier for identifier, _ in monitors if states[identifier] is not None]
    evaluated_slos = [
        monitor_id
        for monitor_id, kind in monitors
        if kind == "slo alert" and states[monitor_id] in {"OK", "WARN", "ALERT"}
    ]
    behaviour = {
        "spans": store.track("spans"),
        "sent metrics": _activity_at(last for name, last in metrics.items() if not name.startswith(DATADOG_METRICS)),
        "logs": store.track("logs"),
        "evaluated monitors": _activity(len(evaluated), evaluator.evaluated),
        "judged objectives": _activity(len(evaluated_slos), evaluator.evaluated),
        "incidents": _object_activity(directory.objects(org, "incidents"), "attributes.created"),
        "LLM spans": store.track("llmobs"),
        "Watchdog stories": _matching_events(events, lambda event: "source:watchdog" in (event.get("tags") or ())),
        "test runs": store.track("synthetics"),
        "notebooks": _object_activity(
            [
                notebook
                for notebook in directory.objects(org, "notebooks")
                if not notebook["attributes"]["metadata"]["is_template"]
            ],
            "attributes.modified",
        ),
        "workflow runs": _object_activity(directory.objects(org, WORKFLOW_INSTANCES), "created"),
        "pages": _object_activity(directory.objects(org, PAGES), "attributes.created_at"),
        "logs in a pipeline": _matching_events(logs, _pipeline_filter(directory.objects(org, LOGS_PIPELINES))),
        "calls between services": _service_calls(spans),
        "CI events": _sum(store.track("citest"), store.track("cipipeline")),
        "browser events": _matching_events(
            rum, lambda event: (event.get("attributes") or {}).get("source") != "server"
        ),
        "product events": _matching_events(
            rum, lambda event: (event.get("attributes") or {}).get("source") == "server"
        ),
        "errors in issues": store.track("error-tracking"),
    }
    operations = {name: _activity(count, last) for name, (count, last) in directory.store.calls(org).items()}
    return {"operations": operations, "metrics": metrics, "behaviour": behaviour}


def _activity(count: int, last: float | None) -> Json:
    return {"count": count, "last": last if count else None}


def _activity_at(times: Iterable[float]) -> Json:
    all_times = list(times)
    return _activity(len(all_times), max(all_times, default=None))


def _sum(*activities: Json) -> Json:
    last = max((activity["last"] or 0 for activity in activities), default=None)
    return _activity(sum(activity["count"] for activity in activities), last)


def _matching_events(events: list[tuple[float, Json]], matches: Any) -> Json:
    return _activity_at(time for time, event in events if matches(event))


def _pipeline_filter(pipelines: list[Json]) -> Any:
    enabled = [pipeline for pipeline in pipelines if pipeline.get("is_enabled")]
    searches = [parse_search((pipeline.get("filter") or {}).get("query") or "*") for pipeline in enabled]
    return lambda log: any(search.matches(log) for search in searches)


def _service_calls(spans: list[tuple[float, Json]]) -> Json:
    """Return the activity of spans whose parent is in another service, or that have a peer service."""
    service = {span["span_id"]: span["service"] for _, span in spans}
    times = []
    for time, span in spans:
        caller = service.get(span.get("parent_id") or "")
        if (caller and caller != span["service"]) or (span["attributes"].get("peer") or {}).get("service"):
            times.append(time)
    return _activity_at(times)


def _object_activity(bodies: list[Json], time_path: str) -> Json:
    """Return the activity of objects by a time in each: epoch seconds or milliseconds, or ISO 8601."""
    times = []
    for body in bodies:
        value: Any = body
        for key in time_path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str):
            times.append(datetime.fromisoformat(value).timestamp())
        elif isinstance(value, int | float):
            times.append(value / 1000 if value > 1e11 else float(value))
    return _activity(len(bodies), max(times, default=None))
