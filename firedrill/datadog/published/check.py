"""Check: the defaults that the published provider adds to a program's inputs, and the inputs that it refuses."""

from collections.abc import Iterator, Mapping

from firedrill.datadog.published.combinations import combination_faults, size_fault
from firedrill.datadog.published.schema import Field, KindSchema
from firedrill.datadog.published.validators import framework_faults, sdk_faults
from firedrill.provider.values import DEFAULTS, UNKNOWN, Properties, Secret, Value

Fields = Mapping[str, Field]
Fault = tuple[str, str]
"""The reason, and the place of the property in the program, "" where the message does not name it."""


def with_defaults(kind: KindSchema, inputs: Properties) -> Properties:
    """Return inputs as Check returns them.

    Kinds on Terraform's SDK get their defaults, and in each object a note of them; those on the plugin framework are
    left as they are, but for secrets, since it sets defaults in the plan.
    """
    if kind.framework:
        return {name: _marked(kind.properties.get(name), value) for name, value in inputs.items()}
    return _noted(kind.properties, inputs)


def with_notes_of(kind: KindSchema, inputs: Properties, old_inputs: Properties) -> Properties:
    """Return what a read finds as inputs, with the notes of defaults that the old inputs have."""
    return inputs if kind.framework else _noted_as(kind.properties, inputs, old_inputs)


def _noted_as(fields: Fields, inputs: Properties, old: Value) -> Properties:
    before = old if isinstance(old, dict) else {}
    values = {name: _part_noted_as(fields.get(name), value, before.get(name)) for name, value in inputs.items()}
    return {**values, DEFAULTS: [name for name in before.get(DEFAULTS, []) if name in inputs]}


def _part_noted_as(field: Field | None, value: Value, old: Value) -> Value:
    if field is None or field.properties is None:
        return value
    if isinstance(value, list):
        before = old if isinstance(old, list) else []
        return [
            _part_noted_as(field, item, before[index] if index < len(before) else None)
            for index, item in enumerate(value)
        ]
    return _noted_as(field.properties, value, old) if isinstance(value, dict) else value


def faults(kind: KindSchema, inputs: Properties) -> list[Fault]:
    """Return why inputs (with defaults) are refused."""
    find = _framework_faults if kind.framework else _sdk_faults
    return list(find(kind.properties, inputs, "", ""))


def _marked(field: Field | None, value: Value) -> Value:
    """Return a value whose sensitive parts are secrets."""
    if field is None or value is UNKNOWN:
        return value
    if field.sensitive:
        return Secret(value)
    if isinstance(value, list):
        return [_marked(field, item) for item in value]
    if isinstance(value, dict) and field.properties is not None:
        return {name: _marked(field.properties.get(name), item) for name, item in value.items()}
    return value


def _noted(fields: Fields, inputs: Properties) -> Properties:
    """Return an object with its defaults, a note of their names, and the same in its parts."""
    values = {name: _with_notes(fields.get(name), value) for name, value in inputs.items() if name != DEFAULTS}
    present = {fields[name].terraform for name in values if name in fields}
    excluded = {other for name in values if name in fields for other in fields[name].conflicts}
    defaulted = []
    for name, field in fields.items():
        rivals = [other for other in fields.values() if other.terraform in field.conflicts]
        if (
            field.default in (None, False, "", 0)
            or name in values
            or field.terraform in excluded
            or (field.deprecated and not field.required)
            or any(rival.default is not None or rival.terraform in present for rival in rivals)
        ):
            continue
        values[name] = field.default
        defaulted.append(name)
    return {**values, DEFAULTS: sorted(defaulted)}


def _with_notes(field: Field | None, value: Value) -> Value:
    if field is None or field.properties is None or value is UNKNOWN:
        return value
    if isinstance(value, list):
        return [_with_notes(field, item) for item in value]
    return _noted(field.properties, value) if isinstance(value, dict) else value


