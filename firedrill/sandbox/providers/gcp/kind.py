"""A Google resource kind as a table entry: templates of its id and computed properties.

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

from firedrill.provider.difference import Difference, difference
from firedrill.provider.resource import CheckFailure, ProviderError, ResourceCall, ResourceKind
from firedrill.provider.values import UNKNOWN, Properties, Secret, Value, contains_unknown
from firedrill.sandbox.providers.gcp.cloud import Cloud

LABEL = re.compile(r"[a-z0-9_-]{0,63}")
"""Label values: https://cloud.google.com/resource-manager/docs/labels-overview#requirements."""
PROVISIONED = {"goog-pulumi-provisioned": "true"}
"""The label that the published provider adds to every resource."""

Compute = str | Callable[[Properties], Value]


@dataclass(frozen=True)
class NameProperty:
    """The property that names a resource; by default it gets the Pulumi name with a random suffix."""

    property: str = "name"
    pattern: str = ".*"
    """The names that Google accepts, as a regular expression."""


@dataclass(frozen=True)
class GoogleKind(ResourceKind):
    """A resource kind of the gcp provider."""

    cloud: Cloud
    id: str
    name: NameProperty | None = None
    location: str = ""
    """The property that defaults to the provider's region."""
    has_project: bool = True
    """True for kinds with a ``project`` property, which defaults to the provider's project."""
    replace_on: frozenset[str] = frozenset()
    computed: Mapping[str, Compute] = field(default_factory=dict)
    """Properties that follow from the declared ones."""
    generated: Mapping[str, Callable[[], Value]] = field(default_factory=dict)
    """Properties that Google generates when the resource is created."""
    computed_on_write: frozenset[str] = frozenset()
    """Properties that the sandbox computes again at each write."""
    computed_on_create: frozenset[str] = frozenset()
    """Properties that the sandbox returns on creation and never changes."""
    defaults: Properties = field(default_factory=dict)
    """Values of properties that are not declared."""
    secret_property: str = ""
    """The property whose value only Secret Manager keeps."""
    write_only: frozenset[str] = frozenset()
    """Properties that no response and no state file contains."""

    def check(
        self, call: ResourceCall, inputs: Properties, old_inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        """Fill in project, region and name; check names and labels by Google's rules."""
        checked = dict(inputs)
        failures = []
        if self.has_project and "project" not in checked:
            checked["project"] = old_inputs.get("project") or self.cloud.project
            if not checked["project"]:
                failures.append(CheckFailure("project", "required: set it on the resource or set gcp:project"))
        if self.location and self.location not in checked:
            checked[self.location] = old_inputs.get(self.location) or self.cloud.region
            if not checked[self.location]:
                failures.append(CheckFailure(self.location, "required: set it on the resource or set gcp:region"))
        if self.name:
            key = self.name.property
            if key not in checked:
                checked[key] = old_inputs.get(key) or f"{call.name}-{secrets.token_hex(4)[:7]}"
            value = checked[key]
            if value is not UNKNOWN and not re.fullmatch(self.name.pattern, str(value)):
                failures.append(CheckFailure(key, f"{value!r} does not match {self.name.pattern}"))
        failures += _wrong_labels("labels", checked.get("labels"))
        if isinstance(checked.get("template"), dict):
            failures += _wrong_labels("template.labels", checked["template"].get("labels"))
        return checked, failures

    def diff(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        """Compare inputs. With a declared name, a replacement deletes the old resource first: names are unique."""
        comparison = difference(old_inputs, inputs, self.replace_on)
        if not comparison.replaces or self.name is None:
            return comparison
        old, new = old_inputs.get(self.name.property), inputs.get(self.name.property)
        is_generated_name = re.fullmatch(f"{re.escape(call.name)}-[0-9a-f]{{7}}", str(new))
        return Difference(
            comparison.changes, comparison.replaces, delete_before_replace=old == new and not is_generated_name
        )

    def create(self, call: ResourceCall, inputs: Properties) -> tuple[str, Properties]:
        """Create the resource; a preview only computes what follows from known properties."""
        if call.preview:
            unknown = dict.fromkeys([*self.generated, *self.computed_on_write, *self.computed_on_create], UNKNOWN)
            return "", self._complete(inputs, unknown) | unknown
        properties = self._complete(inputs, {key: generate() for key, generate in self.generated.items()})
        id, stored = self.cloud.create(call.type, self._id(properties), properties)
        return id, stored | self._secret_of(inputs)

    def read(
        self, call: ResourceCall, id: str, inputs: Properties, state: Properties
    ) -> tuple[Properties, Properties] | None:
        """Return the stored properties, and as inputs those that are neither computed nor at their default."""
        stored = self.cloud.read(call.type, id)
        if stored is None:
            return None
        secret = self._read_secret(id, stored) or self._secret_of(inputs)
        computed = {*self.computed, *self.generated, *self.computed_on_write, *self.computed_on_create}
        declared = {
            key: value
            for key, value in stored.items()
            if key in inputs or (key not in computed and value != self.defaults.get(key))
        }
        unreadable = {key: inputs[key] for key in self.write_only if key in inputs}
        return declared | secret | unreadable, stored | secret

    def update(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        """Update the resource; properties that Google computed stay."""
        outputs = {key: value for key, value in old_state.items() if key not in old_inputs and key not in self.defaults}
        properties = self._complete(inputs, outputs)
        if call.preview:
            return properties | dict.fromkeys(self.computed_on_write, UNKNOWN)
        return self.cloud.update(call.type, id, properties) | self._secret_of(inputs)

    def delete(self, call: ResourceCall, id: str, inputs: Properties, state: Properties) -> None:
        """Delete the resource. Raises ProviderError when it is protected from deletion."""
        if state.get("deletionProtection") or state.get("deletionPolicy") == "PREVENT":
            raise ProviderError(
                "it is protected from deletion: set deletion_protection to False (or deletion_policy to DELETE) and "
                "run `pulumi up` before it is destroyed or replaced"
            )
        if state.get("deletionPolicy") != "ABANDON":
            self.cloud.delete(call.type, id)

    def _complete(self, inputs: Properties, outputs: Properties) -> Properties:
        """Return inputs, defaults, ``outputs`` and the properties computed from them."""
        properties = self.defaults | outputs | inputs
        for key, compute in self.computed.items():
            properties[key] = _fill(compute, properties) if isinstance(compute, str) else compute(properties)
        return properties

    def _id(self, properties: Properties) -> str:
        id = _fill(self.id, properties)
        condition = properties.get("condition")
        return f"{id}/{condition['title']}" if condition else str(id)

    def _secret_of(self, inputs: Properties) -> Properties:
        return {self.secret_property: Secret(inputs[self.secret_property])} if self.secret_property in inputs else {}

    def _read_secret(self, id: str, stored: Properties) -> Properties:
        value = self.cloud.secret(id) if self.secret_property and "secretDataWoVersion" not in stored else None
        if value is None:
            return {}
        text = base64.b64encode(value) if stored.get("isSecretDataBase64") else value
        return {self.secret_property: Secret(text.decode())}


class _Template(Formatter):
    """``str.format`` with the conversion ``!t`` for the last segment of a name."""

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
            f"{value!r} is not a label value: use at most 63 lower-case letters, digits, underscores and dashes",
        )
        for key, value in labels.items()
        if isinstance(value, str) and not LABEL.fullmatch(value)
    ]


def labels(properties: Properties) -> Value:
    """Return ``pulumiLabels``: the declared labels."""
    return properties.get("labels") or {}


def effective_labels(properties: Properties) -> Value:
    """Return ``effectiveLabels``: the declared labels and the provider's own."""
    declared = labels(properties)
    return UNKNOWN if declared is UNKNOWN else {**declared, **PROVISIONED}


LABELLED: Mapping[str, Compute] = {"pulumiLabels": labels, "effectiveLabels": effective_labels}
"""The computed properties of every kind that has labels."""
