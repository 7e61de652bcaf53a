"""Access to JSON:API documents: an object, its attributes, and the ``included`` objects of its relationships."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def data(document: Json) -> Json:
    """Return the main object of a document, or the object itself."""
    inside = document.get("data", document)
    return inside if isinstance(inside, Mapping) else {}


def attributes(document: Json) -> Json:
    """Return the main object's attributes; a flat object is its own attributes."""
    main = data(document)
    result: Json = main.get("attributes", main)
    return result


def related(document: Json, source: Json, name: str) -> list[Json]:
    """Return the objects of a relationship of ``source``, in order; a bare reference for one that is not included."""
    linked = ((source.get("relationships") or {}).get(name) or {}).get("data")
    references: list[Json] = linked if isinstance(linked, list) else [linked] if linked else []
    included: dict[tuple[Any, Any], Json] = {
        (item.get("type"), item.get("id")): item for item in document.get("included") or ()
    }
    return [included.get((reference.get("type"), reference.get("id")), reference) for reference in references]


def related_id(source: Json, name: str) -> str | None:
    """Return the id of the single object of a relationship of ``source``."""
    linked = ((source.get("relationships") or {}).get(name) or {}).get("data")
    return linked.get("id") if isinstance(linked, Mapping) else None
