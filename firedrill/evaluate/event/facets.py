"""Values of an event's facets: ``@path`` in its attributes, reserved fields, tags."""

from collections.abc import Mapping
from typing import Any

from firedrill.logs.attributes import values_at


def facet_values(event: Mapping[str, Any], facet: str) -> list[Any]:
    """Return all values of a facet, lists flattened; empty when the event lacks it."""
    if facet.startswith("@"):
        values = values_at(event.get("attributes") or {}, facet[1:])
    elif event.get(facet) is not None and facet not in {"tags", "attributes"}:
        values = [event[facet]]
    else:
        values = [tag.partition(":")[2] for tag in event.get("tags") or () if tag.partition(":")[0] == facet]
        if not values:
            values = values_at(event.get("attributes") or {}, facet)
    flat: list[Any] = []
    for value in values:
        flat.extend(value if isinstance(value, list) else [value])
    return [value for value in flat if value is not None]


def number(value: Any) -> float | None:
    """Return a measure's value; None for what is not a number."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
