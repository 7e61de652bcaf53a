"""Assertions of HTTP API tests: status code, response time, headers, body and JSONPath.

https://docs.datadoghq.com/synthetics/api_tests/http_tests/#define-assertions
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

Json = dict[str, Any]
JSON_PATH = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]")
MISSING = object()
NUMBER_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "lessThan": lambda actual, target: actual < target,
    "lessThanOrEqual": lambda actual, target: actual <= target,
    "moreThan": lambda actual, target: actual > target,
    "moreThanOrEqual": lambda actual, target: actual >= target,
}


def failures(assertions: list[Json], response: httpx.Response, milliseconds: float) -> list[str]:
    """Return a text for each assertion that a response with this response time violates."""
    return [text for assertion in assertions if (text := _failure(assertion, response, milliseconds)) is not None]


def _failure(assertion: Mapping[str, Any], response: httpx.Response, milliseconds: float) -> str | None:
    kind, operator, target = assertion["type"], assertion["operator"], assertion.get("target")
    match kind:
        case "statusCode":
            return _check("status code", response.status_code, operator, target)
        case "responseTime":
            return _check("response time (ms)", round(milliseconds, 1), operator, target)
        case "header":
            name = assertion.get("property") or ""
            return _check(f"header {name}", response.headers.get(name, MISSING), operator, target)
        case "body" if operator == "validatesJSONPath":
            return _json_path(response, target if isinstance(target, dict) else {})
        case "body":
            return _check("body", response.text, operator, target)
        case _:
            return f"the sandbox does not support assertions on {kind}"


def _json_path(response: httpx.Response, target: Mapping[str, Any]) -> str | None:
    path = str(target.get("jsonPath") or "")
    try:
        value = at_path(json.loads(response.text), path)
    except ValueError as error:
        return f"JSONPath {path}: {error}"
    return _check(f"JSONPath {path}", value, str(target.get("operator")), target.get("targetValue"))


def at_path(document: Any, path: str) -> Any:
    """Return the value at ``$.a.b[0]['c d']``, or MISSING. Raises ValueError for wildcards, slices and filters."""
    rest = path.removeprefix("$")
    if JSON_PATH.sub("", rest):
        raise ValueError("the sandbox supports only names and indexes")
    for match in JSON_PATH.finditer(rest):
        name, index, quoted = match.groups()
        try:
            document = document[int(index)] if index is not None else document[name or quoted]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return document


def _check(subject: str, actual: Any, operator: str, target: Any) -> str | None:
    description = "is not there" if actual is MISSING else f"is {str(actual)[:200]!r}"
    if operator in ("isUndefined", "doesNotExist"):
        return None if actual is MISSING else f"{subject} {description}, should not be there"
    if operator == "exists":
        return None if actual is not MISSING else f"{subject} {description}"
    try:
        passed = actual is not MISSING and _holds(actual, operator, target)
    except (ValueError, TypeError, re.error) as error:
        return f"{subject}: {operator} {target!r} cannot be tested: {error}"
    return None if passed else f"{subject} {description}, should satisfy: {operator} {target!r}"


def _holds(actual: Any, operator: str, target: Any) -> bool:
    if operator in NUMBER_OPERATORS:
        return NUMBER_OPERATORS[operator](float(actual), float(target))
    text, expected = _text(actual), _text(target)
    match operator:
        case "is":
            return text == expected
        case "isNot":
            return text != expected
        case "contains":
            return expected in text
        case "doesNotContain":
            return expected not in text
        case "matches":
            return re.search(expected, text) is not None
        case "doesNotMatch":
            return re.search(expected, text) is None
        case _:
            raise ValueError("unknown operator")


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)
