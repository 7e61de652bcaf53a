"""Validation of a body against its model in the client: types, required members, enumerations, lengths and ranges.

Unknown members are not a fault: the real API accepts many that the models lack. Checks of meaning are in the handlers.
"""

import inspect
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from datadog_api_client.model_utils import ModelComposed, ModelNormal, ModelSimple, file_type, none_type

NOT_REQUIRED = {("FormulaSort", "index"), ("WidgetFormulaSort", "index")}
"""Members that a model requires and the real API does not: recorded requests without them succeed."""
NOT_LIMITED = {("ListStreamWidgetDefinition", "requests")}
"""Members whose limit in the model the real API does not keep: a list widget with two requests is taken."""
PLACE_OF_WIDGET = re.compile(r"@\d+\Z")
"""A widget of the same request, which a tab may name by its place instead of its id."""
LIMITS = {
    "max_length": lambda value, limit: len(value) <= limit,
    "min_length": lambda value, limit: len(value) >= limit,
    "max_items": lambda value, limit: len(value) <= limit,
    "min_items": lambda value, limit: len(value) >= limit,
    "inclusive_maximum": lambda value, limit: value <= limit,
    "inclusive_minimum": lambda value, limit: value >= limit,
    "exclusive_maximum": lambda value, limit: value < limit,
    "exclusive_minimum": lambda value, limit: value > limit,
}
JSON_NAMES = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    dict: "an object",
    list: "a list",
}


def faults(value: Any, model: type) -> list[str]:
    """Return what is wrong, each as ``path: reason``."""
    return list(_check(value, (model,), ""))


def envelope_faults(body: Any, model: Any, creating: bool) -> list[str]:
    """Return what is wrong with a JSON:API envelope.

    Handlers rely on its objects even where the model says optional. Attributes that are left out become empty ones,
    unless a new object's model requires some.
    """
    if "data" not in getattr(model, "attribute_map", {}) or not isinstance(body, dict):
        return []
    if not isinstance(body.get("data"), dict | list):
        return ["data: is required"]
    entries = body["data"] if isinstance(body["data"], list) else [body["data"]]
    problems = []
    declared = _attributes_model(model)
    for entry in entries:
        if declared is not None and isinstance(entry, dict) and "attributes" not in entry:
            if creating and list(_check({}, (declared,), "data.attributes")):
                problems.append("data.attributes: is required")
            else:
                entry["attributes"] = {}
        for member in ("attributes", "relationships"):
            if isinstance(entry, dict) and not isinstance(entry.get(member, {}), dict):
                problems.append(f"data.{member}: must be an object")
        related = entry.get("relationships") if isinstance(entry, dict) else None
        for name, value in related.items() if isinstance(related, dict) else ():
            if not isinstance(value, dict) or not isinstance(value.get("data"), dict | list | None):
                problems.append(f"data.relationships.{name}: must be an object with data")
    return problems


def _check(value: Any, types: tuple[Any, ...], path: str) -> Iterator[str]:
    """Yield the faults of a value that may have any of the types."""
    if value is None and (none_type in types or any(_nullable(kind) for kind in types)):
        return
    best: list[str] | None = None
    for kind in types:
        if kind is none_type:
            continue
        candidates = list(_check_one(value, kind, path))
        if not candidates:
            return
        if best is None or len(candidates) < len(best):
            best = candidates
    yield from best if best is not None else [f"{path or 'body'}: null expected"]


def _check_one(value: Any, kind: Any, path: str) -> Iterator[str]:
    where = path or "body"
    if isinstance(kind, list):
        if not isinstance(value, list):
            yield f"{where}: must be a list"
            return
        for n, item in enumerate(value):
            yield from _check(item, tuple(kind[0]) if isinstance(kind[0], tuple) else (kind[0],), f"{path}[{n}]")
    elif isinstance(kind, dict):
        if not isinstance(value, dict):
            yield f"{where}: must be an object"
            return
        (types,) = kind.values()
        for key, item in value.items():
            yield from _check(item, types, _member(path, key))
    elif issubclass(kind, ModelComposed):
        yield from _check_composed(value, kind, where, path)
    elif issubclass(kind, ModelSimple):
        yield from _check_simple(value, kind, path)
    elif issubclass(kind, ModelNormal):
        yield from _check_object(value, kind, path)
    elif not _is(value, kind):
        yield f"{where}: must be {JSON_NAMES.get(kind, f'a {kind.__name__}')}"