def _sdk_faults(fields: Fields, values: Properties, key: str, place: str) -> Iterator[Fault]:
    """Yield each fault of an object with its place; key: the object's in Terraform, with a dot at its end."""
    present = {field.terraform for name, field in fields.items() if _is_set(values.get(name))}
    for name, value in values.items():
        if name not in fields and name != DEFAULTS and value is not None:
            yield "Invalid or unknown key", f"{place}{name}"
    for name, field in fields.items():
        full, where = f"{key}{field.terraform}", f"{place}{name}"
        if not _is_set(values.get(name)):
            if field.required and values.get(name) is not UNKNOWN:
                text = f'The argument "{full}" is required, but no definition was found.'
                yield f"Missing required argument. {text}", where
            continue
        for rival in field.conflicts:
            if _is_rival(rival, key, present):
                yield f'Conflicting configuration arguments. "{full}": conflicts with {rival}', where
        yield from _sdk_value_faults(field, values[name], full, where)


def _is_rival(rival: str, key: str, present: set[str]) -> bool:
    """Return whether a property that excludes this one, named by its full key, is present beside it."""
    parent, _, own = rival.rpartition(".")
    return own in present and (not parent or f"{parent}." == key)


def _sdk_value_faults(field: Field, value: Value, key: str, place: str) -> Iterator[Fault]:
    if value is UNKNOWN:
        return
    size = size_fault(field, value, key)
    if size:
        yield size, place
    elif field.type == "set" and isinstance(value, list):
        for index, item in enumerate(value):  # the place of an item of a set is the set's
            for fault, _ in _sdk_item_faults(field, item, f"{key}.{index}", place):
                yield fault, place
    elif field.is_list and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _sdk_item_faults(field, item, f"{key}.{index}", f"{place}[{index}]")
    elif field.properties is not None:
        for item in value if isinstance(value, list) else [value]:
            yield from _sdk_item_faults(field, item, f"{key}.0", place)
    else:
        for fault in sdk_faults(field, _typed(field, value), key):
            yield fault, place


def _sdk_item_faults(field: Field, item: Value, key: str, place: str) -> Iterator[Fault]:
    if field.properties is not None and isinstance(item, dict):
        yield from _sdk_faults(field.properties, item, f"{key}.", f"{place}.")
    elif field.items is not None and item is not UNKNOWN:
        for fault in sdk_faults(field.items, _typed(field.items, item), key):
            yield fault, place


def _framework_faults(fields: Fields, values: Properties, path: str, place: str) -> Iterator[Fault]:
    """Yield each fault of an object with its place, "" for one that the message does not name."""
    for name, field in fields.items():
        full, where, value = f"{path}{field.terraform}", f"{place}{name}", values.get(name)
        if value is UNKNOWN or (isinstance(value, Secret) and value.value is UNKNOWN):
            continue
        if isinstance(value, Secret):
            value = value.value
        siblings = {other.terraform: values.get(beside) for beside, other in fields.items()}
        yield from ((fault, where) for fault in combination_faults(field, siblings, path))
        if not _is_set(value):
            if field.required:
                yield f"Missing required property '{where}'", ""
            elif ("IsRequired",) in field.valid:
                text = "must have a configuration value as the provider has marked it as required"
                yield f"Invalid Block. Block {full} {text}", where
            continue
        for fault, placed in framework_faults(field, _typed(field, value), full):
            yield fault, where if placed else ""
        if field.properties is not None:
            yield from _framework_part_faults(field, value, full, where)


def _framework_part_faults(field: Field, value: Value, path: str, place: str) -> Iterator[Fault]:
    properties = field.properties or {}
    if isinstance(value, dict):
        inner = f"{path}[0]" if field.single else path
        yield from _framework_faults(properties, value, f"{inner}.", f"{place}.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                where = place if field.type == "set" else f"{place}[{index}]"
                yield from _framework_faults(properties, item, f"{path}[{index}].", f"{where}.")


def _is_set(value: Value) -> bool:
    return value is not None


def _typed(field: Field, value: Value) -> Value:
    """Return a value in its own type: a program may write a number as text, and the reverse."""
    if field.type in ("int", "number") and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return int(number) if field.type == "int" else number
    if field.type == "string" and not isinstance(value, (str, list, dict)):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    return value
