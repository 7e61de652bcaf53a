"""RUM events as the browser SDK posts them, one JSON object a line.

https://docs.datadoghq.com/real_user_monitoring/guide/proxy-rum-data/ (path and parameters),
https://github.com/DataDog/rum-events-format (members). Attributes that Datadog's backend adds are added here: the
request's tags, ``@action.name`` from the action's target, ``@view.url_path``, and ``@view.name`` from the URL where the
page sets no name.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.json_text import parse_json

TYPES = ("session", "view", "action", "error", "resource", "long_task", "vital")
SDK_TELEMETRY = "telemetry"
"""Type of the SDK's own telemetry in the same requests, which is accepted and ignored."""
ANSWER_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Pages of any origin call the intake."""


def events(body: bytes, parameters: Mapping[str, str], now: float) -> Iterator[Event]:
    """Yield the events of a request. Raises :class:`InvalidPayload`."""
    tags = [tag for tag in parameters.get("ddtags", "").split(",") if tag]
    for line in body.decode(errors="replace").splitlines():
        if not line.strip():
            continue
        try:
            event = parse_json(line)
        except ValueError as error:
            raise InvalidPayload(f"not JSON: {error}") from error
        if isinstance(event, dict) and event.get("type") == SDK_TELEMETRY:
            continue
        if not isinstance(event, dict) or event.get("type") not in TYPES:
            raise InvalidPayload(f"'type' must be one of {', '.join(TYPES)}")
        if not (event.get("application") or {}).get("id") or not (event.get("session") or {}).get("id"):
            raise InvalidPayload("'application.id' and 'session.id' are required")
        yield _event(event, tags, now)


def _event(event: dict[str, Any], tags: list[str], now: float) -> Event:
    tags = [*tags, *(tag for tag in str(event.get("ddtags") or "").split(",") if tag and tag not in tags)]
    date = event.get("date")
    time = date / 1000 if isinstance(date, int | float) and not isinstance(date, bool) else now
    service = str(event.get("service") or _value(tags, "service"))
    tag_keys = {tag.partition(":")[0] for tag in tags}
    unified_tags = {"service": service, "env": event.get("env"), "version": event.get("version")}
    all_tags = [*tags, *(f"{key}:{value}" for key, value in unified_tags.items() if value and key not in tag_keys)]
    attributes = dict(event)
    action, view = event.get("action"), event.get("view")
    if isinstance(action, dict) and "name" not in action:
        attributes["action"] = {**action, "name": (action.get("target") or {}).get("name", "")}
    if isinstance(view, dict) and isinstance(view.get("url"), str):
        path = urlsplit(view["url"]).path or "/"
        attributes["view"] = {"name": path, "url_path": path, **view}
    return Event(time, "rum", {"service": service, "tags": all_tags, "attributes": attributes})


def _value(tags: list[str], key: str) -> str:
    return next((tag.partition(":")[2] for tag in tags if tag.startswith(f"{key}:")), "")