def _check_composed(value: Any, kind: Any, where: str, path: str) -> Iterator[str]:
    options = kind._composed_schemas["oneOf"]
    best: list[str] | None = None
    for option in options:
        candidates = list(_check(value, (option,), path))
        if not candidates:
            return
        named = not any(fault.startswith(f"{_member(path, 'type')}:") for fault in candidates)
        if named and (best is None or len(candidates) < len(best)):
            best = candidates
    yield from best or [f"{where}: is none of the forms that are allowed here"]


def _check_simple(value: Any, kind: Any, path: str) -> Iterator[str]:
    if value is None and _nullable(kind):
        return
    violations = list(_check(value, kind.openapi_types["value"], path))
    yield from violations
    allowed = getattr(kind, "allowed_values", None)
    if not violations and allowed and value not in allowed:
        yield f"{path or 'body'}: must be one of {sorted(allowed, key=str)}"
    elif not violations:
        yield from _check_limits(value, getattr(kind, "validations", {}).get("value", {}), path)


def _check_object(value: Any, kind: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path or 'body'}: must be an object"
        return
    for name in _required(kind):
        json_name = kind.attribute_map.get(name, name) if hasattr(kind, "attribute_map") else name
        if json_name not in value and (kind.__name__, json_name) not in NOT_REQUIRED:
            yield f"{_member(path, json_name)}: is required"
    types = kind.openapi_types
    for name, json_name in getattr(kind, "attribute_map", {}).items():
        if json_name not in value:
            continue
        inner = _member(path, json_name)
        if value[json_name] is None and name not in _required(kind):
            continue  # null for an optional member leaves it out: see without_nulls
        if kind.__name__ == "DashboardTab" and name == "widget_ids" and isinstance(value[json_name], list):
            yield from _check([item for item in value[json_name] if not _is_place(item)], types[name], inner)
            continue
        violations = list(_check(value[json_name], types[name], inner))
        yield from violations
        if not violations and (kind.__name__, name) not in NOT_LIMITED:
            yield from _check_limits(value[json_name], getattr(kind, "validations", {}).get(name, {}), inner)


def _is_place(item: Any) -> bool:
    return isinstance(item, str) and bool(PLACE_OF_WIDGET.match(item))


def _is_object_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, ModelNormal)


def without_nulls(value: Any, kind: Any) -> None:
    """Take members of a valid body away that are null, optional, and not null by their model.

    The real API treats such a member as absent, as ``message: null`` of a downtime.
    By one recording: TestAccDowntimeScheduleChanged.
    """
    if isinstance(kind, list) and isinstance(value, list):
        for item in value:
            for inner in kind[0] if isinstance(kind[0], tuple) else (kind[0],):
                without_nulls(item, inner)
    elif _is_object_model(kind) and isinstance(value, dict):
        types = kind.openapi_types
        for name, json_name in getattr(kind, "attribute_map", {}).items():
            if json_name in value and value[json_name] is None:
                nullable = none_type in types[name] or any(_nullable(inner) for inner in types[name])
                if name not in _required(kind) and not nullable:
                    del value[json_name]
            elif json_name in value:
                for inner in types[name]:
                    without_nulls(value[json_name], inner)


def _check_limits(value: Any, limits: dict[str, Any], path: str) -> Iterator[str]:
    if value is None:
        return
    for name, limit in limits.items():
        if name == "regex":
            if isinstance(value, str) and not re.search(limit["pattern"], value):
                yield f"{path}: does not match {limit['pattern']}"
        elif name in LIMITS and not LIMITS[name](value, limit):
            yield f"{path}: breaks the limit {name.replace('_', ' ')} {limit}"


@cache
def _attributes_model(model: Any) -> Any:
    """Return the model of the attributes of a model's ``data``; None where that has none or is a list."""
    kind = model.openapi_types["data"][0]
    return kind.openapi_types["attributes"][0] if "attributes" in getattr(kind, "attribute_map", {}) else None


@cache
def _required(kind: type) -> tuple[str, ...]:
    signature = inspect.signature(kind.__init__)  # type: ignore[misc]  # the class's own, read only
    return tuple(
        name
        for name, parameter in signature.parameters.items()
        if name != "self_"
        and parameter.default is inspect.Parameter.empty
        and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    )


def _nullable(kind: Any) -> bool:
    return bool(getattr(kind, "_nullable", False))


def _is(value: Any, kind: Any) -> bool:
    if kind is bool:
        return isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind in (datetime, date, UUID, file_type):
        return isinstance(value, str) and _parses(value, kind)
    return isinstance(value, kind)


def _parses(value: str, kind: Any) -> bool:
    if kind is file_type:
        return True
    try:
        if kind is UUID:
            UUID(value)
        else:
            datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
