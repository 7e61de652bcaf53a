"""Preprocessing of logs: from posted entries to log events, before any pipeline runs.

https://docs.datadoghq.com/api/latest/logs/#send-logs
https://docs.datadoghq.com/logs/log_configuration/pipelines/#preprocessing
"""

import json
from collections.abc import Mapping
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.logs.attributes import as_stored, get_path, remove_path
from firedrill.logs.dates import parse_log_date
from firedrill.logs.processors.remap import PREFIXES, SYSLOG
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.json_text import parse_json

MAX_ENTRIES = 1000
MAX_AGE, MAX_AHEAD = 18 * 3600, 2 * 3600
"""Seconds before and after now: a log with a date outside this range gets the time of its arrival."""
RESERVED = {
    "timestamp": ("@timestamp", "timestamp", "_timestamp", "Timestamp", "eventTime", "date", "published_date",
                  "syslog.timestamp"),
    "host": ("host", "hostname", "syslog.hostname"),
    "status": ("status", "severity", "level", "syslog.severity"),
    "service": ("service", "syslog.appname", "dd.service"),
    "message": ("message", "msg", "log"),
    "trace_id": ("dd.trace_id", "contextMap.dd.trace_id", "named_tags.dd.trace_id", "trace_id"),
    "span_id": ("dd.span_id", "contextMap.dd.span_id", "named_tags.dd.span_id", "span_id"),
}  # fmt: skip
"""Reserved attribute -> keys of a JSON log that set it; the first existing one wins."""
KEPT = ("status", "service", "trace_id", "span_id", "timestamp")
"""Reserved attributes whose source stays an attribute, so that ``@level`` and ``@dd.trace_id`` are searchable."""


def read_entries(body: bytes, content_type: str) -> list[Mapping[str, Any]]:
    """Return the entries of a request: a list, an object, or lines of text. Raises ValueError with the API's reason."""
    if content_type.startswith("text/plain"):
        return [{"message": line} for line in body.decode(errors="replace").splitlines() if line.strip()]
    content = parse_json(body or b"[]")
    entries = content if isinstance(content, list) else [content]
    if not all(isinstance(entry, dict) for entry in entries):
        raise InvalidPayload("a log must be a JSON object")
    return entries


def preprocess(entry: Mapping[str, Any], query: Mapping[str, str], now: float) -> Event:
    """Return an entry as an event with reserved attributes, tags, and the rest of a JSON message in ``attributes``.

    ``query`` are the request's parameters, which can set ddsource, ddtags, hostname and service for all entries.
    """
    sent = {**{key: query[key] for key in ("ddsource", "ddtags", "hostname", "service") if key in query}, **entry}
    tags = [tag for tag in str(sent.pop("ddtags", "")).split(",") if tag]
    source = sent.pop("ddsource", "")
    message = sent.pop("message", "")
    parsed = _json_object(message)
    attributes: dict[str, Any] = {**{key: value for key, value in sent.items() if key not in RESERVED["host"]}}
    for key in ("service", "status"):
        attributes.pop(key, None)
    attributes |= parsed or {}
    log: dict[str, Any] = {
        "message": message if isinstance(message, str) else json.dumps(message),
        "service": sent.get("service", ""),
        "host": sent.get("hostname") or sent.get("host", ""),
        "source": source,
        "status": sent.get("status", "info"),
        "tags": tags,
    }
    for name, keys in RESERVED.items():
        key_and_value = next(
            ((key, value) for key in keys if (value := get_path(attributes, key)) not in (None, "")), None
        )
        if key_and_value is not None:
            log[name] = key_and_value[1]
            if name not in KEPT:
                remove_path(attributes, key_and_value[0])
    log["status"] = normalize_status(log["status"])
    timestamp = _date(log.get("timestamp"))
    timestamp = timestamp if timestamp is not None and now - MAX_AGE <= timestamp <= now + MAX_AHEAD else now
    log["timestamp"] = int(timestamp * 1000)
    log["attributes"] = attributes
    _add_unified_tags(log)
    return Event(timestamp, "logs", log)


def processed(event: Event, log: Mapping[str, Any]) -> Event:
    """Return the event after its pipelines: a date remapper may have changed its time."""
    timestamp = _date(log.get("timestamp"))
    return Event(timestamp if timestamp is not None else event.time, event.track, dict(log))


def normalize_status(value: object) -> str:
    """Return the status of a severity as the status remapper does, by syslog number or the first letters."""
    text = str(value).strip().lower()
    if text.isdigit() and int(text) < len(SYSLOG):
        return SYSLOG[int(text)]
    return next((name for prefix, name in PREFIXES if text.startswith(prefix)), "info")


def _json_object(message: object) -> dict[str, Any] | None:
    if isinstance(message, dict):
        return dict(as_stored(message))
    if not isinstance(message, str) or not message.lstrip().startswith("{"):
        return None
    try:
        content = parse_json(message)
    except ValueError:
        return None
    return as_stored(content) if isinstance(content, dict) else None


def _date(value: object) -> float | None:
    """Return epoch seconds of a date that the date remapper can read or of a number, or None."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if value > 1e11 else float(value)
    milliseconds = parse_log_date(value)
    return None if milliseconds is None else milliseconds / 1000


def _add_unified_tags(log: dict[str, Any]) -> None:
    """Add missing tags for service, env and version, the last two from ``dd.env`` and ``dd.version``."""
    tag_keys = {tag.partition(":")[0] for tag in log["tags"]}
    for key in ("env", "version"):
        value = get_path(log["attributes"], f"dd.{key}")
        if value and key not in tag_keys:
            log["tags"].append(f"{key}:{value}")
    if log["service"] and "service" not in tag_keys:
        log["tags"].append(f"service:{log['service']}")
