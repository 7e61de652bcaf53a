"""Validators of more than one value: sizes of lists, and properties that exclude or need each other."""

from collections.abc import Callable, Iterator, Mapping

from firedrill.datadog.published.schema import Field
from firedrill.provider.values import UNKNOWN, Secret, Value, contains_unknown


def size_fault(field: Field, value: Value, key: str) -> str:
    """Return what Terraform's SDK says about the number of items of a list or set, "" for a valid one."""
    if not field.is_list or not isinstance(value, list) or contains_unknown(value):
        return ""
    count = len(value)
    if field.max_items is not None and count > field.max_items:
        text = f"Attribute {key} supports {field.max_items} item maximum, but config has {count} declared."
        return f"Too many list items. {text}"
    if count < field.min_items:
        text = f"Attribute {key} requires {field.min_items} item minimum, but config has only {count} declared."
        return f"Not enough list items. {text}"
    return ""


def combination_faults(field: Field, values: Mapping[str, Value], path: str) -> Iterator[str]:
    """Yield what the plugin framework says about a property beside others.

    values: those of the object, by their names in Terraform; path: the object's in Terraform, with a dot at its end.
    """
    for name, *others in field.valid:
        if name in _COMBINATIONS and not any(_is_unknown(values.get(each)) for each in (field.terraform, *others)):
            fault = _COMBINATIONS[name](field.terraform, others[0], values, path)
            if fault:
                yield f"Invalid Attribute Combination. {fault}"


def _is_unknown(value: Value) -> bool:
    return value is UNKNOWN or (isinstance(value, Secret) and value.value is UNKNOWN)


def _exactly_one_of(own: str, other: str, values: Mapping[str, Value], path: str) -> str:
    count = sum(values.get(name) is not None for name in (own, other))
    if count == 1:
        return ""
    specified = f"{count} attributes" if count else "No attribute"
    return f"{specified} specified when one (and only one) of [{path}{own}.<.{other}] is required"


def _conflicts_with(own: str, other: str, values: Mapping[str, Value], path: str) -> str:
    if values.get(own) is None or values.get(other) is None:
        return ""
    return f'Attribute "{path}{other}" cannot be specified when "{path}{own}" is specified'


def _also_requires(own: str, other: str, values: Mapping[str, Value], path: str) -> str:
    if values.get(own) is None or values.get(other) is not None:
        return ""
    return f'Attribute "{path}{other}" must be specified when "{path}{own}" is specified'


_COMBINATIONS: dict[str, Callable[[str, str, Mapping[str, Value], str], str]] = {
    "ExactlyOneOf": _exactly_one_of,
    "ConflictsWith": _conflicts_with,
    "AlsoRequires": _also_requires,
}
