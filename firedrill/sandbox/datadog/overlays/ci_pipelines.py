"""Pipeline executions that are sent, not fetched: https://docs.datadoghq.com/api/latest/ci-visibility-pipelines/ ."""

from datetime import datetime

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

LEVELS = ("pipeline", "stage", "job", "step")
LIMIT = 1000
"""Events of one request."""


@serves("v2.create_ci_app_pipeline_event", reads=True)
def send(call: Call) -> Answer:
    """Take one event or several; they are found by ``@ci.*`` from their end on, or from their start while they run."""
    data = call.body["data"]
    sent = data if isinstance(data, list) else [data]
    if len(sent) > LIMIT:
        raise ApiError(400, f"at most {LIMIT} events can be sent at once")
    events = [event(one.get("attributes") or {}) for one in sent]
    TelemetryStore(call.directory.store.path, call.org).append_events(events)
    return Answer({"data": None}, 202)


def event(attributes: Body) -> Event:
    """An event as it is indexed. Raises :class:`ApiError` 400."""
    resource = attributes.get("resource") or {}
    level = resource.get("level")
    if level not in LEVELS:
        raise ApiError(400, f"resource.level: must be one of {', '.join(LEVELS)}")
    start, end = (moment(resource[key]) if key in resource else None for key in ("start", "end"))
    if start is None:
        raise ApiError(400, "resource.start: is required")
    one = {
        "name": resource.get("name"),
        "url": resource.get("url"),
        "id": resource.get("unique_id", resource.get("id")),
    }
    ci: Body = {
        "status": resource.get("status"),
        "provider": {"name": attributes.get("provider_name") or "custom"},
        "pipeline": {"name": resource.get("pipeline_name"), "id": resource.get("pipeline_unique_id")},
        level: one,
    }
    git = resource.get("git") or {}
    found: Body = {"ci": ci, "git": {"repository_url": git.get("repository_url"), "commit": {"sha": git.get("sha")}}}
    if end is not None:
        found["duration"] = round((end - start) * 1e9)
    tags = [f"ci_level:{level}", *(resource.get("tags") or [])]
    for name in ("env", "service"):
        if attributes.get(name):
            tags.append(f"{name}:{attributes[name]}")
    return Event(end or start, "cipipeline", {"tags": tags, "attributes": found})


def moment(text: object) -> float:
    """Epoch seconds of a moment in RFC 3339. Raises :class:`ApiError` 400."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ApiError(400, f"invalid moment {str(text)[:100]!r}") from error
