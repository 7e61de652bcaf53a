"""Objects: the fields of a resource (or of a block in it), each with its place in the API's JSON."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from firedrill.sandbox.providers.datadog.shapes import ANY, Changes, Full, Json, Shape, is_zero
from firedrill.sandbox.providers.values import UNKNOWN, Value


def snake(name: str) -> str:
    """`notifyNoData` -> `notify_no_data`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: f"_{m.group(1)}", name).lower()


@dataclass(frozen=True)
class Field:
    """One property.

    name: as the program writes it; at: its place in the API's object, keys joined by dots ("" for the object itself;
    default: the name in snake_case); a leading "/" starts at the root of a JSON:API resource instead of its attributes.
    """

    name: str
    shape: Shape = ANY
    at: str | None = None
    default: Value = None
    """What the provider sends, and what the API has, when the program says nothing."""
    server: Value = None
    """What the API has when nothing is sent."""
    computed: bool = False
    """The API decides when the program says nothing: no value of it is then drift."""
    output: bool = False
    """Only the API writes it."""
    secret: bool = False
    """An output that the state encrypts."""
    local: bool = False
    """Concerns the provider alone: never sent, never answered."""
    write_only: bool = False
    """Sent, but never answered."""
    elided: bool = False
    """Answers may leave it out, which says nothing about it."""
    required: bool = False
    replace: bool = False
    """A change forces a replacement."""
    create_only: bool = False
    """Not sent in updates."""
    zero: Literal["send", "omit"] | None = None
    """Whether false, 0, "" and [] are sent; default: as the object says."""
    empty: Json = None
    """What is sent when the program says nothing (`NULL` for null), though nothing is its value."""

    def __post_init__(self) -> None:
        if self.at is None:
            object.__setattr__(self, "at", snake(self.name))

    @property
    def place(self) -> str:
        """`at`, resolved."""
        return self.at or ""

    @property
    def absent(self) -> Value:
        """What an absent value means."""
        return self.default if self.default is not None else self.server


NULL: Final = object()
"""`Field.empty`: send null."""


@dataclass(frozen=True)
class Object(Shape):
    """An object of fields. zero: whether fields send false, 0 and "" (newer kinds) or not (older ones)."""

    fields: tuple[Field, ...]
    zero: Literal["send", "omit"] = "send"
    constants: Mapping[str, Json] = field(default_factory=dict)
    """Place -> what is always sent there."""
    under: str = ""
    """Where places without a leading "/" start: "attributes" of a JSON:API resource."""

    def where(self, one: Field) -> list[str]:
        """The keys that lead to a field."""
        if one.place.startswith("/"):
            return one.place[1:].split("/")
        return [key for key in [*self.under.split("."), *one.place.split(".")] if key]

    def send(self, value: Value) -> Json:
        body: dict[str, Json] = {}
        for place, constant in self.constants.items():
            put(body, place.split("."), constant)
        for one in self.fields:
            if one.output or one.local:
                continue
            said = value.get(one.name) if isinstance(value, Mapping) else None
            if said is None and one.default is not None:
                said = one.default
            if said is None or said is UNKNOWN:
                if one.empty is not None:
                    put(body, self.where(one), _nothing(one))
                continue
            if is_zero(said) and (one.zero or self.zero) == "omit":
                if one.empty is not None:
                    put(body, self.where(one), _nothing(one))
                continue
            put(body, self.where(one), one.shape.send(said))
        return body

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        said = declared if isinstance(declared, Mapping) else {}
        found: dict[str, Value] = {}
        for one in self.fields:
            value = self._receive(one, get(answer, self.where(one)), said.get(one.name), full)
            if value is not None:
                found[one.name] = value
        return found

    def _receive(self, one: Field, answer: Json, said: Value, full: Full) -> Value:
        if one.local or one.write_only:
            return said
        if answer is None and one.elided:
            return said
        if answer is None:
            # What an answer leaves out is what the API does not have: zero, or the value that needs no saying.
            return said if is_zero(said) or one.shape.same(said, one.absent) else None
        if one.output:
            return one.shape.receive(answer, None, full) if full is True else None
        value = one.shape.receive(answer, said, full)
        if full or said is not None:
            return value
        needless = one.computed or is_zero(value) or (one.absent is not None and one.shape.same(value, one.absent))
        if one.absent is not None and is_zero(value) and not one.computed:
            needless = is_zero(one.absent)
        return None if needless else value

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        before, after = old or {}, new or {}
        if old is UNKNOWN or new is UNKNOWN:
            yield path, "update"
            return
        for one in self.fields:
            if one.output:
                continue
            was, now = before.get(one.name), after.get(one.name)
            if now is None and one.computed:
                continue
            was, now = (one.absent if value is None else value for value in (was, now))
            if is_zero(was) and is_zero(now):
                continue
            yield from one.shape.changes(was, now, f"{path}.{one.name}" if path else one.name)


@dataclass(frozen=True)
class Variant(Object):
    """One of several objects that share a place: another one's answer is not its own."""

    own: Callable[[Json], bool] = lambda _: True

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        return super().receive(answer, declared, full) if self.own(answer) else None


def _nothing(one: Field) -> Json:
    return None if one.empty is NULL else copy.copy(one.empty)


def get(body: Json, keys: list[str]) -> Json:
    """What is at a place, None when nothing."""
    for key in keys:
        body = body.get(key) if isinstance(body, Mapping) else None
    return body


def put(body: dict[str, Json], keys: list[str], value: Json) -> None:
    """Set a place, making the objects on the way; no keys: merge into the object itself."""
    if not keys:
        body.update(value)
        return
    for key in keys[:-1]:
        body = body.setdefault(key, {})
    body[keys[-1]] = value
