"""Objects: the properties of a resource, or of a block in it, each with its place in the API's JSON."""

import copy
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from firedrill.datadog.mapping.schema import ANY, Differences, Extent, Json, Schema, is_zero
from firedrill.provider.difference import PropertyOperation
from firedrill.provider.values import UNKNOWN, Value


def snake(name: str) -> str:
    """Return a camelCase name in snake_case: `notifyNoData` -> `notify_no_data`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: f"_{m.group(1)}", name).lower()


@dataclass(frozen=True)
class Property:
    """One property.

    name: in the program; at: its place in the API's object, keys joined by dots ("" for the object itself; default: the
    name in snake_case). A leading "/" starts at the root of a JSON:API resource instead of its attributes.
    """

    name: str
    schema: Schema = ANY
    at: str | None = None
    default: Value = None
    """The value that is sent, and that the API has, when the program declares none."""
    server_default: Value = None
    """The value that the API has when none is sent."""
    computed: bool = False
    """Whether the API decides when the program declares none: then no value of it is drift."""
    output: bool = False
    """Whether only the API writes it."""
    secret: bool = False
    """Whether it is an output that the state encrypts."""
    local: bool = False
    """Whether it concerns the provider alone: never sent, never answered."""
    write_only: bool = False
    """Whether it is sent but never answered."""
    omittable: bool = False
    """Whether an answer may omit it although it has a value."""
    required: bool = False
    replace: bool = False
    """Whether a change forces a replacement."""
    create_only: bool = False
    """Whether updates do not send it."""
    zero: Literal["send", "omit"] | None = None
    """Whether false, 0, "" and [] are sent; by default as the object declares."""
    if_absent: Json = None
    """What is sent (`NULL` for null) when the program declares none; it is not the property's value."""

    def __post_init__(self) -> None:
        if self.at is None:
            object.__setattr__(self, "at", snake(self.name))

    @property
    def place(self) -> str:
        """The place, never None."""
        return self.at or ""

    def differences(
        self, before: Mapping[str, Value], after: Mapping[str, Value], path: str, exact: bool = False
    ) -> Differences:
        """Yield the paths at which two objects at `path` differ in this property.

        exact: whether zero and absence differ. Where one object lacks the property, its own path is all that differs.
        """
        declared = before.get(self.name), after.get(self.name)
        place = f"{path}.{self.name}" if path else self.name
        operation = _OPERATIONS.get((declared[0] is None, declared[1] is None))
        if exact and operation:
            yield place, operation
            return
        was, now = (self.absent if value is None else value for value in declared)
        if (is_zero(was) and is_zero(now) and was == now) or (not exact and is_zero(was) and is_zero(now)):
            return
        different = self.schema.differences(was, now, place)
        if operation:
            yield from ((place, operation) for _ in itertools.islice(different, 1))
        else:
            yield from different

    @property
    def absent(self) -> Value:
        """The value that an absent one stands for."""
        return self.default if self.default is not None else self.server_default


_OPERATIONS: dict[tuple[bool, bool], PropertyOperation] = {(True, False): "add", (False, True): "delete"}

NULL: Final = object()
"""`Property.if_absent`: send null."""


@dataclass(frozen=True)
class Object(Schema):
    """An object. zero: whether properties send false, 0 and "" (newer kinds) or omit them (older ones)."""

    properties: tuple[Property, ...]
    zero: Literal["send", "omit"] = "send"
    constants: Mapping[str, Json] = field(default_factory=dict)
    """By place: the JSON that is always sent there."""
    under: str = ""
    """The place at which places without a leading "/" start: "attributes" of a JSON:API resource."""

    def keys_of(self, prop: Property) -> list[str]:
        """Return the keys that lead to a property in the API's object."""
        if prop.place.startswith("/"):
            return prop.place[1:].split("/")
        return [key for key in [*self.under.split("."), *prop.place.split(".")] if key]

    def send(self, value: Value) -> Json:
        body: dict[str, Json] = {}
        for place, constant in self.constants.items():
            put(body, place.split("."), constant)
        for prop in self.properties:
            if prop.output or prop.local:
                continue
            declared = value.get(prop.name) if isinstance(value, Mapping) else None
            if declared is None and prop.default is not None:
                declared = prop.default
            omitted = is_zero(declared) and (prop.zero or self.zero) == "omit"
            if declared is None or declared is UNKNOWN or omitted:
                if prop.if_absent is not None:
                    put(body, self.keys_of(prop), None if prop.if_absent is NULL else copy.copy(prop.if_absent))
                continue
            put(body, self.keys_of(prop), prop.schema.send(declared))
        return body

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        declared_values = declared if isinstance(declared, Mapping) else {}
        values: dict[str, Value] = {}
        for prop in self.properties:
            value = self._receive(prop, get(answer, self.keys_of(prop)), declared_values.get(prop.name), extent)
            if value is not None:
                values[prop.name] = value
        return values

    def _receive(self, prop: Property, answer: Json, declared: Value, extent: Extent) -> Value:
        if prop.local or prop.write_only:
            return declared
        if answer is None and prop.omittable:
            return declared
        if answer is None:
            # An answer omits what the API does not have: zero, or the value that needs no declaration.
            return declared if is_zero(declared) or prop.schema.same(declared, prop.absent) else None
        if prop.output:
            return prop.schema.receive(answer, None, extent) if extent == "state" else None
        value = prop.schema.receive(answer, declared, extent)
        if extent != "declared" or declared is not None:
            return value
        as_absent = prop.absent is not None and prop.schema.same(value, prop.absent)
        needless = prop.computed or is_zero(value) or as_absent
        if prop.absent is not None and is_zero(value) and not prop.computed:
            needless = is_zero(prop.absent)
        return None if needless else value

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        before, after = old or {}, new or {}
        if old is UNKNOWN or new is UNKNOWN:
            yield path, "update"
            return
        if path and (old is None) != (new is None):
            yield path, "add" if old is None else "delete"
            return
        for prop in self.properties:
            if not prop.output and not (prop.computed and after.get(prop.name) is None):
                yield from prop.differences(before, after, path)


@dataclass(frozen=True)
class Variant(Object):
    """One of several objects that share a place. matches: whether an answer belongs to this one."""

    matches: Callable[[Json], bool] = lambda _: True

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        return super().receive(answer, declared, extent) if self.matches(answer) else None


def get(body: Json, keys: list[str]) -> Json:
    """Return the JSON at a place, None without any."""
    for key in keys:
        body = body.get(key) if isinstance(body, Mapping) else None
    return body


def put(body: dict[str, Json], keys: list[str], value: Json) -> None:
    """Set a place and create the objects that lead to it; without keys, merge into the object itself."""
    if not keys:
        body.update(value)
        return
    for key in keys[:-1]:
        body = body.setdefault(key, {})
    body[keys[-1]] = value
