"""How a property of the program and the API's JSON map onto each other, both ways from one description.

A shape `send`s a program's value to the API, `receive`s an answer in the program's vocabulary, and names the
`changes` between two program values. What the program declared is kept verbatim wherever the answer means the same:
neither the order of a set nor the spelling of a number or JSON text is ever a difference. `Object` is in `objects`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from firedrill.sandbox.providers.difference import Change, compare
from firedrill.sandbox.providers.values import UNKNOWN, Value, contains_unknown

Json = Any

Changes = Iterator[tuple[str, Change]]

Full = Literal[False, "declarable", True]
"""How much of an answer is wanted: what the program declared or should have, all that it could declare (an import),
or also what only the API knows (the state)."""


def is_zero(value: Value) -> bool:
    """Whether a value says no more than its absence does."""
    return value is None or value is False or value in ("", 0, [], {})


def canonical(value: Json) -> str:
    """A text that is equal for equal JSON, whatever the order of keys; 1 and 1.0 are one number."""
    return json.dumps(to_plain(value), sort_keys=True, default=repr)


def to_plain(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Shape:
    """The shape of a value that both sides write alike, and the base of the others."""

    def send(self, value: Value) -> Json:
        """The API's form of a known program value."""
        return value

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        """The program's form of an answer; `declared` is what the program said, None when nothing.

        full: how much of it, see `Full`.
        """
        value = self._read(answer)
        return declared if declared is not None and self.same(declared, value) else value

    def same(self, one: Value, other: Value) -> bool:
        """Whether two program values mean the same."""
        return next(self.changes(one, other, ""), None) is None

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        """The paths at or below `path` at which two program values differ in meaning."""
        if UNKNOWN in (old, new) or self._key(old) != self._key(new):
            yield path, "add" if old is None else "delete" if new is None else "update"

    def fault(self, value: Value) -> str | None:
        """What is wrong with a value of the program, None when nothing."""
        return None

    def _read(self, answer: Json) -> Value:
        return answer

    def _key(self, value: Value) -> object:
        if value is None:
            return None
        return repr(value) if contains_unknown(value) else canonical(self.send(value))


class Number(Shape):
    """A number, however it is spelt."""

    def send(self, value: Value) -> Json:
        return to_number(value)

    def _read(self, answer: Json) -> Value:
        return to_number(answer)


class NumberText(Number):
    """Text in the program, a number in the API (monitor thresholds, priority)."""

    def _read(self, answer: Json) -> Value:
        return str(to_plain(answer))


class Trimmed(Shape):
    """Text whose surrounding white space does not count."""

    def send(self, value: Value) -> Json:
        return value.strip() if isinstance(value, str) else value


class Instant(Shape):
    """A time in RFC 3339, however its zone is spelt."""

    def _key(self, value: Value) -> object:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return value
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


class Lower(Shape):
    """Text whose case does not count: the API answers it in lower case (tags)."""

    def _key(self, value: Value) -> object:
        return value.lower() if isinstance(value, str) else value


class JsonText(Shape):
    """JSON text in the program, JSON in the API."""

    def fault(self, value: Value) -> str | None:
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


class JsonString(Shape):
    """JSON text on both sides, whose spacing and order of keys do not count."""

    def _key(self, value: Value) -> object:
        try:
            return canonical(json.loads(value))
        except (TypeError, ValueError):
            return value


@dataclass(frozen=True)
class Within(Shape):
    """A value that the API keeps inside an object: "x" <-> {"user": {"id": "x"}} with keys ("user", "id")."""

    keys: tuple[str, ...]
    shape: Shape
    constants: tuple[tuple[str, Json], ...] = ()
    """Further keys beside the innermost one."""

    def send(self, value: Value) -> Json:
        body: Json = {self.keys[-1]: self.shape.send(value), **dict(self.constants)}
        for key in reversed(self.keys[:-1]):
            body = {key: body}
        return body

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        for key in self.keys:
            answer = answer.get(key) if isinstance(answer, dict) else None
        return self.shape.receive(answer, declared, full)

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        return self.shape.changes(old, new, path)


@dataclass(frozen=True)
class Custom(Shape):
    """A value whose mapping has logic: two functions, each the other's inverse."""

    to_api: Callable[[Value], Json]
    from_api: Callable[[Json], Value]

    def send(self, value: Value) -> Json:
        return self.to_api(value)

    def _read(self, answer: Json) -> Value:
        return self.from_api(answer)

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        if not contains_unknown([old, new]) and self._key(old) == self._key(new):
            return
        yield from compare(old, new, path)


@dataclass(frozen=True)
class Mapped(Shape):
    """A map with values of one shape; keys are data and kept."""

    shape: Shape

    def send(self, value: Value) -> Json:
        return {key: self.shape.send(item) for key, item in value.items()}

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        said = declared if isinstance(declared, dict) else {}
        return {key: self.shape.receive(item, said.get(key), full) for key, item in (answer or {}).items()}

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        if not (isinstance(old, dict) and isinstance(new, dict)):
            yield from super().changes(old, new, path)
            return
        for key in dict.fromkeys([*old, *new]):
            yield from self.shape.changes(old.get(key), new.get(key), f"{path}.{key}")


def to_number(value: Value) -> Json:
    if isinstance(value, bool) or value is None:
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    return int(number) if number.is_integer() else number


ANY = Shape()
"""Text, booleans, and whatever both sides write alike."""
TEXT = Shape()
INT = Number()
NUMBER = Number()
NUMBER_TEXT = NumberText()
TRIMMED = Trimmed()
INSTANT = Instant()
JSON_TEXT = JsonText()
JSON_STRING = JsonString()
