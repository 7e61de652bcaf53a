"""Events that a client posts to the public API or sends over DogStatsD: https://docs.datadoghq.com/api/latest/events."""

import secrets
from collections.abc import Mapping
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake.dogstatsd.messages import EventMessage
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload


def event_v1(body: Any, now: float) -> Event:
    """Return the event of ``POST /api/v1/events``. Raises :class:`InvalidPayload`."""
    if not isinstance(body, dict) or not body.get("title"):
        raise InvalidPayload("'title' is required")
    return _event(
        float(body.get("date_happened") or now), str(body["title"]), str(body.get("text") or ""),
        list(body.get("tags") or ()), status=body.get("alert_type") or "info", host=body.get("host") or "",
        source=body.get("source_type_name") or "api", priority=body.get("priority") or "normal",
        aggregation_key=body.get("aggregation_key"),
    )  # fmt: skip


def event_v2(body: Any, now: float) -> Event:
    """Return the event of ``POST /api/v2/events``. Raises :class:`InvalidPayload`."""
    attributes = (body.get("data") or {}).get("attributes") if isinstance(body, dict) else None
    if not isinstance(attributes, dict) or not attributes.get("title") or not attributes.get("category"):
        raise InvalidPayload("'title' and 'category' are required")
    specific = attributes.get("attributes") or {}
    return _event(
        now, str(attributes["title"]), str(attributes.get("message") or ""), list(attributes.get("tags") or ()),
        status=specific.get("status") or "info", host=attributes.get("host") or "",
        source=attributes.get("integration_id") or "api", priority=specific.get("priority") or "normal",
        aggregation_key=attributes.get("aggregation_key"), category=attributes["category"], specific=specific,
    )  # fmt: skip


def statsd_event(event: EventMessage, now: float) -> Event:
    """Return the event of a DogStatsD message."""
    return _event(
        event.timestamp or now, event.title, event.text, sorted(event.tags), status=event.alert_type, host=event.host,
        source=event.source or "api", priority=event.priority, aggregation_key=event.aggregation_key or None,
    )  # fmt: skip


def _event(
    time: float, title: str, text: str, tags: list[str], *, status: str, host: str, source: str, priority: str,
    aggregation_key: str | None, category: str = "alert", specific: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """Return an event; search reads ``title``, ``message``, ``source``, ``status`` and ``priority`` as fields."""
    identifier = str(secrets.randbelow(2**62))
    return Event(
        time,
        "events",
        {
            "title": title,
            "message": text,
            "status": status,
            "host": host,
            "source": source,
            "priority": priority,
            "timestamp": int(time * 1000),
            "tags": [*tags, f"source:{source}"],
            "attributes": {
                "evt": {"id": identifier, "name": title, "category": category},
                "title": title,
                "aggregation_key": aggregation_key,
                **dict(specific or {}),
            },
        },
    )
