"""The engine's steps as what people read: which resource, what happens to it, property by property."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation.events import StepEventMetadata

from firedrill.sandbox.providers.difference import compare

REPLACING = {"create-replacement", "delete-replaced", "discard-replaced"}
"""Parts of a replacement, which is one change."""
QUIET = {"same", "read", "refresh", "remove-pending-replace"}
SHOWN = 120
"""Characters of a value in a table."""


@dataclass(frozen=True)
class Property:
    """One property and its two values; of a JSON text, the place inside."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """What happens, or happened, to one resource."""

    urn: str
    type: str
    id: str
    operation: str
    properties: tuple[Property, ...] = ()

    @property
    def kind(self) -> str:
        """``Monitor`` of ``datadog:index/monitor:Monitor``."""
        return kind_of(self.type)

    @property
    def name(self) -> str:
        """The name that the program gave."""
        return self.urn.split("::")[-1]


def kind_of(token: str) -> str:
    """The last word of a type token."""
    return token.rsplit("/", maxsplit=1)[-1].rsplit(":", maxsplit=1)[-1]


def changes(steps: Iterable[StepEventMetadata]) -> list[Change]:
    """The resources that steps do not leave as they are, in the steps' order."""
    found: dict[str, Change] = {}
    for step in steps:
        operation = str(getattr(step.op, "value", step.op))
        if operation in QUIET or step.type == "pulumi:pulumi:Stack":
            continue
        if operation in REPLACING:
            operation = "replace"
        properties = tuple(properties_of(step)) if step.old and step.new else ()
        known = found.get(step.urn, Change(step.urn, step.type, "", operation))
        identifier = known.id or (step.old.id if step.old else "")
        found[step.urn] = Change(step.urn, step.type, identifier, operation, properties or known.properties)
    return list(found.values())


def properties_of(step: StepEventMetadata) -> list[Property]:
    """The properties at which a step's two states differ. Inputs, where the engine compared those."""
    found: list[Property] = []
    for path in step.detailed_diff or dict.fromkeys(step.diffs or ()) or _compared(step):
        before, after = (
            next((value for side in sides if (value := at(side, path)) is not None), None) for sides in _sides(step)
        )
        found += _inside(path, before, after)
    return found


def _compared(step: StepEventMetadata) -> list[str]:
    """Where two states differ, for the steps that come without paths: those of dynamic resources."""
    if step.old is None or step.new is None:
        return []
    found = compare(step.old.outputs or {}, step.new.outputs or {})
    return [place for place, _ in found if not place.startswith("__")]  # Pulumi's own, such as __provider


def _sides(step: StepEventMetadata) -> tuple[Sequence[Any], Sequence[Any]]:
    old = (step.old.inputs or {}, step.old.outputs or {}) if step.old else ()
    new = (step.new.inputs or {}, step.new.outputs or {}) if step.new else ()
    return old, new


def _inside(path: str, before: Any, after: Any) -> list[Property]:
    """A difference between two JSON texts is where they differ."""
    texts = [_parsed(before), _parsed(after)]
    if None in texts:
        return [Property(path, before, after)]
    old, new = texts
    places = [place for place, _ in compare(old, new)]
    return [Property(f"{path}: {place}", at(old, place), at(new, place)) for place in places]


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in "{[":
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def at(properties: Any, path: str) -> Any:
    """The value at a property path such as ``monitorThresholds.critical`` or ``steps[0].targets``."""
    value: Any = properties
    for part in path.replace("[", ".").replace("]", "").lstrip(".").split("."):
        key: Any = part.strip('"')
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, Mapping):
            value = value.get(key)
        else:
            return None
    return value


def shown(value: Any, most: int = SHOWN) -> str:
    """A value in one line."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cell(value: Any) -> str:
    """A value in a cell of a Markdown table."""
    text = shown(value)
    return f"`` {text.replace('|', chr(92) + '|')} ``" if text else "none"
