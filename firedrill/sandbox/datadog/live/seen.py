"""``GET /-/seen``: what this account has answered, received and done, each with how often and when last."""

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
from firedrill.sandbox.datadog.live.watch import Watch

Json = dict[str, Any]
LATEST = 500
"""Events of a track that are looked into."""
DERIVED = ("trace.", "ml_obs.", "synthetics.", "llm.web.", "llm.logs.", "llm.product.", "llm.provider.")
"""Names of metrics that Datadog makes itself: of spans, of tests, of what is declared."""


def report(directory: Directory, receiver: Receiver, watch: Watch) -> Json:
    """``operations``, ``metrics`` and ``behaviour``; times are epoch seconds."""
    org, store = receiver.agent_org, receiver.store(receiver.agent_org)
    metrics = store.last_points()
    logs, spans, events, rum = (store.latest(track, LATEST) for track in ("logs", "spans", "events", "rum"))
    monitors = [(str(one["id"]), str(one.get("type"))) for one in directory.objects(org, MONITORS)]
    states = {identifier: watch.state_of(identifier)[0] for identifier, _ in monitors}
    evaluated = [identifier for identifier, _ in monitors if states[identifier] is not None]
    judged = [one for one, kind in monitors if kind == "slo alert" and states[one] in {"OK", "WARN", "ALERT"}]
    behaviour = {
        "spans": store.track("spans"),
        "sent metrics": _all(last for name, last in metrics.items() if not name.startswith(DERIVED)),
        "logs": store.track("logs"),
        "evaluated monitors": _some(len(evaluated), watch.evaluated),
        "judged objectives": _some(len(judged), watch.evaluated),
        "incidents": _objects(directory.objects(org, "incidents"), "attributes.created"),
        "LLM spans": store.track("llmobs"),
        "Watchdog stories": _events(events, lambda one: "source:watchdog" in (one.get("tags") or ())),
        "test runs": store.track("synthetics"),
        "notebooks": _objects(
            [one for one in directory.objects(org, "notebooks") if not one["attributes"]["metadata"]["is_template"]],
            "attributes.modified",
        ),
        "workflow runs": _objects(directory.objects(org, WORKFLOW_INSTANCES), "created"),
        "pages": _objects(directory.objects(org, PAGES), "attributes.created_at"),
        "logs in a pipeline": _events(logs, _filtered(directory.objects(org, LOGS_PIPELINES))),
        "calls between services": _edges(spans),
        "CI events": _both(store.track("citest"), store.track("cipipeline")),
        "browser events": _events(rum, lambda one: (one.get("attributes") or {}).get("source") != "server"),
        "product events": _events(rum, lambda one: (one.get("attributes") or {}).get("source") == "server"),
        "errors in issues": store.track("error-tracking"),
    }
    operations = {name: _some(count, last) for name, (count, last) in directory.store.calls(org).items()}
    return {"operations": operations, "metrics": metrics, "behaviour": behaviour}


def _some(count: int, last: float | None) -> Json:
    return {"count": count, "last": last if count else None}


def _all(times: Iterable[float]) -> Json:
    found = list(times)
    return _some(len(found), max(found, default=None))


def _both(*found: Json) -> Json:
    return _some(sum(one["count"] for one in found), max((one["last"] or 0 for one in found), default=None))


def _events(events: list[tuple[float, Json]], wanted: Any) -> Json:
    return _all(time for time, one in events if wanted(one))


def _filtered(pipelines: list[Json]) -> Any:
    on = [one for one in pipelines if one.get("is_enabled")]
    filters = [parse_search((one.get("filter") or {}).get("query") or "*") for one in on]
    return lambda log: any(one.matches(log) for one in filters)


def _edges(spans: list[tuple[float, Json]]) -> Json:
    """Spans whose caller is another service, or that name the one they call."""
    service = {one["span_id"]: one["service"] for _, one in spans}
    found = []
    for time, one in spans:
        caller = service.get(one.get("parent_id") or "")
        if (caller and caller != one["service"]) or (one["attributes"].get("peer") or {}).get("service"):
            found.append(time)
    return _all(found)


def _objects(bodies: list[Json], when: str) -> Json:
    """Objects and the newest of their times: epoch seconds or milliseconds, or ISO 8601."""
    times = []
    for body in bodies:
        value: Any = body
        for key in when.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str):
            times.append(datetime.fromisoformat(value).timestamp())
        elif isinstance(value, int | float):
            times.append(value / 1000 if value > 1e11 else float(value))
    return _some(len(bodies), max(times, default=None))
