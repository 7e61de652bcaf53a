"""Schemas: how a value of the program and the API's JSON map onto each other, in both directions.

A schema `send`s a program's value to the API, `receive`s an answer as the program would write it, and yields the
`differences` between two program values. A declared value is kept verbatim where the answer means the same: neither the
order of a set nor the format of a number or JSON text is a difference. `Object` is in `objects`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from firedrill.provider.difference import PropertyOperation, compare
from firedrill.provider.values import UNKNOWN, Value, contains_unknown

Json = Any

Differences = Iterator[tuple[str, PropertyOperation]]
"""Paths at which two values differ."""

Extent = Literal["declared", "importable", "state"]
"""How much of an answer is received: the properties that the program declared, or should have; all that a program could
declare (an import); or also what only the API knows (the state)."""


def is_zero(value: Value) -> bool:
    """Return whether a value means the same as its absence."""
    return value is None or value is False or value in ("", 0, [], {})


def canonical(value: Json) -> str:
    """Return a text that is equal for equal JSON, whatever the order of keys; 1 and 1.0 are one number."""
    return json.dumps(with_whole_numbers(value), sort_keys=True, default=repr)


def with_whole_numbers(value: Json) -> Json:
    """Return JSON whose floats without a fraction are integers."""
    if isinstance(value, dict):
        return {key: with_whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Schema:
    """The schema of a value that is the same on both sides, and the base of the others."""

    def send(self, value: Value) -> Json:
        """Return the API's form of a known program value."""
        return value

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        """Return the program's form of an answer; `declared` is the program's value, None without one."""
        value = self._read(answer)
        return declared if declared is not None and self.same(declared, value) else value

    def same(self, value: Value, other: Value) -> bool:
        """Return whether two program values mean the same."""
        return next(self.differences(value, other, ""), None) is None

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        """Yield the paths at or below `path` at which two program values differ in meaning."""
        if isinstance(old, list) and isinstance(new, list) and not contains_unknown([old, new]):
            if bool(old) != bool(new):
                yield path, "delete" if old else "add"
            else:
                yield from compare(old, new, path)
            return
        if UNKNOWN in (old, new) or self._key(old) != self._key(new):
            yield path, "add" if old is None else "delete" if new is None else "update"

    def error(self, value: Value) -> str | None:
        """Return why a program value is invalid, None when it is valid."""
        return None

    def _read(self, answer: Json) -> Value:
        return answer

    def _key(self, value: Value) -> object:
        """Return a key that is equal for values of the same meaning."""
        if value is None:
            return None
        return repr(value) if contains_unknown(value) else canonical(self.send(value))


class Number(Schema):
    """A number, also as text."""

    def send(self, value: Value) -> Json:
        return to_number(value)

    def _read(self, answer: Json) -> Value:
        return to_number(answer)


class NumberText(Number):
    """A number that the program has as text (monitor thresholds, priority)."""

    def _read(self, answer: Json) -> Value:
        return str(with_whole_numbers(answer))


class Trimmed(Schema):
    """A text without its surrounding white space."""

    def send(self, value: Value) -> Json:
        return value.strip() if isinstance(value, str) else value


class Instant(Schema):
    """A time in RFC 3339, in any time zone."""

    def _key(self, value: Value) -> object:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return value
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


class CaseInsensitive(Schema):
    """A text in any case: the API answers tags in lower case."""

    def _key(self, value: Value) -> object:
        return value.lower() if isinstance(value, str) else value


class JsonText(Schema):
    """A JSON text in the program, JSON in the API."""

    def error(self, value: Value) -> str | None:
        if isinstance(value, str):
            try:
                json.loads(value)
            except ValueError as error:
                return f"not JSON: {error}"
        return None

    def send(self, value: Value) -> Json:
        return json.loads(value) if isinstance(value, str) else value

    def _read(self, answer: Json) -> Value:
        return json.dumps(answer, separators=(",", ":"), sort_keys=True)


class JsonString(Schema):
    """A JSON text on both sides, with any spacing and order of keys."""

    def _key(self, value: Value) -> object:
        try:
            return canonical(json.loads(value))
        except (TypeError, ValueError):
            return value


@dataclass(frozen=True)
class Inside(Schema):
    """A value that the API keeps inside of an object: "x" <-> {"user": {"id": "x"}} with keys ("user", "id")."""

    keys: tuple[str, ...]
    schema: Schema
    constants: tuple[tuple[str, Json], ...] = ()
    """Further keys beside the innermost one."""

    def send(self, value: Value) -> Json:
        body: Json = {self.keys[-1]: self.schema.send(value), **dict(self.constants)}
        for key in reversed(self.keys[:-1]):
            body = {key: body}
        return body

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        for key in self.keys:
            answer = answer.get(key) if isinstance(answer, dict) else None
        return self.schema.receive(answer, declared, extent)

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        return self.schema.differences(old, new, path)


@dataclass(frozen=True)
class Converted(Schema):
    """A value that two functions convert, each the inverse of the other."""

    to_api: Callable[[Value], Json]
    from_api: Callable[[Json], Value]

    def send(self, value: Value) -> Json:
        return self.to_api(value)

    def _read(self, answer: Json) -> Value:
        return self.from_api(answer)

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        if not contains_unknown([old, new]) and self._key(old) == self._key(new):
            return
        yield from compare(old, new, path)


@dataclass(frozen=True)
class MapOf(Schema):
    """A map whose values have one schema; its keys are data and never renamed."""

    schema: Schema

    def send(self, value: Value) -> Json:
        return {key: self.schema.send(item) for key, item in value.items()}

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        declared_values = declared if isinstance(declared, dict) else {}
        return {
            key: self.schema.receive(item, declared_values.get(key), extent) for key, item in (answer or {}).items()
        }

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        if not (isinstance(old, dict) and isinstance(new, dict)):
            yield from super().differences(old, new, path)
            return
        for key in dict.fromkeys([*old, *new]):
            yield from self.schema.differences(old.get(key), new.get(key), f"{path}.{key}")


def to_number(value: Value) -> Json:
    """Return a number or its text as a number; other values unchanged."""
    if isinstance(value, bool) or value is None:
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    return int(number) if number.is_integer() else number


ANY = Schema()
"""A text, a boolean, and whatever is the same on both sides."""
TEXT = Schema()
INT = Number()
NUMBER = Number()
NUMBER_TEXT = NumberText()
TRIMMED = Trimmed()
INSTANT = Instant()
JSON_TEXT = JsonText()
JSON_STRING = JsonString()
