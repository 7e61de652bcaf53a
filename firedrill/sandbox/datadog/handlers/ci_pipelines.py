"""Pipeline executions that are sent, not fetched: https://docs.datadoghq.com/api/latest/ci-visibility-pipelines/ ."""

from datetime import datetime

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

LEVELS = ("pipeline", "stage", "job", "step")
LIMIT = 1000
"""Events of one request."""


@serves("v2.create_ci_app_pipeline_event", read_only=True)
def create_events(call: Call) -> ApiResponse:
    """Store one event or several; each counts from its end on, or from its start while it runs."""
    data = call.body["data"]
    items = data if isinstance(data, list) else [data]
    if len(items) > LIMIT:
        raise ApiError(400, f"at most {LIMIT} events can be sent at once")
    events = [event(item.get("attributes") or {}) for item in items]
    TelemetryStore(call.directory.store.path, call.org).append_events(events)
    return ApiResponse({"data": None}, 202)


def event(attributes: Body) -> Event:
    """Return an event as it is indexed, with ``@ci.*`` and ``@git.*``. Raises :class:`ApiError` 400."""
    resource = attributes.get("resource") or {}
    level = resource.get("level")
    if level not in LEVELS:
        raise ApiError(400, f"resource.level: must be one of {', '.join(LEVELS)}")
    start, end = (moment(resource[key]) if key in resource else None for key in ("start", "end"))
    if start is None:
        raise ApiError(400, "resource.start: is required")
    entity = {
        "name": resource.get("name"),
        "url": resource.get("url"),
        "id": resource.get("unique_id", resource.get("id")),
    }
    ci: Body = {
        "status": resource.get("status"),
        "provider": {"name": attributes.get("provider_name") or "custom"},
        "pipeline": {"name": resource.get("pipeline_name"), "id": resource.get("pipeline_unique_id")},
        level: entity,
    }
    git = resource.get("git") or {}
    indexed: Body = {"ci": ci, "git": {"repository_url": git.get("repository_url"), "commit": {"sha": git.get("sha")}}}
    if end is not None:
        indexed["duration"] = round((end - start) * 1e9)
    tags = [f"ci_level:{level}", *(resource.get("tags") or [])]
    for name in ("env", "service"):
        if attributes.get(name):
            tags.append(f"{name}:{attributes[name]}")
    return Event(end or start, "cipipeline", {"tags": tags, "attributes": indexed})


def moment(text: object) -> float:
    """Return an RFC 3339 time in epoch seconds. Raises :class:`ApiError` 400."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ApiError(400, f"invalid moment {str(text)[:100]!r}") from error
