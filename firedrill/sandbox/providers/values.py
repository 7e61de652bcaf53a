"""Property values as Python has them; `properties` turns them into the engine's messages and back.

Numbers travel as doubles: whole ones become `int`. A value that a preview cannot know yet is `UNKNOWN`. Secrets arrive
as their plain value (the engine marks outputs again wherever an input of the same name was secret); an output that no
input marks is wrapped in `Secret`.
"""

from dataclasses import dataclass
from typing import Any, Final

Value = Any
"""None, bool, int, float, str, list, dict, `UNKNOWN` or `Secret`, nested."""
Properties = dict[str, Value]


class _Unknown:
    """The one value that stands for "known after the update"."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> "_Unknown":
        return self

    def __copy__(self) -> "_Unknown":
        return self


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Secret:
    """An output that the state file must encrypt."""

    value: Value


def contains_unknown(value: Value) -> bool:
    """Whether any part of a value is known only after the update."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def known(value: Value) -> Value:
    """A copy without its unknown parts (an unknown item of a list goes with its place)."""
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items() if item is not UNKNOWN}
    if isinstance(value, list):
        return [known(item) for item in value if item is not UNKNOWN]
    return None if value is UNKNOWN else value
