"""Product Analytics events from servers: https://docs.datadoghq.com/api/latest/product-analytics/."""

from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload


def read_event(body: Any, now: float) -> list[Event]:
    """Return the event of ``POST /api/v2/prodlytics``. Raises :class:`InvalidPayload`."""
    if body["type"] != "server" or not body["event"]["name"] or not body["application"]["id"]:
        raise InvalidPayload("'type' must be server; 'event.name' and 'application.id' are required")
    tags = [f"{key}:{body[key]}" for key in ("env", "service", "version") if body.get(key)]
    attributes = {"service": str(body.get("service") or ""), "tags": tags, "attributes": {**body, "source": "server"}}
    return [Event(now, "rum", attributes)]
