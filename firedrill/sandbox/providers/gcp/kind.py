"""A Google resource kind as a table entry: how its id and its computed properties follow from what is declared.

Ids and computed properties are templates such as ``projects/{project}/secrets/{secretId}``; ``{name!t}`` is the last
segment of a property that may be a short or a full name.
"""

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from firedrill.sandbox.providers.difference import Difference, difference
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.resource import Call, CheckFailure, ProviderError, ResourceKind
from firedrill.sandbox.providers.values import UNKNOWN, Properties, Secret, Value, contains_unknown

LABEL = re.compile(r"[a-z0-9_-]{0,63}")
"""https://cloud.google.com/resource-manager/docs/labels-overview#requirements (of a value)."""
PROVISIONED = {"goog-pulumi-provisioned": "true"}
"""The label that the published provider adds to all it makes."""

Compute = str | Callable[[Properties], Value]


@dataclass(frozen=True)
class Name:
    """The property that names a resource: made from the resource's Pulumi name when it is not given."""

    property: str = "name"
    pattern: str = ".*"
    """What Google takes."""


@dataclass(frozen=True)
class Kind(ResourceKind):
    """One entry."""

    cloud: Cloud
    id: str
    name: Name | None = None
    place: str = ""
    """The property that the provider's region is the default of."""
    project: bool = True
    """Whether it has a ``project`` property, which the provider's project is the default of."""
    replace_on: frozenset[str] = frozenset()
    computed: Mapping[str, Compute] = field(default_factory=dict)
    """What follows from the declared properties."""
    made: Mapping[str, Callable[[], Value]] = field(default_factory=dict)
    """What Google makes up once, when the resource is made."""
    served: frozenset[str] = frozenset()
    """What the sandbox answers at each change."""
    lasting: frozenset[str] = frozenset()
    """What the sandbox answers when the resource is made, and never changes."""
    defaults: Properties = field(default_factory=dict)
    """What a property that is not declared is."""
    secret: str = ""
    """The property whose value Secret Manager keeps."""
    write_only: frozenset[str] = frozenset()
    """Properties that no answer and no state file holds."""

    def check(self, call: Call, inputs: Properties, old_inputs: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Fill in project, region and name; hold names and labels to Google's rules."""
        found = dict(inputs)
        failures = []
        if self.project and "project" not in found:
            found["project"] = old_inputs.get("project") or self.cloud.project
            if not found["project"]:
                failures.append(CheckFailure("project", "required: give it here or set it with gcp:project"))
        if self.place and self.place not in found:
            found[self.place] = old_inputs.get(self.place) or self.cloud.region
            if not found[self.place]:
                failures.append(CheckFailure(self.place, "required: give it here or set it with gcp:region"))
        if self.name:
            key = self.name.property
            if key not in found:
                found[key] = old_inputs.get(key) or f"{call.name}-{secrets.token_hex(4)[:7]}"
            value = found[key]
            if value is not UNKNOWN and not re.fullmatch(self.name.pattern, str(value)):
                failures.append(CheckFailure(key, f"{value!r} does not match {self.name.pattern}"))
        failures += _wrong_labels("labels", found.get("labels"))
        if isinstance(found.get("template"), dict):
            failures += _wrong_labels("template.labels", found["template"].get("labels"))
        return found, failures

    def diff(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        """As all kinds; a name that the program gives cannot exist twice, so the old one goes first."""
        found = difference(old_inputs, inputs, self.replace_on)
        if not found.replaces or self.name is None:
            return found
        old, new = old_inputs.get(self.name.property), inputs.get(self.name.property)
        ours = re.fullmatch(f"{re.escape(call.name)}-[0-9a-f]{{7}}", str(new))
        return Difference(found.changes, found.replaces, delete_before_replace=old == new and not ours)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        """Make it; a preview computes what follows from known properties."""
        if call.preview:
            unknown = dict.fromkeys([*self.made, *self.served, *self.lasting], UNKNOWN)
            return "", self._complete(inputs, unknown) | unknown
        properties = self._complete(inputs, {key: make() for key, make in self.made.items()})
        id, stored = self.cloud.create(call.type, self._id(properties), properties)
        return id, stored | self._secret_of(inputs)

    def read(self, call: Call, id: str, inputs: Properties, state: Properties) -> tuple[Properties, Properties] | None:
        """What is stored. Properties that are neither computed nor at their default are the program's to declare."""
        stored = self.cloud.read(call.type, id)
        if stored is None:
            return None
        value = self._read_secret(id, stored) or self._secret_of(inputs)
        ours = {*self.computed, *self.made, *self.served, *self.lasting}
        declared = {
            key: value
            for key, value in stored.items()
            if key in inputs or (key not in ours and value != self.defaults.get(key))
        }
        unreadable = {key: inputs[key] for key in self.write_only if key in inputs}
        return declared | value | unreadable, stored | value

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        """Change it; what Google computed stays."""
        kept = {key: value for key, value in old_state.items() if key not in old_inputs and key not in self.defaults}
        properties = self._complete(inputs, kept)
        if call.preview:
            return properties | dict.fromkeys(self.served, UNKNOWN)
        return self.cloud.update(call.type, id, properties) | self._secret_of(inputs)

    def delete(self, call: Call, id: str, inputs: Properties, state: Properties) -> None:
        """Remove it, unless it is protected from that."""
        if state.get("deletionProtection") or state.get("deletionPolicy") == "PREVENT":
            raise ProviderError(
                "it is protected from deletion: set deletion_protection to False (or deletion_policy to DELETE) and "
                "run `pulumi up` before it is destroyed or replaced"
            )
        if state.get("deletionPolicy") != "ABANDON":
            self.cloud.delete(call.type, id)

    def _complete(self, inputs: Properties, more: Properties) -> Properties:
        """Inputs, defaults, what is kept or made up, and what follows from all of these."""
        properties = self.defaults | more | inputs
        for key, compute in self.computed.items():
            properties[key] = _fill(compute, properties) if isinstance(compute, str) else compute(properties)
        return properties

    def _id(self, properties: Properties) -> str:
        id = _fill(self.id, properties)
        condition = properties.get("condition")
        return f"{id}/{condition['title']}" if condition else str(id)

    def _secret_of(self, inputs: Properties) -> Properties:
        return {self.secret: Secret(inputs[self.secret])} if self.secret in inputs else {}

    def _read_secret(self, id: str, stored: Properties) -> Properties:
        value = self.cloud.secret(id) if self.secret and "secretDataWoVersion" not in stored else None
        if value is None:
            return {}
        text = base64.b64encode(value) if stored.get("isSecretDataBase64") else value
        return {self.secret: Secret(text.decode())}


class _Template(Formatter):
    """``str.format`` with the conversion ``!t``: the last segment of a name."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "t":
            return str(value).rsplit("/", 1)[-1]
        return super().convert_field(value, conversion)


_FORMATTER = _Template()


def _fill(template: str, properties: Properties) -> Value:
    names = [name for _, name, _, _ in _FORMATTER.parse(template) if name]
    missing = [name for name in names if name not in properties]
    if missing:
        raise ProviderError(f"{missing[0]}: required")
    if any(contains_unknown(properties[name]) for name in names):
        return UNKNOWN
    return _FORMATTER.vformat(template, (), properties)


def _wrong_labels(property: str, labels: Value) -> list[CheckFailure]:
    if not isinstance(labels, dict):
        return []
    return [
        CheckFailure(
            f"{property}.{key}",
            f"{value!r} is no label value: only lower-case letters, digits, underscores and dashes, at most 63 of them",
        )
        for key, value in labels.items()
        if isinstance(value, str) and not LABEL.fullmatch(value)
    ]


def labels(properties: Properties) -> Value:
    """``pulumiLabels``: the declared labels."""
    return properties.get("labels") or {}


def effective_labels(properties: Properties) -> Value:
    """``effectiveLabels``: the declared labels and the provider's own."""
    declared = labels(properties)
    return UNKNOWN if declared is UNKNOWN else {**declared, **PROVISIONED}


LABELLED: Mapping[str, Compute] = {"pulumiLabels": labels, "effectiveLabels": effective_labels}
"""The computed properties of every kind that has labels."""
