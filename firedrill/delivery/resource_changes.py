"""The engine's steps as changes that people read: the resource, the operation, and each property that differs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation.events import StepEventMetadata

from firedrill.datadog.published.schema import schemas
from firedrill.datadog.published.sets import with_sets_aligned
from firedrill.provider.difference import compare

REPLACING = {"create-replacement", "delete-replaced", "discard-replaced"}
"""The steps of a replacement, which is one change."""
UNCHANGED = {"same", "read", "refresh", "remove-pending-replace"}
MAX_LENGTH = 120
"""Characters of a value in a table."""


@dataclass(frozen=True)
class PropertyChange:
    """One property and its two values. path: of a difference inside a JSON text, the place in it too."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ResourceChange:
    """A planned or completed change of one resource."""

    urn: str
    type: str
    id: str
    operation: str
    properties: tuple[PropertyChange, ...] = ()

    @property
    def kind(self) -> str:
        """``Monitor`` of ``datadog:index/monitor:Monitor``."""
        return self.type.rsplit("/", maxsplit=1)[-1].rsplit(":", maxsplit=1)[-1]

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::")[-1]

    @property
    def label(self) -> str:
        """Kind and name: ``Monitor chat-slow``."""
        return f"{self.kind} {self.name}"


def resource_changes(steps: Iterable[StepEventMetadata]) -> list[ResourceChange]:
    """Return the changed resources in the order of the engine's steps."""
    changes: dict[str, ResourceChange] = {}
    for step in steps:
        operation = operation_of(step)
        if operation in UNCHANGED or step.type == "pulumi:pulumi:Stack":
            continue
        if operation in REPLACING:
            operation = "replace"
        properties = tuple(property_changes(step)) if step.old and step.new else ()
        earlier = changes.get(step.urn, ResourceChange(step.urn, step.type, "", operation))
        identifier = earlier.id or (step.old.id if step.old else "")
        changes[step.urn] = ResourceChange(step.urn, step.type, identifier, operation, properties or earlier.properties)
    return list(changes.values())


def operation_of(step: StepEventMetadata) -> str:
    """Return a step's operation, such as ``create``."""
    return str(getattr(step.op, "value", step.op))


def property_changes(step: StepEventMetadata) -> list[PropertyChange]:
    """Return the properties at which a step's two states differ: of the inputs where it has them, else of outputs.

    Of many resources, a refresh with the published provider gives only names of properties. They include properties
    that are equal, because an update would compute them again: those are left out where others differ.
    """
    if step.detailed_diff:
        return [change for path in step.detailed_diff for change in _changes_at(step, path)]
    named = [change for name in dict.fromkeys(step.diffs or ()) for change in _changes_inside(step, name)]
    differing = [change for change in named if change.before != change.after]
    return differing or named or [change for path in _differing(step) for change in _changes_at(step, path)]


def _changes_at(step: StepEventMetadata, path: str) -> list[PropertyChange]:
    before, after = _values(step, path)
    return _inside_json(path, before, after) or [PropertyChange(path, before, after)]


def _changes_inside(step: StepEventMetadata, name: str) -> list[PropertyChange]:
    """Return the differences at a property and below it."""
    before, after = _values(step, name)
    if not isinstance(before, list | Mapping) or not isinstance(after, list | Mapping) or before == after:
        return _changes_at(step, name)
    return [
        PropertyChange(path, value_at({name: before}, path), value_at({name: after}, path))
        for path, _ in compare({name: before}, {name: after})
    ]


def _values(step: StepEventMetadata, path: str) -> tuple[Any, Any]:
    """Return the two values of a property."""
    before, after = (
        next((value for properties in state if (value := value_at(properties, path)) is not None), None)
        for state in _states(step)
    )
    if before == after:  # a refresh can keep the inputs of both sides: then the answers differ
        answers = [value_at(state[-1], path) if state else None for state in _states(step)]
        if None not in answers:
            return answers[0], answers[1]
    return before, after


def _differing(step: StepEventMetadata) -> list[str]:
    """Return the paths at which outputs differ, else inputs, for steps without paths.

    Those of dynamic resources have none, nor has a refresh that only reads inputs otherwise than the program has them.
    """
    if step.old is None or step.new is None:
        return []
    before, after = _states(step)
    paths = ([path for path, _ in compare(old, new)] for old, new in zip(before[::-1], after[::-1], strict=True))
    own = ([path for path in each if not path.startswith("__")] for each in paths)  # not Pulumi's, such as __provider
    return next((each for each in own if each), [])


def _states(step: StepEventMetadata) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return inputs and outputs of both sides. Without paths from the provider, sets have the order of the old side."""
    old, new = ([dict(side.inputs or {}), dict(side.outputs or {})] if side else [] for side in (step.old, step.new))
    kind = schemas().get(step.type)
    if kind is not None and old and new and not step.detailed_diff:
        new = [with_sets_aligned(kind, *sides) for sides in zip(old, new, strict=True)]
    return old, new


def _inside_json(path: str, before: Any, after: Any) -> list[PropertyChange]:
    """Return the differences inside of two JSON texts; of other values, the difference itself."""
    old, new = _parsed(before), _parsed(after)
    if old is None or new is None:
        return [PropertyChange(path, before, after)]
    places = [place for place, _ in compare(old, new)]
    return [PropertyChange(f"{path}: {place}", value_at(old, place), value_at(new, place)) for place in places]


def _parsed(value: Any) -> Any:
    """Return the object or list of a JSON text; None for other values."""
    if not isinstance(value, str) or value[:1] not in "{[":
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def value_at(properties: Any, path: str) -> Any:
    """Return the value at a property path such as ``monitorThresholds.critical`` or ``steps[0].targets``."""
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


def one_line(value: Any, length: int = MAX_LENGTH) -> str:
    """Return a value as one line of at most ``length`` characters."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def markdown_cell(value: Any) -> str:
    """Return a value as code in a cell of a Markdown table."""
    text = one_line(value)
    return f"`` {text.replace('|', chr(92) + '|')} ``" if text else "none"
