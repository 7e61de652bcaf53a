"""How processors read and write an event: reserved fields on top, ``tags``, everything else below ``attributes``."""

from collections.abc import MutableMapping
from typing import Any

from firedrill.logs import attributes

Event = MutableMapping[str, Any]
Processor = dict[str, Any]

# docs.datadoghq.com/logs/log_configuration/attributes_naming_convention, reserved attributes
RESERVED = ("host", "source", "status", "service", "message", "trace_id", "span_id", "timestamp")


class PipelineError(ValueError):
    """A processor that cannot be run: malformed, unknown, or in need of something that only Datadog has."""


def read(event: Event, path: str) -> Any:
    """The value at a path: an attribute, else a reserved field or the tags; None if there is neither."""
    found = attributes.get(event.get("attributes"), path)
    if found is None and (path in RESERVED or path == "tags"):
        return event.get(path)
    return found


def write(event: Event, path: str, value: Any) -> None:
    """Set an attribute."""
    attributes.put(event.setdefault("attributes", {}), path, value)


def drop(event: Event, path: str) -> None:
    """Remove an attribute, or the reserved field where there is no such attribute."""
    if attributes.get(event.get("attributes"), path) is not None:
        attributes.remove(event["attributes"], path)
    elif path in RESERVED:
        event.pop(path, None)


def first(event: Event, sources: list[str]) -> tuple[str, Any] | None:
    """The first source that exists, with its value."""
    for source in sources:
        value = read(event, source)
        if value is not None:
            return source, value
    return None


def as_text(value: Any) -> str:
    """A scalar as Datadog prints it in templates and tags."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_number(value: Any) -> float | None:
    """A number, or a text that is one; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def whole(number: float) -> int | float:
    """An int where the number is one."""
    return int(number) if number.is_integer() else number
