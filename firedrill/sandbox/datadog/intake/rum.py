"""RUM events as the browser SDK posts them, one JSON object a line.

https://docs.datadoghq.com/real_user_monitoring/guide/proxy-rum-data/ (path and parameters),
https://github.com/DataDog/rum-events-format (members). What is searched by and not sent is added as Datadog's backend
does: the request's tags, ``@action.name`` from the action's target, ``@view.url_path`` and, where the page names no
view, ``@view.name`` from its URL.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload

TYPES = ("session", "view", "action", "error", "resource", "long_task", "vital")
OWN = "telemetry"
"""What the SDK says of itself, in the same requests: taken, and no event."""
ANSWER_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""The intake is called by pages of any origin."""


def events(body: bytes, parameters: Mapping[str, str], now: float) -> Iterator[Event]:
    """The events of a request. Raises :class:`InvalidPayload`."""
    tags = [tag for tag in parameters.get("ddtags", "").split(",") if tag]
    for line in body.decode(errors="replace").splitlines():
        if not line.strip():
            continue
        try:
            sent = json.loads(line)
        except ValueError as error:
            raise InvalidPayload(f"not JSON: {error}") from error
        if isinstance(sent, dict) and sent.get("type") == OWN:
            continue
        if not isinstance(sent, dict) or sent.get("type") not in TYPES:
            raise InvalidPayload(f"'type' must be one of {', '.join(TYPES)}")
        if not (sent.get("application") or {}).get("id") or not (sent.get("session") or {}).get("id"):
            raise InvalidPayload("'application.id' and 'session.id' are required")
        yield _event(sent, tags, now)


def _event(sent: dict[str, Any], tags: list[str], now: float) -> Event:
    tags = [*tags, *(tag for tag in str(sent.get("ddtags") or "").split(",") if tag and tag not in tags)]
    date = sent.get("date")
    time = date / 1000 if isinstance(date, int | float) and not isinstance(date, bool) else now
    service = str(sent.get("service") or _value(tags, "service"))
    known = {tag.partition(":")[0] for tag in tags}
    own = {"service": service, "env": sent.get("env"), "version": sent.get("version")}
    all_tags = [*tags, *(f"{key}:{value}" for key, value in own.items() if value and key not in known)]
    attributes = dict(sent)
    action, view = sent.get("action"), sent.get("view")
    if isinstance(action, dict) and "name" not in action:
        attributes["action"] = {**action, "name": (action.get("target") or {}).get("name", "")}
    if isinstance(view, dict) and isinstance(view.get("url"), str):
        path = urlsplit(view["url"]).path or "/"
        attributes["view"] = {"name": path, "url_path": path, **view}
    return Event(time, "rum", {"service": service, "tags": all_tags, "attributes": attributes})


def _value(tags: list[str], key: str) -> str:
    return next((tag.partition(":")[2] for tag in tags if tag.startswith(f"{key}:")), "")
