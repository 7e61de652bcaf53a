"""Validators of single values, with the messages of the published provider's libraries.

A validator takes the value, its name in the message and its arguments, and returns the message, "" for a valid value.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import yaml

from firedrill.datadog.published.schema import Field

Json = Any
Validator = Callable[..., str]


def sdk_faults(field: Field, value: Json, key: str) -> list[str]:
    """Return what the validators of Terraform's SDK say about a value; key: such as `options_list.0.tick_every`."""
    faults = []
    if field.enum and not any(value in values for _, values in field.enum):
        reasons = ", ".join(
            f"`invalid value '{value}' for {name}: valid values are [{' '.join(map(str, values))}]`"
            for name, values in field.enum
        )
        faults.append(f"Invalid enum value. {reasons}")
    for name, *arguments in field.valid:
        for validator, *its_arguments in arguments if name == "All" else [[name, *arguments]]:
            if validator in _SDK:
                faults.append(_SDK[validator](value, key, *its_arguments))
    return [fault for fault in faults if fault]


def framework_faults(field: Field, value: Json, path: str) -> list[tuple[str, bool]]:
    """Return what the plugin framework's validators say, each with whether the message names the property's place."""
    faults = []
    if field.enum and value not in field.enum[0][1]:
        values = " ".join(map(str, field.enum[0][1]))
        faults.append((f'invalid value: invalid value for "{path}". valid values are [{values}]', False))
    if field.one_of and value not in field.one_of:
        values = " ".join(f'"{item}"' for item in field.one_of)
        text = f'value must be one of: [{values}], got: "{value}"'
        faults.append((f"Invalid Attribute Value Match. Attribute {path} {text}", True))
    for name, *arguments in field.valid:
        if name in _FRAMEWORK:
            summary, message = _FRAMEWORK[name](field, value, path, *arguments)
            faults.append((f"{summary}. {message}", name != "TimeFormatValidator") if message else ("", False))
    return [fault for fault in faults if fault[0]]


def _in_range(value: Json, key: str, low: float, high: float) -> str:
    return "" if low <= value <= high else f"expected {key} to be in the range ({low} - {high}), got {value}"


def _float_in_range(value: Json, key: str, low: float, high: float) -> str:
    if low <= value <= high:
        return ""
    return f"expected {key} to be in the range ({low:f} - {high:f}), got {value:f}"


def _at_least(value: Json, key: str, low: int) -> str:
    return "" if value >= low else f"expected {key} to be at least ({low}), got {value}"


def _length(value: Json, key: str, low: int, high: int) -> str:
    if low <= len(value.encode()) <= high:
        return ""
    return f"expected length of {key} to be in the range ({low} - {high}), got {value}"


def _one_of(value: Json, key: str, values: list[str], ignore_case: bool = False) -> str:
    if value in values or (ignore_case and value.lower() in map(str.lower, values)):
        return ""
    quoted = " ".join(json.dumps(item) for item in values)
    return f"expected {key} to be one of [{quoted}], got {value}"


def _match(value: Json, key: str, pattern: str, message: str = "") -> str:
    if re.search(pattern.replace("\\z", "\\Z"), str(value)):
        return ""
    return (
        f"invalid value for {key} ({message})"
        if message
        else f'expected value of {key} to match regular expression "{pattern}", got {value}'
    )


def _json_text(value: Json, key: str) -> str:
    try:
        json.loads(value or "{}")
    except ValueError as error:
        return f'"{key}" contains an invalid JSON: {error}'
    return ""


def _not_empty(value: Json, key: str) -> str:
    return "" if value else f'expected "{key}" to not be an empty string, got {value}'


def _aws_account(value: Json, _key: str) -> str:
    valid = re.fullmatch(r"\d{12}", value, re.ASCII)
    return "" if valid else "Invalid value. account id must be a string containing exactly 12 digits"


def _headers(value: Json, key: str) -> str:
    for name, text in value.items():
        if not (_TOKEN.fullmatch(name) or name in _PSEUDO_HEADERS or re.search(r"{{\s*[^{}]*?\s*}}", name)):
            return f"invalid value for {key} (header field must be a valid token or a http/2 request pseudo-header)"
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]", str(text)):
            return f"invalid value for {key} (header value must not contain invisible characters)"
    return ""


_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
_PSEUDO_HEADERS = (":method", ":scheme", ":authority", ":path")


def _non_empty_string(value: Json, _key: str) -> str:
    return "" if value else "Invalid value. Empty strings are not supported in this field."


