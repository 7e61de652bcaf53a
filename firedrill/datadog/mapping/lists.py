"""Schemas of lists and sets, and of values that are a list on one side alone."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from firedrill.datadog.mapping.schema import (
    TEXT,
    CaseInsensitive,
    Differences,
    Extent,
    Json,
    Schema,
    canonical,
    with_whole_numbers,
)
from firedrill.provider.values import Value, contains_unknown


@dataclass(frozen=True)
class ListOf(Schema):
    """A list whose order matters."""

    schema: Schema

    def send(self, value: Value) -> Json:
        return [self.schema.send(item) for item in value]

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        declared_items = declared if isinstance(declared, list) else []
        return [
            self.schema.receive(item, declared_items[index] if index < len(declared_items) else None, extent)
            for index, item in enumerate(answer or [])
        ]

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        if not (isinstance(old, list) and isinstance(new, list)):
            yield from super().differences(old, new, path)
            return
        if bool(old) != bool(new):
            yield path, "delete" if old else "add"
            return
        for index in range(max(len(old), len(new))):
            if index >= len(old) or index >= len(new):
                yield f"{path}[{index}]", "add" if index >= len(old) else "delete"
            else:
                yield from self.schema.differences(old[index], new[index], f"{path}[{index}]")


@dataclass(frozen=True)
class SetOf(ListOf):
    """A set, which the program has as a list; sent sorted, as the published provider's newer kinds send it."""

    def send(self, value: Value) -> Json:
        return sorted(super().send(value), key=self._sort_key)

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        unmatched = list(declared) if isinstance(declared, list) else []
        values = []
        for item in answer or []:
            value = self.schema.receive(item, None)
            match = next((candidate for candidate in unmatched if self.schema.same(candidate, value)), None)
            if match is not None:
                unmatched.remove(match)
            values.append(self.schema.receive(item, match, extent))
        return self._in_program_order(values, declared)

    def _in_program_order(self, values: list[Value], declared: Value) -> Value:
        """Return the values in the program's order; those that it does not declare come last."""
        declared_items = declared or []

        def position(value: Value) -> int:
            return next(
                (index for index, item in enumerate(declared_items) if self.schema.same(item, value)),
                len(declared_items),
            )

        return sorted(values, key=position)

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        if isinstance(old, list) and isinstance(new, list) and bool(old) != bool(new):
            yield path, "delete" if old else "add"
            return
        if isinstance(old, list) and isinstance(new, list) and not contains_unknown([old, new]):
            added = list(new)
            removed = []
            for item in old:
                match = next((candidate for candidate in added if self.schema.same(item, candidate)), None)
                if match is None:
                    removed.append(item)
                else:
                    added.remove(match)
            places = {new.index(item) for item in added}
            for item in removed:
                place = old.index(item)
                if place in places:
                    places.remove(place)
                    yield from self.schema.differences(item, new[place], f"{path}[{place}]")
                else:
                    yield f"{path}[{place}]", "delete"
            for place in sorted(places):
                yield f"{path}[{place}]", "add"
            return
        yield from super().differences(old, new, path)

    def _sort_key(self, item: Json) -> str:
        return item if isinstance(item, str) else canonical(item)


@dataclass(frozen=True)
class SetInProgramOrder(SetOf):
    """A set that is sent in the program's order."""

    def send(self, value: Value) -> Json:
        return ListOf.send(self, value)


@dataclass(frozen=True)
class SetInHashOrder(SetOf):
    """A set sent in the order of Terraform's hashes, as the published provider's older kinds send it.

    hashed: of objects, the members that a program can declare, by their names in Terraform; an absent text is "".
    """

    hashed: tuple[str, ...] = ()

    def _sort_key(self, item: Json) -> str:
        """Return the hash as `helper/schema/serialize.go` of Terraform's SDK computes it."""
        if isinstance(item, dict):
            text = "".join(f"{name}:{_hashed(item.get(name, ''))};" for name in sorted(self.hashed or item))
        else:
            text = f"{_hashed(item)};"
        return str(zlib.crc32(text.encode()))


def _hashed(value: Json) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(with_whole_numbers(value))


@dataclass(frozen=True)
class OneOf(Schema):
    """An object of one of several kinds: {"urlParser": {...}} <-> {"type": "url-parser", ...}.

    members: by the program's key, the API's value of `tag` and the schema of the rest.
    """

    tag: str
    members: Mapping[str, tuple[str, Schema]]

    def send(self, value: Value) -> Json:
        for name, (kind, schema) in self.members.items():
            if name in value:
                return {**schema.send(value[name]), self.tag: kind}
        return {}

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        declared_members = declared if isinstance(declared, dict) else {}
        for name, (kind, schema) in sorted(self.members.items(), key=lambda member: member[0] not in declared_members):
            if kind == answer.get(self.tag):
                value = schema.receive(answer, declared_members.get(name), extent)
                if value is not None:
                    return {name: value}
        return answer

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        for name in self.members:
            before, after = (old or {}).get(name), (new or {}).get(name)
            if before is not None and after is not None:
                yield from self.members[name][1].differences(before, after, f"{path}.{name}")
            elif before is not None or after is not None:
                yield f"{path}.{name}", "add" if before is None else "delete"


@dataclass(frozen=True)
class ListOfOne(Schema):
    """A list of at most one item in the program, an object in the API."""

    schema: Schema

    def send(self, value: Value) -> Json:
        return self.schema.send(value[0] if value else {})

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        return [self.schema.receive(answer, declared[0] if declared else None, extent)]

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        yield from ListOf(self.schema).differences(old, new, path)


@dataclass(frozen=True)
class InListOfOne(Schema):
    """One value in the program, a list of one in the API."""

    schema: Schema

    def send(self, value: Value) -> Json:
        return [self.schema.send(value)]

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        return self.schema.receive(answer[0], declared, extent) if answer else None

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        yield from self.schema.differences(old, new, path)


TEXT_SET = SetOf(TEXT)
TEXT_SET_IN_HASH_ORDER = SetInHashOrder(TEXT)
TAG_SET = SetOf(CaseInsensitive())
TAG_SET_IN_HASH_ORDER = SetInHashOrder(CaseInsensitive())
