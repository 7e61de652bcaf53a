"""Remappers: attributes to attributes and tags, and the reserved fields (date, status, service, message, ids)."""

from typing import Any

from firedrill.logs.dates import parse_log_date
from firedrill.logs.event import Event, Processor, as_number, as_text, drop, first, read, write

SYSLOG = ("emerg", "alert", "critical", "error", "warning", "notice", "info", "debug")
# docs.datadoghq.com/logs/log_configuration/processors/log_status_remapper; longest prefix first.
PREFIXES = (
    ("emerg", "emerg"),
    ("err", "error"),
    ("f", "emerg"),
    ("a", "alert"),
    ("c", "critical"),
    ("w", "warning"),
    ("n", "notice"),
    ("i", "info"),
    ("d", "debug"),
    ("t", "debug"),
    ("v", "debug"),
    ("o", "ok"),
    ("s", "ok"),
)


def attribute(processor: Processor, event: Event) -> None:
    """Move or copy the first source that exists to an attribute or a tag; a target in use stays unless overridden."""
    from_tag, to_tag = processor.get("source_type") == "tag", processor.get("target_type") == "tag"
    target = processor["target"]
    for source in processor["sources"]:
        value = _tag(event, source) if from_tag else read(event, source)
        if value is None:
            continue
        if to_tag and isinstance(value, dict):
            return
        taken = _tag(event, target) if to_tag else read(event, target)
        if taken is not None and source != target and not processor.get("override_on_conflict"):
            return
        if not processor.get("preserve_source") and source != target:
            _drop_tag(event, source) if from_tag else drop(event, source)
        if to_tag:
            _drop_tag(event, target)
            values = value if isinstance(value, list) else [value]
            event["tags"] = [*(event.get("tags") or ()), *(f"{target}:{as_text(one)}" for one in values)]
        else:
            write(event, target, cast(value, processor.get("target_format", "auto")))
        return


def _tag(event: Event, key: str) -> Any:
    found = [tag.partition(":")[2] for tag in event.get("tags") or () if tag.partition(":")[0] == key]
    return found[0] if len(found) == 1 else (found or None)


def _drop_tag(event: Event, key: str) -> None:
    event["tags"] = [tag for tag in event.get("tags") or () if tag.partition(":")[0] != key]


def cast(value: Any, target_format: str) -> Any:
    """``auto`` keeps the type; a cast that fails keeps the value."""
    number = as_number(value)
    if target_format == "string" and not isinstance(value, dict | list):
        return as_text(value)
    if target_format == "integer" and number is not None and (not isinstance(value, str) or number.is_integer()):
        return int(number)
    if target_format == "double" and number is not None:
        return number
    return value


def date(processor: Processor, event: Event) -> None:
    """The official date, as ``timestamp`` in epoch milliseconds: ISO 8601, epoch milliseconds or RFC 3164."""
    found = first(event, processor["sources"])
    moment = parse_log_date(found[1]) if found else None
    if moment is not None:
        event["timestamp"] = moment


def status(processor: Processor, event: Event) -> None:
    """The official status: syslog severities by number, the page's prefixes otherwise, else info."""
    found = first(event, processor["sources"])
    if found:
        event["status"] = normal_status(found[1])


def normal_status(value: Any) -> str:
    """One of Datadog's statuses for whatever a log calls its level."""
    number = as_number(value)
    if number is not None and number.is_integer() and 0 <= number < len(SYSLOG):
        return SYSLOG[int(number)]
    text = as_text(value).lower()
    return next((name for prefix, name in PREFIXES if text.startswith(prefix)), "info")


def _field(name: str, processor: Processor, event: Event, default: tuple[str, ...] = ()) -> None:
    found = first(event, processor.get("sources") or list(default))
    if found and not isinstance(found[1], dict | list):
        event[name] = as_text(found[1])


def service(processor: Processor, event: Event) -> None:
    """The official service."""
    _field("service", processor, event)


def message(processor: Processor, event: Event) -> None:
    """The official message, which free text searches."""
    _field("message", processor, event)


def trace_id(processor: Processor, event: Event) -> None:
    """The official trace id."""
    _field("trace_id", processor, event, ("dd.trace_id",))


def span_id(processor: Processor, event: Event) -> None:
    """The official span id."""
    _field("span_id", processor, event, ("dd.span_id",))


def exclude(processor: Processor, event: Event) -> None:
    """Remove an attribute."""
    drop(event, processor["attribute_to_exclude"])
