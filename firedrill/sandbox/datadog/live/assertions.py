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
NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "lessThan": lambda actual, target: actual < target,
    "lessThanOrEqual": lambda actual, target: actual <= target,
    "moreThan": lambda actual, target: actual > target,
    "moreThanOrEqual": lambda actual, target: actual >= target,
}


def failures(assertions: list[Json], answer: httpx.Response, milliseconds: float) -> list[str]:
    """What an answer that took so long violates, one text for each assertion; empty when it passes."""
    return [text for assertion in assertions if (text := _failure(assertion, answer, milliseconds)) is not None]


def _failure(assertion: Mapping[str, Any], answer: httpx.Response, milliseconds: float) -> str | None:
    kind, operator, target = assertion["type"], assertion["operator"], assertion.get("target")
    match kind:
        case "statusCode":
            return _compare("status code", answer.status_code, operator, target)
        case "responseTime":
            return _compare("response time (ms)", round(milliseconds, 1), operator, target)
        case "header":
            name = assertion.get("property") or ""
            return _compare(f"header {name}", answer.headers.get(name, MISSING), operator, target)
        case "body" if operator == "validatesJSONPath":
            return _json_path(answer, target if isinstance(target, dict) else {})
        case "body":
            return _compare("body", answer.text, operator, target)
        case _:
            return f"the sandbox does not know assertions on {kind}"


def _json_path(answer: httpx.Response, target: Mapping[str, Any]) -> str | None:
    path = str(target.get("jsonPath") or "")
    try:
        value = at_path(json.loads(answer.text), path)
    except ValueError as error:
        return f"JSONPath {path}: {error}"
    return _compare(f"JSONPath {path}", value, str(target.get("operator")), target.get("targetValue"))


def at_path(document: Any, path: str) -> Any:
    """The value at ``$.a.b[0]['c d']``, or MISSING. Raises ValueError for wildcards, slices and filters."""
    rest = path.removeprefix("$")
    if JSON_PATH.sub("", rest):
        raise ValueError("the sandbox knows names and indexes only")
    for found in JSON_PATH.finditer(rest):
        name, index, quoted = found.groups()
        try:
            document = document[int(index)] if index is not None else document[name or quoted]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return document


def _compare(what: str, actual: Any, operator: str, target: Any) -> str | None:
    shown = "is not there" if actual is MISSING else f"is {str(actual)[:200]!r}"
    if operator in ("isUndefined", "doesNotExist"):
        return None if actual is MISSING else f"{what} {shown}, should not be there"
    if operator == "exists":
        return None if actual is not MISSING else f"{what} {shown}"
    try:
        passed = actual is not MISSING and _holds(actual, operator, target)
    except (ValueError, TypeError, re.error) as error:
        return f"{what}: {operator} {target!r} cannot be tested: {error}"
    return None if passed else f"{what} {shown}, should satisfy: {operator} {target!r}"


def _holds(actual: Any, operator: str, target: Any) -> bool:
    if operator in NUMBERS:
        return NUMBERS[operator](float(actual), float(target))
    text, wanted = _text(actual), _text(target)
    match operator:
        case "is":
            return text == wanted
        case "isNot":
            return text != wanted
        case "contains":
            return wanted in text
        case "doesNotContain":
            return wanted not in text
        case "matches":
            return re.search(wanted, text) is not None
        case "doesNotMatch":
            return re.search(wanted, text) is None
        case _:
            raise ValueError("unknown operator")


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)
