"""Which series a scope selects, and the groups they make."""

from collections.abc import Iterable, Mapping

from firedrill.evaluate.model import Refused
from firedrill.query.tree import And, Enclosed, Everything, In, Not, Or, Scope, Tag


def tag_values(tags: Iterable[str]) -> dict[str, list[str]]:
    """``["env:prod", "a"]`` as ``{"env": ["prod"], "a": [""]}``."""
    result: dict[str, list[str]] = {}
    for tag in tags:
        key, _, value = tag.partition(":")
        result.setdefault(key, []).append(value)
    return result


def _value_matches(wanted: str, value: str) -> bool:
    if wanted == "*":
        return True
    if wanted.startswith("*"):
        return value.endswith(wanted[1:])
    if wanted.endswith("*"):
        return value.startswith(wanted[:-1])
    return value == wanted


def selects(scope: Scope, tags: Mapping[str, list[str]]) -> bool:
    """Whether a series with these tags is in the scope. A series without a tag passes its negation (C-neg-absent)."""
    match scope:
        case Everything():
            return True
        case Tag():
            if scope.key.startswith("$"):
                raise Refused(scope.key, "is a template variable without a value")
            values = tags.get(scope.key, [])
            return bool(values) if scope.value is None else any(_value_matches(scope.value, one) for one in values)
        case Not():
            return not selects(scope.item, tags)
        case And():
            return all(selects(item, tags) for item in scope.items)
        case Or():
            return any(selects(item, tags) for item in scope.items)
        case In():
            found = any(_value_matches(word.text, one) for word in scope.values for one in tags.get(scope.key, []))
            return found != scope.negated
        case Enclosed():
            return selects(scope.item, tags)


def group_of(by: tuple[str, ...], tags: Mapping[str, list[str]]) -> tuple[str, ...] | None:
    """The series' values of the group-by tags; None when it lacks one (it then makes no group)."""
    values = tuple(",".join(sorted(tags.get(key, []))) for key in by)
    return None if any(key not in tags for key in by) else values
