"""Access to an event: reserved fields at the top, ``tags``, and everything else below ``attributes``."""

from collections.abc import MutableMapping
from typing import Any

from firedrill.logs.attributes import get_path, remove_path, set_path

Event = MutableMapping[str, Any]
Processor = dict[str, Any]

# docs.datadoghq.com/logs/log_configuration/attributes_naming_convention, reserved attributes
RESERVED = ("host", "source", "status", "service", "message", "trace_id", "span_id", "timestamp")


class PipelineError(ValueError):
    """Raised for a processor that cannot be run: malformed, unknown, or in need of data that only Datadog has."""


def read_field(event: Event, path: str) -> Any:
    """Return the value at a path: an attribute, else a reserved field or the tags; None if there is neither."""
    value = read_attribute(event, path)
    if value is None and (path in RESERVED or path == "tags"):
        return event.get(path)
    return value


def read_attribute(event: Event, path: str) -> Any:
    """Return the attribute at a path, or None. A remapper does not read the reserved fields of that name."""
    value = get_path(event.get("attributes"), path)
    if value is None and path.startswith("custom."):
        # "custom." is the root of the attributes (one recording alone: activemq's lookup of custom.type).
        return get_path(event.get("attributes"), path.removeprefix("custom."))
    return value


def write_attribute(event: Event, path: str, value: Any) -> None:
    """Set an attribute."""
    set_path(event.setdefault("attributes", {}), path, value)


def drop_field(event: Event, path: str) -> None:
    """Remove an attribute, or the reserved field where there is no such attribute."""
    if get_path(event.get("attributes"), path) is not None:
        remove_path(event["attributes"], path)
    elif path in RESERVED:
        event.pop(path, None)


def first_source(event: Event, sources: list[str]) -> tuple[str, Any] | None:
    """Return the first source that is an attribute, with its value."""
    for source in sources:
        value = read_attribute(event, source)
        if value is not None:
            return source, value
    return None


def as_text(value: Any) -> str:
    """Return a scalar as Datadog prints it in templates and tags."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_number(value: Any) -> float | None:
    """Return a number, or a text that is one; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def int_if_whole(number: float) -> int | float:
    """Return an int where the number is one."""
    return int(number) if number.is_integer() else number
