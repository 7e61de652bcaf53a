"""Series, events and service checks that a client posts to the public API.

https://docs.datadoghq.com/api/latest/metrics, /events and /service-checks. All functions raise
:class:`InvalidPayload` where the API refuses a body.
"""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from firedrill.evaluate.telemetry import Event, MetricType, Series
from firedrill.sandbox.datadog.intake.dogstatsd import CheckStatus, PostedEvent
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload

V2_TYPES: dict[object, MetricType] = {0: "gauge", 1: "count", 2: "rate", 3: "gauge"}
V1_TYPES: dict[object, MetricType] = {"gauge": "gauge", "count": "count", "rate": "rate"}


def series_v2(body: Any) -> list[Series]:
    """``POST /api/v2/series``."""
    return [
        _series(one, V2_TYPES.get(one.get("type") or 0, "gauge"),
                [(point["timestamp"], [point["value"]]) for point in _points(one)],
                [f"{r['type']}:{r['name']}" for r in one.get("resources") or ()])
        for one in _listed(body)
    ]  # fmt: skip


def series_v1(body: Any) -> list[Series]:
    """``POST /api/v1/series``."""
    return [
        _series(one, V1_TYPES.get(one.get("type") or "gauge", "gauge"),
                [(time, [value]) for time, value in _points(one)],
                [f"host:{one['host']}"] if one.get("host") else [])
        for one in _listed(body)
    ]  # fmt: skip


def distribution_points(body: Any) -> list[Series]:
    """``POST /api/v1/distribution_points``: points are ``[time, [raw values]]``."""
    return [
        _series(one, "distribution", [(time, list(values)) for time, values in _points(one)],
                [f"host:{one['host']}"] if one.get("host") else [])
        for one in _listed(body)
    ]  # fmt: skip


def _listed(body: Any) -> Iterator[dict[str, Any]]:
    found = body.get("series") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise InvalidPayload("'series' must be a list")
    for one in found:
        if not isinstance(one, dict) or not isinstance(one.get("metric"), str):
            raise InvalidPayload("each series needs a 'metric'")
        yield one


def _points(one: Mapping[str, Any]) -> list[Any]:
    points = one.get("points")
    if not isinstance(points, list):
        raise InvalidPayload(f"series {one['metric']}: 'points' must be a list")
    return points


def _series(
    one: Mapping[str, Any], type_: MetricType, points: list[tuple[float, list[float]]], more_tags: list[str]
) -> Series:
    points = sorted(points, key=lambda point: point[0])
    try:
        times = np.repeat(np.array([float(time) for time, _ in points]), [len(values) for _, values in points])
        flat = np.array([float(value) for _, values in points for value in values], dtype=np.float64)
    except TypeError as error:
        raise InvalidPayload(f"series {one['metric']}: a point is not a number") from error
    tags = frozenset([*map(str, one.get("tags") or ()), *more_tags])
    return Series(one["metric"], type_, tags, times.astype(np.float64), flat, int(one.get("interval") or 10))


def event_v1(body: Any, now: float) -> Event:
    """``POST /api/v1/events``."""
    if not isinstance(body, dict) or not body.get("title"):
        raise InvalidPayload("'title' is required")
    return _event(
        float(body.get("date_happened") or now), str(body["title"]), str(body.get("text") or ""),
        list(body.get("tags") or ()), status=body.get("alert_type") or "info", host=body.get("host") or "",
        source=body.get("source_type_name") or "api", priority=body.get("priority") or "normal",
        aggregation_key=body.get("aggregation_key"),
    )  # fmt: skip


def event_v2(body: Any, now: float) -> Event:
    """``POST /api/v2/events``."""
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


def statsd_event(event: PostedEvent, now: float) -> Event:
    """An event that came over DogStatsD."""
    return _event(
        event.timestamp or now, event.title, event.text, sorted(event.tags), status=event.alert_type, host=event.host,
        source=event.source or "api", priority=event.priority, aggregation_key=event.aggregation_key or None,
    )  # fmt: skip


def _event(
    time: float, title: str, text: str, tags: list[str], *, status: str, host: str, source: str, priority: str,
    aggregation_key: str | None, category: str = "alert", specific: Mapping[str, Any] | None = None,
) -> Event:  # fmt: skip
    """Event search reads ``title``, ``message``, ``source``, ``status``, ``priority`` as fields, the rest with @."""
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


def check_event(check: CheckStatus, now: float) -> Event:
    """A service check's status, on the track "service_checks"."""
    tags = sorted(check.tags) + ([f"host:{check.host}"] if check.host else [])
    return Event(
        check.timestamp or now,
        "service_checks",
        {
            "check": check.name,
            "status": check.status,
            "host": check.host,
            "message": check.message,
            "tags": tags,
            "attributes": {},
        },
    )


def check_runs(body: Any, now: float) -> list[Event]:
    """``POST /api/v1/check_run``: one check or a list of them."""
    found = body if isinstance(body, list) else [body]
    for one in found:
        if not isinstance(one, dict) or not one.get("check") or one.get("status") not in (0, 1, 2, 3):
            raise InvalidPayload("a service check needs 'check' and a 'status' from 0 to 3")
    return [
        check_event(
            CheckStatus(one["check"], one["status"], frozenset(map(str, one.get("tags") or ())),
                        one.get("message") or "", one.get("host_name") or "", one.get("timestamp")), now,
        )
        for one in found
    ]  # fmt: skip


def test_events(body: Any, now: float) -> list[Event]:
    """``POST /api/v2/citestcycle``: the events of type test; suites, modules and sessions have none of their own."""
    found = []
    for one in body["events"]:
        content = one["content"]
        if one["type"] != "test":
            continue
        meta = {str(key): value for key, value in content["meta"].items()}
        nested: dict[str, Any] = {"duration": content["duration"]}
        for key, value in meta.items():
            *outer, last = key.split(".")
            level = nested
            for part in outer:
                level = level.setdefault(part, {}) if isinstance(level.get(part, {}), dict) else {}
            level[last] = value
        attributes = {
            "service": content["service"],
            "status": "error" if content["error"] else "info",
            "message": content["resource"],
            "tags": [f"env:{meta.get('env', 'none')}", f"test.status:{meta.get('test.status')}", "test_level:test"],
            "attributes": nested,
            "test_level": "test",
        }
        found.append(Event(now, "citest", attributes))
    return found


def analytics_events(body: Any, now: float) -> list[Event]:
    """``POST /api/v2/prodlytics``: https://docs.datadoghq.com/api/latest/product-analytics/ ."""
    if body["type"] != "server" or not body["event"]["name"] or not body["application"]["id"]:
        raise InvalidPayload("'type' must be server; 'event.name' and 'application.id' are required")
    tags = [f"{key}:{body[key]}" for key in ("env", "service", "version") if body.get(key)]
    attributes = {"service": str(body.get("service") or ""), "tags": tags, "attributes": {**body, "source": "server"}}
    return [Event(now, "rum", attributes)]
