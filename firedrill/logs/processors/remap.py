"""Remappers: attributes to attributes and tags, and the reserved fields (date, status, service, message, ids)."""

from copy import deepcopy
from typing import Any

from firedrill.logs.attributes import remove_path
from firedrill.logs.dates import parse_log_date
from firedrill.logs.event import (
    Event,
    Processor,
    as_number,
    as_text,
    drop_field,
    first_source,
    read_attribute,
    write_attribute,
)

SYSLOG = ("emergency", "alert", "critical", "error", "warn", "notice", "info", "debug")
# docs.datadoghq.com/logs/log_configuration/processors/log_status_remapper; longest prefix first.
PREFIXES = (
    ("emerg", "emergency"),
    ("err", "error"),
    ("f", "emergency"),
    ("a", "alert"),
    ("c", "critical"),
    ("w", "warn"),
    ("n", "notice"),
    ("i", "info"),
    ("d", "debug"),
    ("t", "debug"),
    ("v", "debug"),
    ("o", "ok"),
    ("s", "ok"),
)


def attribute(processor: Processor, event: Event) -> None:
    """Move or copy the first source that exists to an attribute or a tag; a target in use stays unless overridden.

    Every source that exists is removed, also where the target is in use and stays, as recorded results show.
    """
    from_tag, to_tag = processor.get("source_type") == "tag", processor.get("target_type") == "tag"
    target = processor["target"]
    values = {
        source: _tag(event, source) if from_tag else read_attribute(event, source) for source in processor["sources"]
    }
    present = {source: value for source, value in values.items() if value is not None}
    if not present or (to_tag and isinstance(next(iter(present.values())), dict)):
        return
    first, value = next(iter(present.items()))
    existing = _tag(event, target) if to_tag else read_attribute(event, target)
    if not processor.get("preserve_source"):
        for source in present:
            if source != target:
                _drop_tag(event, source) if from_tag else drop_field(event, source)
    if existing is not None and first != target and not processor.get("override_on_conflict"):
        return
    if to_tag:
        _add_tags(event, target, value)
    else:
        # A copy: a later parser of the one does not change the other.
        write_attribute(event, target, cast(deepcopy(value), processor.get("target_format", "auto")))


def _add_tags(event: Event, key: str, value: Any) -> None:
    """Set a tag, in small letters as all tags are."""
    _drop_tag(event, key)
    values = value if isinstance(value, list) else [value]
    event["tags"] = [*(event.get("tags") or ()), *(f"{key}:{as_text(value)}".lower() for value in values)]


def _tag(event: Event, key: str) -> Any:
    values = [tag.partition(":")[2] for tag in event.get("tags") or () if tag.partition(":")[0] == key]
    return values[0] if len(values) == 1 else (values or None)


def _drop_tag(event: Event, key: str) -> None:
    event["tags"] = [tag for tag in event.get("tags") or () if tag.partition(":")[0] != key]


def cast(value: Any, target_format: str) -> Any:
    """Convert a value to a format; ``auto`` keeps the type, and a cast that fails keeps the value."""
    number = as_number(value)
    if target_format == "string" and not isinstance(value, dict | list):
        return as_text(value)
    if target_format == "integer" and number is not None and (not isinstance(value, str) or number.is_integer()):
        return int(number)
    if target_format == "double" and number is not None:
        return number
    return value


def date(processor: Processor, event: Event) -> None:
    """Set ``timestamp`` in epoch milliseconds from ISO 8601, epoch milliseconds or RFC 3164."""
    source = first_source(event, processor["sources"])
    moment = parse_log_date(source[1]) if source else None
    if moment is not None:
        event["timestamp"] = moment


def status(processor: Processor, event: Event) -> None:
    """Set the status: syslog severities by number, names by the page's prefixes, else info."""
    source = first_source(event, processor["sources"])
    if source:
        event["status"] = normal_status(source[1])


def normal_status(value: Any) -> str:
    """Return the status of Datadog for a log's own level."""
    number = as_number(value)
    if number is not None and number.is_integer() and 0 <= number < len(SYSLOG):
        return SYSLOG[int(number)]
    text = as_text(value).lower()
    return next((name for prefix, name in PREFIXES if text.startswith(prefix)), "info")


def _set_field(name: str, processor: Processor, event: Event, default: tuple[str, ...] = ()) -> str | None:
    """Set a reserved field from the first source that exists, and return that source."""
    source = first_source(event, processor.get("sources") or list(default))
    if not source or isinstance(source[1], dict | list):
        return None
    event[name] = as_text(source[1])
    return source[0]


def _move_to_field(name: str, processor: Processor, event: Event, default: tuple[str, ...] = ()) -> None:
    """Set a reserved field and drop the attribute that it came from, as recorded results show."""
    source = _set_field(name, processor, event, default)
    if source:
        remove_path(event.get("attributes") or {}, source)


def service(processor: Processor, event: Event) -> None:
    """Set the service."""
    _set_field("service", processor, event)


def message(processor: Processor, event: Event) -> None:
    """Set the message, in which free text is searched."""
    _move_to_field("message", processor, event)


def trace_id(processor: Processor, event: Event) -> None:
    """Set the trace id."""
    _move_to_field("trace_id", processor, event, ("dd.trace_id",))


def span_id(processor: Processor, event: Event) -> None:
    """Set the span id."""
    _move_to_field("span_id", processor, event, ("dd.span_id",))


def exclude(processor: Processor, event: Event) -> None:
    """Remove an attribute."""
    drop_field(event, processor["attribute_to_exclude"])
