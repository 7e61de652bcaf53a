"""Property values in Python; :mod:`firedrill.sandbox.providers.properties` converts them to the engine's messages.

Numbers are sent as doubles: whole ones become `int`. A value that a preview cannot know yet is `UNKNOWN`. Secrets are
received as their plain value (the engine marks an output as secret where an input of the same name was secret); an
output that no input marks is wrapped in `Secret`.
"""

from dataclasses import dataclass
from typing import Any, Final

Value = Any
"""None, bool, int, float, str, list, dict, `UNKNOWN` or `Secret`, nested."""
Properties = dict[str, Value]


class _Unknown:
    """The type of `UNKNOWN`, which stands for "known after the update"."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, _: object) -> "_Unknown":
        return self

    def __copy__(self) -> "_Unknown":
        return self


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Secret:
    """An output that the state file must encrypt."""

    value: Value


def contains_unknown(value: Value) -> bool:
    """Return whether any part of a value is known only after the update."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def without_unknown(value: Value) -> Value:
    """Return a copy without its unknown parts; an unknown item of a list is removed."""
    if isinstance(value, dict):
        return {key: without_unknown(item) for key, item in value.items() if item is not UNKNOWN}
    if isinstance(value, list):
        return [without_unknown(item) for item in value if item is not UNKNOWN]
    return None if value is UNKNOWN else value


DEFAULTS = "__defaults"
"""The member in which Check lists the properties of an object that it added."""


def without_defaults(value: Value) -> Value:
    """Return a copy without the notes of what Check added."""
    if isinstance(value, dict):
        return {key: without_defaults(item) for key, item in value.items() if key != DEFAULTS}
    return [without_defaults(item) for item in value] if isinstance(value, list) else value
