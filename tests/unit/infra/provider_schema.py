"""A declared resource against its provider's schema, as the pinned SDK carries it.

Names and types of members come from the SDK's input classes, required ones from their constructors. The values of a
member, and members that exclude each other, are only in the descriptions, in Google's and the provider's own words:
each form of such a sentence in use is read here, and what no sentence says is not checked.
"""

import importlib
import inspect
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi import _types as types

Json = Any
VALUES = re.compile(
    r"(?:Possible|Valid|Allowed|Supported) values(?: are| include)?:?\s*(.*?)(?:\.(?:\s|$)|$)", re.DOTALL
)
"""The sentence that lists the values of a member."""
QUOTED = re.compile(r"[`\"]([^`\"]+)[`\"]")
ONLY_ONE = re.compile(
    r"(?:Only one|Exactly one|At most one|One) of (.*?) (?:can|must|may|should) ", re.IGNORECASE | re.DOTALL
)
CONFLICTS = re.compile(r"(?:conflicts with|mutually exclusive with) ((?:`?\w+`?(?:, | and | or )?)+)", re.IGNORECASE)
JOINTS = {"and", "or", "the"}


def input_class(token: str) -> type:
    """Return the class of a resource's inputs: of ``gcp:storage/bucket:Bucket`` it is ``storage.BucketArgs``."""
    package, module, name = token.split(":")
    folder = module.partition("/")[0]
    place = f"pulumi_{package}" + ("" if folder == "index" else f".{folder}")
    arguments: type = getattr(importlib.import_module(place), f"{name}Args")
    return arguments


def faults(token: str, inputs: Mapping[str, Json]) -> Iterator[str]:
    """Yield what the schema does not allow in a resource's inputs."""
    yield from _object(input_class(token), inputs, "")


def _object(schema: type, value: Mapping[str, Json], path: str) -> Iterator[str]:
    members = types.input_type_types(schema)
    names = types.input_type_py_to_pulumi_names(schema)
    for name, item in value.items():
        place = f"{path}.{name}" if path else name
        if name not in members:
            yield f"{place}: {schema.__name__} has no such member"
        elif item is not None:
            yield from _value(members[name], item, place)
    parameters = inspect.signature(schema).parameters
    for python_name, name in names.items():
        if parameters[python_name].default is inspect.Parameter.empty and value.get(name) is None:
            yield f"{path or schema.__name__}: {name} is required"
    yield from _described(schema, names, value, path)


def _value(hint: Any, value: Json, path: str) -> Iterator[str]:
    hint = types.unwrap_type(hint)
    origin = typing.get_origin(hint)
    if types.is_input_type(hint):
        if isinstance(value, Mapping):
            yield from _object(hint, value, path)
        else:
            yield f"{path}: {value!r} is not an object"
    elif origin is not None and issubclass(origin, Sequence):
        if not isinstance(value, list):
            yield f"{path}: {value!r} is not a list"
            return
        for place, item in enumerate(value):
            yield from _value(typing.get_args(hint)[0], item, f"{path}[{place}]")
    elif origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            yield f"{path}: {value!r} is not a map"
            return
        for name, item in value.items():
            yield from _value(typing.get_args(hint)[1], item, f"{path}.{name}")
    elif not _is_of(hint, value):
        yield f"{path}: {value!r} is not of type {getattr(hint, '__name__', hint)}"


def _is_of(hint: Any, value: Json) -> bool:
    """Return whether a value has a plain type. Numbers arrive as floating point: the protocol has no integers."""
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    if hint is int:
        return isinstance(value, int | float) and float(value).is_integer()
    return isinstance(value, int | float) if hint is float else isinstance(value, hint)


def descriptions(schema: type) -> dict[str, str]:
    """Return the description of each member by its name in Python."""
    return {name: member.__doc__ or "" for name, member in vars(schema).items() if isinstance(member, property)}


def deprecated(token: str, inputs: Mapping[str, Json]) -> Iterator[str]:
    """Yield the inputs that the SDK deprecates."""
    schema = input_class(token)
    names = types.input_type_py_to_pulumi_names(schema)
    for python_name, member in vars(schema).items():
        is_deprecated = isinstance(member, property) and hasattr(member.fget, "_pulumi_deprecated_callable")
        if is_deprecated and names.get(python_name) in inputs:
            yield names[python_name]


def _described(schema: type, names: Mapping[str, str], value: Mapping[str, Json], path: str) -> Iterator[str]:
    by_letters = {_letters(python_name): name for python_name, name in names.items()}
    for python_name, description in descriptions(schema).items():
        name = names[python_name]
        stated = value.get(name)
        place = f"{path}.{name}" if path else name
        allowed = allowed_values(description)
        if allowed and isinstance(stated, str) and stated not in allowed:
            yield f"{place}: {stated!r} is none of {', '.join(sorted(allowed))}"
        if stated is None:
            continue
        for others in alternatives(description):
            both = [by_letters[other] for other in others - {_letters(name)} if other in by_letters]
            for other in sorted(both):
                if value.get(other) is not None:
                    yield f"{place}: not together with {other}"


def allowed_values(description: str) -> set[str]:
    """Return the values that a description lists; empty where it lists none, or only examples."""
    match = VALUES.search(description)
    return set(QUOTED.findall(match[1])) if match else set()


def alternatives(description: str) -> Iterator[set[str]]:
    """Yield the members, in letters only, of which a description allows one."""
    for sentence in [*ONLY_ONE.findall(description), *CONFLICTS.findall(description)]:
        words = {_letters(word) for word in re.findall(r"\w+", sentence)} - JOINTS
        if words:
            yield words


def _letters(name: str) -> str:
    """Return a name without case and underscores: descriptions write ``HTTPGet`` and ``http_get``."""
    return name.replace("_", "").lower()
