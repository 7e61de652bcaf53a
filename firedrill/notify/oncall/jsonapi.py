"""Reading JSON:API documents: an object, its attributes, and what its relationships name among ``included``."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def data(document: Json) -> Json:
    """The main object of a document, or the object itself."""
    inside = document.get("data", document)
    return inside if isinstance(inside, Mapping) else {}


def attributes(document: Json) -> Json:
    """The main object's attributes; a flat object is its own."""
    main = data(document)
    known: Json = main.get("attributes", main)
    return known


def related(document: Json, source: Json, name: str) -> list[Json]:
    """The objects that ``source`` names under a relationship, in order; a bare reference where one is not included."""
    linked = ((source.get("relationships") or {}).get(name) or {}).get("data")
    references: list[Json] = linked if isinstance(linked, list) else [linked] if linked else []
    known: dict[tuple[Any, Any], Json] = {
        (one.get("type"), one.get("id")): one for one in document.get("included") or ()
    }
    return [known.get((reference.get("type"), reference.get("id")), reference) for reference in references]


def related_id(source: Json, name: str) -> str | None:
    """The id of the one object that ``source`` names under a relationship."""
    linked = ((source.get("relationships") or {}).get(name) or {}).get("data")
    return linked.get("id") if isinstance(linked, Mapping) else None
