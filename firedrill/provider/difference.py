"""Differences between property values, by the paths that the engine prints (`options.thresholds[0].value`)."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from firedrill.provider.values import Properties, Value

PropertyOperation = Literal["add", "delete", "update"]

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$]*\Z")


@dataclass(frozen=True)
class Difference:
    """The result of a comparison.

    changes: the operation by property path; replaces: the paths (of `changes`) that force a replacement;
    delete_before_replace: whether the old resource is deleted first, because both cannot exist at once; detailed:
    whether the engine gets the paths, else only the names of the properties.
    """

    changes: dict[str, PropertyOperation] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    delete_before_replace: bool = False
    detailed: bool = True


def compare(old: Value, new: Value, path: str = "") -> Iterator[tuple[str, PropertyOperation]]:
    """Yield the paths at which two values differ, in order; lists are compared by index."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from compare(old.get(key), new.get(key), _join(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from compare(before, after, f"{path}[{index}]")
    elif isinstance(old, bool) != isinstance(new, bool) or old != new:
        yield path, "add" if old is None else "delete" if new is None else "update"


def difference(
    old: Properties, new: Properties, replace_on: Collection[str] = (), delete_before_replace: bool = False
) -> Difference:
    """Return the difference of two sets of properties; changes below a name of `replace_on` force a replacement."""
    changes = dict(compare(old, new))
    replaces = frozenset(path for path in changes if re.split(r"[.\[]", path, maxsplit=1)[0] in replace_on)
    return Difference(changes, replaces, delete_before_replace)


def _join(path: str, key: str) -> str:
    if not _PLAIN_KEY.match(key):
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key
