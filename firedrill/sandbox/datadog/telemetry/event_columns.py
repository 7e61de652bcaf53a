"""Columns of a block of events: for each key that a search can name, its distinct values and the events with them.

A search tests each distinct value once, with the tests of :mod:`firedrill.logs.match`, so that excluded values,
wildcards and values that no event has cost no more than others. Names of columns:

* ``@path``: elements of the attributes at a path; an object is ``{}``. Numbers of array elements are no paths here;
* ``.field``: elements of a reserved field as a search sees them; an empty array is ``[]``. ``.tags``: the tags;
* ``#``: words of the message;
* ``*``: values that a search of all values reads and no other column has.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from firedrill.logs.attributes import leaves
from firedrill.logs.match import elements, field_elements, tags_of
from firedrill.sandbox.datadog.telemetry.column import LINE, ROW_TYPE, Column, code_type

Json = dict[str, Any]
WORD = re.compile(r"\w+")
WORDS, REST, MESSAGE, STATUS, TAGS = "#", "*", ".message", ".status", ".tags"
OBJECT, EMPTY = (), (None,)
"""An object and an empty array while a column is written: values must be hashable."""
encode = json.JSONEncoder().encode


Entries = dict[str, tuple[list[int], list[Any]]]
"""Numbers of events and their values, by the name of the column."""


def columns(events: Sequence[Json]) -> dict[str, Column]:
    """Return the columns of a block of events, by name."""
    entries: Entries = {}
    for row, event in enumerate(events):
        _enter(entries, row, event)
    return {name: _column(rows, values, len(events)) for name, (rows, values) in entries.items()}


def _column(rows: list[int], values: list[Any], events: int) -> Column:
    places: dict[Any, int] = {}
    # True, 1 and 1.0 are equal in Python and different in a search.
    keys = values if set(map(type, values)) <= {str} else [(type(value), value) for value in values]
    codes = [places.setdefault(key, len(places)) for key in keys]
    distinct = places if keys is values else [value for _, value in places]
    count = len(places)
    has_codes = count > 1 and codes != list(range(count))
    return Column(
        LINE.join([encode(_plain(value)) for value in distinct]),
        np.array(codes, code_type(count)).tobytes() if has_codes else b"",
        np.array(rows, ROW_TYPE).tobytes() if rows != list(range(events)) else b"",
        events,
    )


def _enter(entries: Entries, row: int, event: Json) -> None:
    for key, value in event.items():
        if key == "attributes":
            _enter_attributes(entries, row, value, "@")
            if not isinstance(value, dict | list):
                _enter_rest(entries, row, value)
        elif key == "tags":
            _enter_tags(entries, row, value, tags_of(event))
        elif isinstance(value, str) and value and key != "status":
            _add(entries, f".{key}", row, value)
        elif value is not None and value != "":
            _enter_field(entries, row, key, value)
    message = event.get("message")
    if message:
        for word in set(WORD.findall(str(message))):
            _add(entries, WORDS, row, word)


def _add(entries: Entries, name: str, row: int, value: Any) -> None:
    entry = entries.get(name)
    if entry is None:
        entry = entries[name] = ([], [])
    entry[0].append(row)
    entry[1].append(value)


def _enter_tags(entries: Entries, row: int, value: Any, tags: list[str]) -> None:
    for tag in tags:
        _add(entries, TAGS, row, tag)
    if value != tags:
        _enter_rest(entries, row, value)


def _enter_field(entries: Entries, row: int, key: str, value: Any) -> None:
    for element in field_elements(key, value) or [[]]:
        _add(entries, f".{key}", row, _hashable(element))
    if key == "message":
        # Its words are those of the whole value: no text decides about them.
        _add(entries, MESSAGE, row, EMPTY)
    if isinstance(value, dict | list) or key == "status":
        _enter_rest(entries, row, value)


def _enter_rest(entries: Entries, row: int, value: Any) -> None:
    for leaf in leaves(value):
        _add(entries, REST, row, leaf)


def _enter_attributes(entries: Entries, row: int, tree: Any, prefix: str) -> None:
    """Enter the values of all paths below an object or array; :func:`values_at` reads the same for a path."""
    if isinstance(tree, list):
        for element in tree:
            if isinstance(element, dict | list):
                _enter_attributes(entries, row, element, prefix)
            elif prefix == "@":
                _enter_rest(entries, row, element)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            name = prefix + key
            if isinstance(value, dict):
                _add(entries, name, row, OBJECT)
                _enter_attributes(entries, row, value, f"{name}.")
            elif isinstance(value, list):
                for element in elements(value):
                    _add(entries, name, row, _hashable(element))
                _enter_attributes(entries, row, value, f"{name}.")
            elif value is not None:
                _add(entries, name, row, value)


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return OBJECT
    return EMPTY if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return {OBJECT: {}, EMPTY: []}[value] if isinstance(value, tuple) else value


def searched_by_all(names: Iterable[str]) -> list[str]:
    """Return the columns that together have the scalar values of an event."""
    return [name for name in names if name not in (WORDS, STATUS)]
