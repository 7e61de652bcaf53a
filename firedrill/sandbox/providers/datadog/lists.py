"""Shapes of lists, sets, and values that are a list on one side alone."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from firedrill.sandbox.providers.datadog.shapes import TEXT, Changes, Full, Json, Lower, Shape, canonical, to_plain
from firedrill.sandbox.providers.values import Value, contains_unknown


@dataclass(frozen=True)
class Listed(Shape):
    """A list whose order matters."""

    shape: Shape

    def send(self, value: Value) -> Json:
        return [self.shape.send(item) for item in value]

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        said = declared if isinstance(declared, list) else []
        return [
            self.shape.receive(item, said[index] if index < len(said) else None, full)
            for index, item in enumerate(answer or [])
        ]

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        if not (isinstance(old, list) and isinstance(new, list)):
            yield from super().changes(old, new, path)
            return
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from self.shape.changes(before, after, f"{path}[{index}]")


@dataclass(frozen=True)
class Unordered(Listed):
    """A set, written as a list in the program; sent sorted, as plugin-framework resources of the published one do."""

    def send(self, value: Value) -> Json:
        return sorted(super().send(value), key=self._order)

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        said = list(declared) if isinstance(declared, list) else []
        found = []
        for item in answer or []:
            value = self.shape.receive(item, None)
            match = next((one for one in said if self.shape.same(one, value)), None)
            if match is not None:
                said.remove(match)
            found.append(self.shape.receive(item, match, full))
        return self._ordered(found, declared)

    def _ordered(self, found: list[Value], declared: Value) -> Value:
        """In the program's order, as far as it names them."""
        return sorted(found, key=lambda item: _place(self.shape, declared or [], item))

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        if isinstance(old, list) and isinstance(new, list) and not contains_unknown([old, new]):
            left = list(new)
            gone = []
            for item in old:
                match = next((one for one in left if self.shape.same(item, one)), None)
                if match is None:
                    gone.append(item)
                else:
                    left.remove(match)
            for item in left:
                yield f"{path}[{new.index(item)}]", "update" if gone and gone.pop() is not None else "add"
            for item in gone:
                yield f"{path}[{old.index(item)}]", "delete"
            return
        yield from super().changes(old, new, path)

    def _order(self, item: Json) -> str:
        return item if isinstance(item, str) else canonical(item)


@dataclass(frozen=True)
class Sequenced(Unordered):
    """A set that is sent in the program's order."""

    def send(self, value: Value) -> Json:
        return Listed.send(self, value)


@dataclass(frozen=True)
class Hashed(Unordered):
    """A set of scalars, sent in the order of the Terraform SDK's hashes, as the published provider's older kinds do."""

    def _order(self, item: Json) -> str:
        text = ("true" if item else "false") if isinstance(item, bool) else str(to_plain(item))
        return str(zlib.crc32(f"{text};".encode()))


@dataclass(frozen=True)
class OneOf(Shape):
    """A list item of one of several kinds: {"urlParser": {...}} <-> {"type": "url-parser", ...}.

    members: the program's key -> (the API's value of `tag`, shape of the rest).
    """

    tag: str
    members: Mapping[str, tuple[str, Shape]]

    def send(self, value: Value) -> Json:
        for name, (kind, shape) in self.members.items():
            if name in value:
                return {**shape.send(value[name]), self.tag: kind}
        return {}

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        said = declared if isinstance(declared, dict) else {}
        for name, (kind, shape) in sorted(self.members.items(), key=lambda member: member[0] not in said):
            if kind == answer.get(self.tag):
                value = shape.receive(answer, said.get(name), full)
                if value is not None:
                    return {name: value}
        return answer

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        for name in self.members:
            before, after = (old or {}).get(name), (new or {}).get(name)
            if before is not None and after is not None:
                yield from self.members[name][1].changes(before, after, f"{path}.{name}")
            elif before is not None or after is not None:
                yield f"{path}.{name}", "add" if before is None else "delete"


@dataclass(frozen=True)
class Single(Shape):
    """A list of at most one in the program, an object in the API."""

    shape: Shape

    def send(self, value: Value) -> Json:
        return self.shape.send(value[0] if value else {})

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        return [self.shape.receive(answer, declared[0] if declared else None, full)]

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        yield from Listed(self.shape).changes(old, new, path)


@dataclass(frozen=True)
class InList(Shape):
    """One value in the program, a list of one in the API."""

    shape: Shape

    def send(self, value: Value) -> Json:
        return [self.shape.send(value)]

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        return self.shape.receive(answer[0], declared, full) if answer else None

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        yield from self.shape.changes(old, new, path)


def _place(shape: Shape, declared: list[Value], item: Value) -> int:
    return next((index for index, one in enumerate(declared) if shape.same(one, item)), len(declared))


TEXTS = Listed(TEXT)
TEXT_SET = Unordered(TEXT)
TEXT_HASHED = Hashed(TEXT)
TAG_SET = Unordered(Lower())
TAG_HASHED = Hashed(Lower())
