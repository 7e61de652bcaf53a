"""Paths into a log's attributes.

Datadog reads ``http.status_code`` both as nested objects and as one key with a dot in it, and walks arrays of objects
on the way (docs.datadoghq.com/logs/explorer/search_syntax). All functions here do the same.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import Any

Attributes = MutableMapping[str, Any]


def values_at(tree: Any, path: str) -> list[Any]:
    """All values at a path, arrays on the way walked; the last value is returned as it is (a list stays a list)."""
    found: list[Any] = []
    _collect(tree, path, found)
    return found


def _collect(tree: Any, path: str, found: list[Any]) -> None:
    if isinstance(tree, list):
        for element in tree:
            _collect(element, path, found)
    elif isinstance(tree, Mapping):
        value = tree.get(path)
        if value is not None:
            found.append(value)
        for head, rest in _splits(path):
            if head in tree:
                _collect(tree[head], rest, found)


@lru_cache(maxsize=4096)
def _splits(path: str) -> tuple[tuple[str, str], ...]:
    """``a.b.c`` as ``a`` and ``b.c``, then ``a.b`` and ``c``."""
    dots = [at for at, character in enumerate(path) if character == "."]
    return tuple((path[:at], path[at + 1 :]) for at in dots)


def get(tree: Any, path: str) -> Any:
    """The value at a path, or None. Several (through an array of objects) come as a list."""
    found = values_at(tree, path)
    return found[0] if len(found) == 1 else (found or None)


def put(tree: Attributes, path: str, value: Any) -> None:
    """Set a path: an existing key with dots is overwritten, else objects are nested; a scalar on the way gives way."""
    if path in tree or "." not in path:
        tree[path] = value
        return
    for head, rest in _splits(path):
        if isinstance(tree.get(head), MutableMapping):
            put(tree[head], rest, value)
            return
    head, _, rest = path.partition(".")
    tree[head] = {}
    put(tree[head], rest, value)


def remove(tree: Attributes, path: str) -> None:
    """Delete a path and the objects that it leaves empty. Arrays are walked; a missing path is no error."""
    tree.pop(path, None)
    for head, rest in _splits(path):
        below = tree.get(head)
        for branch in below if isinstance(below, list) else [below]:
            if isinstance(branch, MutableMapping):
                remove(branch, rest)
        if below == {}:
            del tree[head]


def leaves(tree: Any) -> Iterator[Any]:
    """All scalar values below a tree, None left out."""
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from leaves(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from leaves(value)
    elif tree is not None:
        yield tree
