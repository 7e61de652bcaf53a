"""Selection of series by a scope, and the groups that they form."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from firedrill.evaluate.model import Refused
from firedrill.query.tree import And, Everything, In, Not, Or, ParenthesizedScope, Scope, Tag


def tag_values(tags: Iterable[str]) -> dict[str, list[str]]:
    """Return tags by key: ``["env:prod", "a"]`` as ``{"env": ["prod"], "a": [""]}``."""
    result: dict[str, list[str]] = {}
    for tag in tags:
        key, _, value = tag.partition(":")
        result.setdefault(key, []).append(value)
    return result


def _value_matches(pattern: str, value: str) -> bool:
    return value == pattern if "*" not in pattern else _wildcard(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def selects(scope: Scope, tags: Mapping[str, list[str]]) -> bool:
    """Return whether a series with these tags is in the scope; one without a tag passes its negation (C-neg-absent)."""
    match scope:
        case Everything():
            return True
        case Tag():
            if scope.key.startswith("$"):
                raise Refused(scope.key, "is a template variable without a value")
            values = tags.get(scope.key, [])
            return bool(values) if scope.value is None else any(_value_matches(scope.value, value) for value in values)
        case Not():
            return not selects(scope.item, tags)
        case And():
            return all(selects(item, tags) for item in scope.items)
        case Or():
            return any(selects(item, tags) for item in scope.items)
        case In():
            values = tags.get(scope.key, [])
            return any(_value_matches(word.text, value) for word in scope.values for value in values) != scope.negated
        case ParenthesizedScope():
            return selects(scope.item, tags)


def group_of(by: tuple[str, ...], tags: Mapping[str, list[str]]) -> tuple[str, ...] | None:
    """Return a series' values of the group-by tags; None when it lacks one (it then belongs to no group)."""
    values = tuple(",".join(sorted(tags.get(key, []))) for key in by)
    return None if any(key not in tags for key in by) else values
