"""The schema of a kind: its properties, by their names in Pulumi."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from firedrill.datadog.mapping.objects import snake

Json = Any


@dataclass(frozen=True)
class Field:
    """One property. type: string, bool, int, number, list, set, map or object; terraform: its name there.

    computed: the API decides when the program does not; output: only the API does; keep: an update keeps the state's
    value while the program has none; single: a list of at most one item, which Pulumi has as the item; properties: of
    an object, or of the objects in a list or set; items: items that are not objects; block: whether absent and empty
    are one on the plugin framework; answered: whether the state has a zero where the API has nothing; ignored: whether
    a change of it is none; min_items, max_items: of a list or set in Terraform's SDK; enum: names of
    enumerations with their values; valid: validators with their arguments.
    """

    type: str
    terraform: str
    required: bool = False
    computed: bool = False
    output: bool = False
    replace: bool = False
    keep: bool = False
    sensitive: bool = False
    deprecated: bool = False
    single: bool = False
    block: bool = False
    answered: bool = False
    ignored: bool = False
    replace_on_removal: bool = False
    min_items: int = 0
    max_items: int | None = None
    default: Json = None
    enum: tuple[tuple[str, tuple[Json, ...]], ...] = ()
    one_of: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    valid: tuple[tuple[Json, ...], ...] = ()
    properties: Mapping[str, "Field"] | None = None
    items: "Field | None" = None

    @property
    def is_list(self) -> bool:
        """True where a program writes it as a list."""
        return self.type in ("list", "set") and not self.single


@dataclass(frozen=True)
class KindSchema:
    """A kind's schema. framework: whether it is on Terraform's plugin framework."""

    framework: bool
    properties: Mapping[str, Field] = field(default_factory=dict)


@cache
def schemas() -> dict[str, KindSchema]:
    """Return the schemas by token."""
    text = (Path(__file__).parent / "schema.json").read_text()
    return {
        token: KindSchema(kind["framework"], _fields(kind["properties"])) for token, kind in json.loads(text).items()
    }


def _fields(properties: Json) -> dict[str, Field]:
    return {name: _field(name, value) for name, value in properties.items()}


def _field(name: str, value: Json) -> Field:
    return Field(
        type=value["type"],
        terraform=value.get("terraform", snake(name)),
        required=value.get("required", False),
        computed=value.get("computed", False),
        output=value.get("output", False),
        replace=value.get("replace", False),
        keep=value.get("keep", False),
        sensitive=value.get("sensitive", False),
        deprecated=value.get("deprecated", False),
        single=value.get("single", False),
        block=value.get("block", False),
        answered=value.get("answered", False),
        ignored=value.get("ignored", False),
        replace_on_removal=value.get("replaceOnRemoval", False),
        min_items=value.get("minItems", 0),
        max_items=value.get("maxItems"),
        default=value.get("default"),
        enum=tuple((enum, tuple(values)) for enum, values in value.get("enum", ())),
        one_of=tuple(value.get("oneOf", ())),
        conflicts=tuple(value.get("conflicts", ())),
        valid=tuple(tuple(validator) for validator in value.get("valid", ())),
        properties=_fields(value["properties"]) if "properties" in value else None,
        items=_field("", value["items"]) if "items" in value else None,
    )