_SDK: dict[str, Validator] = {
    "IntBetween": _in_range,
    "FloatBetween": _float_in_range,
    "IntAtLeast": _at_least,
    "StringLenBetween": _length,
    "StringInSlice": _one_of,
    "StringMatch": _match,
    "StringIsJSON": _json_text,
    "StringIsNotEmpty": _not_empty,
    "ValidateNonEmptyStrings": _non_empty_string,
    "ValidateAWSAccountID": _aws_account,
    "ValidateHttpRequestHeaders": _headers,
}
_VALUE = "Invalid Attribute Value"


def _between(_field: Field, value: Json, path: str, low: float, high: float) -> tuple[str, str]:
    valid = low <= value <= high
    return _VALUE, "" if valid else f"Attribute {path} value must be between {low} and {high}, got: {value}"


def _float_between(_field: Field, value: Json, path: str, low: float, high: float) -> tuple[str, str]:
    try:
        number = float(value)
    except ValueError:
        return _VALUE, f"Attribute {path} Value must be a float"
    if low <= number <= high:
        return _VALUE, ""
    return _VALUE, f"Attribute {path} Value must be between {low:.2f} and {high:.2f}., got: {number:f}"


def _minimum(_field: Field, value: Json, path: str, low: int) -> tuple[str, str]:
    return _VALUE, "" if value >= low else f"Attribute {path} value must be at least {low}, got: {value}"


def _text_length(_field: Field, value: Json, path: str, low: int) -> tuple[str, str]:
    length = len(value.encode())
    text = f"Attribute {path} string length must be at least {low}, got: {length}"
    return "Invalid Attribute Value Length", "" if length >= low else text


def _size_at_least(field: Field, value: Json, path: str, low: int) -> tuple[str, str]:
    text = f"Attribute {path} {field.type} must contain at least {low} elements, got: {len(value)}"
    return _VALUE, "" if len(value) >= low else text


def _size_at_most(field: Field, value: Json, path: str, high: int) -> tuple[str, str]:
    text = f"Attribute {path} {field.type} must contain at most {high} elements, got: {len(value)}"
    return _VALUE, "" if not isinstance(value, list) or len(value) <= high else text


def _size_between(field: Field, value: Json, path: str, low: int, high: int) -> tuple[str, str]:
    size = f"at least {low} elements and at most {high} elements, got: {len(value)}"
    return _VALUE, "" if low <= len(value) <= high else f"Attribute {path} {field.type} must contain {size}"


def _pattern(_field: Field, value: Json, path: str, pattern: str, message: str) -> tuple[str, str]:
    text = f"Attribute {path} {message}, got: {value}"
    return "Invalid Attribute Value Match", "" if re.search(pattern, value) else text


def _instant(_field: Field, value: Json, _path: str) -> tuple[str, str]:
    summary = "Invalid RFC3339 String Value"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        text = "A string value was provided that is not valid RFC3339 string format."
        extra = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", value)
        cause = f'extra text: "{value[extra.end() :]}"' if extra else f'cannot parse "{value}" as "2006"'
        return summary, f'{text}\n\nGiven Value: {value}\nError: parsing time "{value}": {cause}'
    return summary, ""


def _time(_field: Field, value: Json, path: str, form: str) -> tuple[str, str]:
    patterns = {"2006-01-02T15:04:05": "%Y-%m-%dT%H:%M:%S", "2006-01-02T15:04:05Z": "%Y-%m-%dT%H:%M:%SZ"}
    summary = f'property "{path}" must be of the format {form}'
    try:
        datetime.strptime(value, patterns[form]) if form in patterns else datetime.fromisoformat(value)
    except ValueError:
        return summary, f"was {value}"
    return summary, ""


def _entity(_field: Field, value: Json, _path: str) -> tuple[str, str]:
    try:
        entity = yaml.safe_load(value)
    except yaml.YAMLError:
        entity = ""
    if not isinstance(entity, dict | None):
        return "", "entity must be a valid entity YAML/JSON structure"
    version = str((entity or {}).get("apiVersion") or "")
    if not version:
        return "", "apiVersion must be non empty (v3 or above, or backstage.io/v1alpha1)"
    if version == "backstage.io/v1alpha1":
        return "", ""
    number = re.fullmatch(r"v(\d+)(?:\.\d+){0,2}", version)
    if not number:
        return "", "apiVersion must be a valid version (v3 or above, or backstage.io/v1alpha1)"
    return "", "" if int(number[1]) >= 3 else "apiVersion must be v3 or above, or backstage.io/v1alpha1"


_FRAMEWORK: dict[str, Callable[..., tuple[str, str]]] = {
    "Between": _between,
    "Float64Between": _float_between,
    "AtLeast": _minimum,
    "LengthAtLeast": _text_length,
    "SizeAtLeast": _size_at_least,
    "SizeAtMost": _size_at_most,
    "SizeBetween": _size_between,
    "RegexMatches": _pattern,
    "RFC3339": _instant,
    "TimeFormatValidator": _time,
    "ValidEntityYAMLValidator": _entity,
}
