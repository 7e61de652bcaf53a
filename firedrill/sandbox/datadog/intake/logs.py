"""Logs as posted, and the log events that Datadog makes of them before any pipeline runs.

https://docs.datadoghq.com/api/latest/logs/#send-logs
https://docs.datadoghq.com/logs/log_configuration/pipelines/#preprocessing
"""

import json
from collections.abc import Mapping
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.logs.attributes import get, remove
from firedrill.logs.dates import parse_log_date
from firedrill.logs.processors.remap import PREFIXES, SYSLOG
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload

MAX_ENTRIES = 1000
MAX_AGE, MAX_AHEAD = 18 * 3600, 2 * 3600
"""Seconds: a log dated outside of these is taken at its arrival."""
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
"""Reserved attribute -> the keys of a JSON log that are read for it, first one wins."""
KEPT = ("status", "service", "trace_id", "span_id", "timestamp")
"""Of these the source stays among the attributes: ``@level`` and ``@dd.trace_id`` remain searchable."""


def entries(body: bytes, content_type: str) -> list[Mapping[str, Any]]:
    """The entries of a request: a list, one object, or lines of text. Raises ValueError with the API's reason."""
    if content_type.startswith("text/plain"):
        return [{"message": line} for line in body.decode(errors="replace").splitlines() if line.strip()]
    content = json.loads(body or b"[]")
    found = content if isinstance(content, list) else [content]
    if not all(isinstance(one, dict) for one in found):
        raise InvalidPayload("a log is a JSON object")
    return found


def preprocess(entry: Mapping[str, Any], query: Mapping[str, str], now: float) -> Event:
    """One entry as an event: reserved attributes on top, tags, the rest of a JSON message below ``attributes``.

    ``query`` are the request's parameters, which may carry ddsource, ddtags, hostname and service for all entries.
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
        found = next(((key, value) for key in keys if (value := get(attributes, key)) not in (None, "")), None)
        if found is not None:
            log[name] = found[1]
            if name not in KEPT:
                remove(attributes, found[0])
    log["status"] = status(log["status"])
    when = _date(log.get("timestamp"))
    when = when if when is not None and now - MAX_AGE <= when <= now + MAX_AHEAD else now
    log["timestamp"] = int(when * 1000)
    log["attributes"] = attributes
    _unify(log)
    return Event(when, "logs", log)


def processed(event: Event, log: Mapping[str, Any]) -> Event:
    """The event after its pipelines ran: a date remapper may have moved it."""
    when = _date(log.get("timestamp"))
    return Event(when if when is not None else event.time, event.track, dict(log))


def status(value: object) -> str:
    """A severity as the status remapper reads it (docs: logs/processing): syslog numbers, or the first letters."""
    text = str(value).strip().lower()
    if text.isdigit() and int(text) < len(SYSLOG):
        return SYSLOG[int(text)]
    return next((name for prefix, name in PREFIXES if text.startswith(prefix)), "info")


def _json_object(message: object) -> dict[str, Any] | None:
    if isinstance(message, dict):
        return dict(message)
    if not isinstance(message, str) or not message.lstrip().startswith("{"):
        return None
    try:
        content = json.loads(message)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _date(value: object) -> float | None:
    """Epoch seconds of a date as the date remapper reads it, or of a number of seconds; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if value > 1e11 else float(value)
    milliseconds = parse_log_date(value)
    return None if milliseconds is None else milliseconds / 1000


def _unify(log: dict[str, Any]) -> None:
    """Unified service tagging: ``dd.env`` and ``dd.version`` of a correlated log become tags where none were sent."""
    known = {tag.partition(":")[0] for tag in log["tags"]}
    for key in ("env", "version"):
        value = get(log["attributes"], f"dd.{key}")
        if value and key not in known:
            log["tags"].append(f"{key}:{value}")
    if log["service"] and "service" not in known:
        log["tags"].append(f"service:{log['service']}")
