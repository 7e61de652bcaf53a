"""The plan of an update: what the published provider sends for properties that the program leaves to it."""

from collections.abc import Iterator, Mapping

from firedrill.datadog.published.schema import Field, KindSchema
from firedrill.provider.difference import PropertyOperation
from firedrill.provider.values import Properties, Value

Fields = Mapping[str, Field]


def planned(kind: KindSchema, inputs: Properties, state: Properties) -> Properties:
    """Return inputs completed with defaults, and with the state's values of what an update keeps.

    Terraform's SDK keeps every computed property that the program does not declare; the plugin framework those whose
    plan modifier says so. What the framework leaves unknown is absent.
    """
    return _planned(kind.properties, inputs, state, kind.framework)


def recomputed(kind: KindSchema, inputs: Properties) -> set[str]:
    """Return the properties that a changed resource's plan leaves unknown, on the plugin framework."""
    if not kind.framework:
        return set()
    return {name for name, field in kind.properties.items() if _is_unknown(field, inputs.get(name))}


def replacing(kind: KindSchema, changed: str, operation: str) -> bool:
    """Return whether a change at a path (`compute.path`) forces a replacement.

    On the plugin framework the property at the path does, or any around it; in Terraform's SDK only the former.
    """
    fields: Fields | None = kind.properties
    forced = False
    for part in changed.split("."):
        field = (fields or {}).get(part.partition("[")[0])
        if field is None:
            return forced and kind.framework
        removed = field.replace_on_removal and operation == "delete" and part == changed
        forced = field.replace or removed or (forced and kind.framework)
        fields = field.properties
    return forced


def is_added_to_zero(kind: KindSchema, path: str) -> bool:
    """Return whether the state has a zero at a path that a program starts to declare: then it is an update."""
    if kind.framework:
        return False
    fields: Fields | None = kind.properties
    field = None
    for part in path.split("."):
        field = (fields or {}).get(part.partition("[")[0])
        fields = field.properties if field else None
    scalar = field is not None and field.type in ("string", "bool", "int", "number")
    return field is not None and scalar and (field.answered or "." in path)


def removals(field: Field, before: Value, after: Value, path: str) -> Iterator[tuple[str, PropertyOperation]]:
    """Yield the blocks and texts in an object or list that a plan removes, by path: those that no API computes."""
    if isinstance(before, list) and isinstance(after, list) and field.type == "list":
        for index, (was, now) in enumerate(zip(before, after, strict=False)):
            yield from removals(field, was, now, f"{path}[{index}]")
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return
    for name, part in (field.properties or {}).items():
        if before.get(name) and after.get(name) is None and not (part.computed or part.output):
            yield f"{path}.{name}", "delete"
        else:
            yield from removals(part, before.get(name), after.get(name), f"{path}.{name}")


def _planned(fields: Fields, inputs: Properties, state: Properties, framework: bool) -> Properties:
    values = dict(inputs)
    for name, field in fields.items():
        if field.ignored:
            values.pop(name, None)
            continue
        if name in inputs:
            values[name] = _planned_value(field, inputs[name], state.get(name), framework)
        elif field.default is not None:
            values[name] = field.default
        elif name in state and field.computed and (field.keep or not framework):
            values[name] = state[name]
    return values


def _planned_value(field: Field, value: Value, state: Value, framework: bool) -> Value:
    if field.properties is None:
        return value
    if isinstance(value, dict):
        return _nested(field.properties, value, state, framework)
    if isinstance(value, list) and field.type == "list":
        before = state if isinstance(state, list) else []
        return [
            _nested(field.properties, item, before[index] if index < len(before) else None, framework)
            for index, item in enumerate(value)
        ]
    return value


def _nested(fields: Fields, value: Value, state: Value, framework: bool) -> Value:
    if not isinstance(value, dict):
        return value
    before = state if isinstance(state, dict) else {}
    kept = {name: before[name] for name, field in fields.items() if field.output and not framework and name in before}
    return {**kept, **_planned(fields, value, before, framework)}


def _is_unknown(field: Field, value: Value) -> bool:
    """Return whether a property, or a part of it, is known only after the update."""
    if value is None:
        return (field.output or field.computed) and not field.keep and field.default is None
    items = value if isinstance(value, list) else [value]
    return any(
        _is_unknown(part, item.get(name))
        for item in items
        if isinstance(item, dict)
        for name, part in (field.properties or {}).items()
    )
