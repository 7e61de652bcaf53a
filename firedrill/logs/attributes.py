"""Paths into a log's attributes.

Datadog reads ``http.status_code`` both as nested objects and as one key with a dot in it, and walks arrays of objects
on the way (docs.datadoghq.com/logs/explorer/search_syntax). All functions here do the same.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import Any

Attributes = MutableMapping[str, Any]


def values_at(tree: Any, path: str) -> list[Any]:
    """Return all values at a path, walking arrays on the way; a value that is itself a list stays a list."""
    values: list[Any] = []
    _collect(tree, path, values)
    return values


def _collect(tree: Any, path: str, values: list[Any]) -> None:
    if isinstance(tree, list):
        head, _, rest = path.partition(".")
        if head.isdigit() and int(head) < len(tree):
            values += values_at(tree[int(head)], rest) if rest else [tree[int(head)]]
            return
        for element in tree:
            _collect(element, path, values)
    elif isinstance(tree, Mapping):
        value = tree.get(path)
        if value is not None:
            values.append(value)
        for head, rest in _splits(path):
            if head in tree:
                _collect(tree[head], rest, values)


@lru_cache(maxsize=4096)
def _splits(path: str) -> tuple[tuple[str, str], ...]:
    """Return the splits of a path: ``a.b.c`` as ``a`` and ``b.c``, then ``a.b`` and ``c``."""
    dots = [at for at, character in enumerate(path) if character == "."]
    return tuple((path[:at], path[at + 1 :]) for at in dots)


def get_path(tree: Any, path: str) -> Any:
    """Return the value at a path, or None; several values (through an array of objects) as a list."""
    values = values_at(tree, path)
    return values[0] if len(values) == 1 else (values or None)


def set_path(tree: Attributes, path: str, value: Any) -> None:
    """Set the value at a path: overwrite an existing key with dots, else nest objects, replacing scalars on the way."""
    if path in tree or "." not in path:
        tree[path] = value
        return
    for head, rest in _splits(path):
        if isinstance(tree.get(head), MutableMapping):
            set_path(tree[head], rest, value)
            return
    head, _, rest = path.partition(".")
    tree[head] = {}
    set_path(tree[head], rest, value)


def remove_path(tree: Attributes, path: str) -> None:
    """Delete a path and the objects that become empty. Arrays are walked; a missing path is not an error."""
    tree.pop(path, None)
    for head, rest in _splits(path):
        below = tree.get(head)
        for branch in below if isinstance(below, list) else [below]:
            if isinstance(branch, MutableMapping):
                remove_path(branch, rest)
        if below == {}:
            del tree[head]


def as_stored(tree: Any) -> Any:
    """Return a JSON value as it is stored: null and empty collections are nothing, keys with dots are nested.

    Of all recorded results none holds one of these, whatever the sample held.
    """
    if isinstance(tree, Mapping):
        stored: Attributes = {}
        for key, below in tree.items():
            value = as_stored(below)
            if not _is_empty(value):
                set_path(stored, key, value)
        return stored
    if isinstance(tree, list):
        return [element for element in map(as_stored, tree) if not _is_empty(element)]
    return tree


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, dict | list) and not value)


def leaves(tree: Any) -> Iterator[Any]:
    """Yield all scalar values below a tree, without None."""
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from leaves(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from leaves(value)
    elif tree is not None:
        yield tree
