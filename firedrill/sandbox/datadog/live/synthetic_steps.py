"""The steps of a multistep API test: each asks with what those before it extracted, and asserts for itself.

https://docs.datadoghq.com/synthetics/multistep
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from firedrill.sandbox.datadog.live.assertions import MISSING, Json, at_path
from firedrill.sandbox.datadog.live.synthetic_request import ask, outcome
from firedrill.sandbox.datadog.live.workflow_values import as_text

STEPS = ("http", "wait")
"""Subtypes of steps that are run."""
RETRY_PAUSE = 300
"""Milliseconds between retries of a step where it does not say."""


class NotExtracted(Exception):
    """A value that is not in the answer; the text says which and where."""


def walk(
    steps: Sequence[Json], http: httpx.Client, variables: Mapping[str, str], wait: Callable[[float], None]
) -> Json:
    """The result of a test, with one of each step that was reached. A step that fails ends it, unless it may fail."""
    known, told, started = dict(variables), [], time.perf_counter()
    failed: list[Json] = []
    for number, step in enumerate(steps, 1):
        if step["subtype"] == "wait":
            wait(float(step.get("value") or 0))
            told.append({"name": step["name"], "passed": True})
            continue
        result, found = _tried(step, http, known, wait)
        known |= found
        # Names alone: a value may be secret, and results are for everybody to read.
        told.append({"name": step["name"], **result, "extractedValues": sorted(found)})
        if result["passed"] and step.get("exitIfSucceed"):
            break
        if result["passed"]:
            continue
        if not step.get("allowFailure") or step.get("isCritical"):
            failed.append({**result, "errorMessage": f"step {number} ({step['name']}): {result['errorMessage']}"})
        if not step.get("allowFailure"):
            break
    last = failed[0] if failed else next((one for one in reversed(told) if "httpStatusCode" in one), {})
    message = failed[0]["errorMessage"] if failed else None
    return {**outcome(started, message, str(last.get("errorCode") or ""), last.get("httpStatusCode")), "steps": told}


def _tried(
    step: Json, http: httpx.Client, known: Mapping[str, str], wait: Callable[[float], None]
) -> tuple[Json, dict[str, str]]:
    """A step's result after its own retries, and what it extracted."""
    retry = step.get("retry") or {}
    result, found = _once(step, http, known)
    for _ in range(int(retry.get("count") or 0)):
        if result["passed"]:
            break
        wait(float(retry.get("interval") or RETRY_PAUSE) / 1000)
        result, found = _once(step, http, known)
    return result, found


def _once(step: Json, http: httpx.Client, known: Mapping[str, str]) -> tuple[Json, dict[str, str]]:
    started = time.perf_counter()
    result, answer = ask(step.get("request") or {}, step.get("assertions") or (), http, known)
    if answer is None or not result["passed"]:
        return result, {}
    try:
        return result, {one["name"]: extracted(one, answer) for one in step.get("extractedValues") or ()}
    except NotExtracted as error:
        return outcome(started, str(error), "INCORRECT_ASSERTION", answer.status_code), {}


def extracted(declared: Mapping[str, Any], answer: httpx.Response) -> str:
    """The value of a variable in an answer's body or header. Raises :class:`NotExtracted`."""
    name, field = declared["name"], declared.get("field")
    if declared["type"] == "http_body":
        text: str | None = answer.text
    elif declared["type"] == "http_header":
        text = answer.headers.get(str(field))
    else:
        raise NotExtracted(f"{name}: the sandbox does not extract from {declared['type']}")
    if text is None:
        raise NotExtracted(f"{name}: the answer has no header {field}")
    return _parsed(name, declared.get("parser") or {"type": "raw"}, text)


def _parsed(name: str, parser: Mapping[str, Any], text: str) -> str:
    rule = str(parser.get("value") or "")
    match parser["type"]:
        case "raw":
            return text
        case "regex":
            found = re.search(rule, text)
            if found is None:
                raise NotExtracted(f"{name}: nothing matches {rule}")
            return found[1] if found.re.groups else found[0]
        case "json_path":
            try:
                value = at_path(json.loads(text), rule)
            except ValueError as error:
                raise NotExtracted(f"{name}: JSONPath {rule}: {error}") from error
            if value is MISSING:
                raise NotExtracted(f"{name}: JSONPath {rule} is not there")
            return as_text(value)
        case other:
            raise NotExtracted(f"{name}: the sandbox does not know the parser {other}")
