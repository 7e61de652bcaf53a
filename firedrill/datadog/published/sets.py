"""Sets in two states of a resource: the same items in another order are equal."""

import json
from collections.abc import Mapping

from firedrill.datadog.published.schema import Field, KindSchema
from firedrill.provider.values import Properties, Value

Fields = Mapping[str, Field]


def with_sets_aligned(kind: KindSchema, old: Properties, new: Properties) -> Properties:
    """Return new properties with each item of a set at the place of the equal item in the old ones.

    Other items take the places that are left; a place without an item is None.
    """
    return _object(kind.properties, old, new)


def _object(fields: Fields, old: Properties, new: Properties) -> Properties:
    return {name: _value(fields.get(name), old.get(name), value) for name, value in new.items()}


def _value(field: Field | None, old: Value, new: Value) -> Value:
    if field is None or type(old) is not type(new):
        return new
    if isinstance(new, dict):
        return new if field.properties is None else _object(field.properties, old, new)
    if not isinstance(new, list):
        return new
    placed = _placed(field, old, new) if field.type == "set" else new
    return [
        _object(field.properties, old[index], item)
        if field.properties is not None and index < len(old) and isinstance(item, dict) and isinstance(old[index], dict)
        else item
        for index, item in enumerate(placed)
    ]


def _placed(field: Field, old: list[Value], new: list[Value]) -> list[Value]:
    rest = [(_key(field, item), item) for item in new]
    places: list[Value] = [None] * len(old)
    for index, key in enumerate(_key(field, item) for item in old):
        match = next((entry for entry in rest if entry[0] == key), None)
        if match is not None:
            rest.remove(match)
            places[index] = match[1]
    free = [index for index, item in enumerate(places) if item is None]
    for index, (_, item) in zip(free, rest, strict=False):
        places[index] = item
    return places + [item for _, item in rest[len(free) :]]


def _key(field: Field, item: Value) -> str:
    """Return a text that two items have in common when they are equal but for the order of sets in them."""
    return json.dumps(_sorted(field.properties, item), sort_keys=True, default=repr)


def _sorted(fields: Fields | None, value: Value) -> Value:
    if not isinstance(value, dict) or fields is None:
        return value
    return {name: _sorted_member(fields.get(name), member) for name, member in value.items()}


def _sorted_member(field: Field | None, value: Value) -> Value:
    if field is None or not isinstance(value, list):
        return _sorted(field.properties if field else None, value)
    items = [_sorted(field.properties, item) for item in value]
    return sorted(items, key=lambda item: _key(field, item)) if field.type == "set" else items
