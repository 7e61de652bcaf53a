"""Steps of multistep API tests: each is a request with its own assertions, and can use values of earlier responses.

https://docs.datadoghq.com/synthetics/multistep
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from firedrill.sandbox.datadog.live.synthetics.assertions import MISSING, Json, at_path
from firedrill.sandbox.datadog.live.synthetics.request import result_of, send_request
from firedrill.sandbox.datadog.live.template_variables import as_text

SUPPORTED_STEPS = ("http", "wait")
"""Subtypes of steps that the sandbox runs."""
RETRY_PAUSE = 300
"""Default of the milliseconds between retries of a step."""


class NotExtracted(Exception):
    """A value that is not in the response; the text tells which one."""


def run_steps(
    steps: Sequence[Json], http: httpx.Client, variables: Mapping[str, str], wait: Callable[[float], None]
) -> Json:
    """Return the result of a test, with those of its steps. A failed step ends the test, unless it may fail."""
    values, step_results, started = dict(variables), [], time.perf_counter()
    failures: list[Json] = []
    for number, step in enumerate(steps, 1):
        if step["subtype"] == "wait":
            wait(float(step.get("value") or 0))
            step_results.append({"name": step["name"], "passed": True})
            continue
        result, extracted = _run_with_retries(step, http, values, wait)
        values |= extracted
        # Only names: a value may be secret, and everybody can read results.
        step_results.append({"name": step["name"], **result, "extractedValues": sorted(extracted)})
        if result["passed"] and step.get("exitIfSucceed"):
            break
        if result["passed"]:
            continue
        if not step.get("allowFailure") or step.get("isCritical"):
            failures.append({**result, "errorMessage": f"step {number} ({step['name']}): {result['errorMessage']}"})
        if not step.get("allowFailure"):
            break
    last = (
        failures[0]
        if failures
        else next((result for result in reversed(step_results) if "httpStatusCode" in result), {})
    )
    message = failures[0]["errorMessage"] if failures else None
    return {
        **result_of(started, message, str(last.get("errorCode") or ""), last.get("httpStatusCode")),
        "steps": step_results,
    }


def _run_with_retries(
    step: Json, http: httpx.Client, values: Mapping[str, str], wait: Callable[[float], None]
) -> tuple[Json, dict[str, str]]:
    """Return a step's result after its retries, and the extracted values."""
    retry = step.get("retry") or {}
    result, extracted = _run_once(step, http, values)
    for _ in range(int(retry.get("count") or 0)):
        if result["passed"]:
            break
        wait(float(retry.get("interval") or RETRY_PAUSE) / 1000)
        result, extracted = _run_once(step, http, values)
    return result, extracted


def _run_once(step: Json, http: httpx.Client, values: Mapping[str, str]) -> tuple[Json, dict[str, str]]:
    started = time.perf_counter()
    result, response = send_request(step.get("request") or {}, step.get("assertions") or (), http, values)
    if response is None or not result["passed"]:
        return result, {}
    try:
        return result, {
            extracted_value["name"]: extract_value(extracted_value, response)
            for extracted_value in step.get("extractedValues") or ()
        }
    except NotExtracted as error:
        return result_of(started, str(error), "INCORRECT_ASSERTION", response.status_code), {}


def extract_value(declared: Mapping[str, Any], response: httpx.Response) -> str:
    """Return the value of a variable from a response's body or header. Raises :class:`NotExtracted`."""
    name, field = declared["name"], declared.get("field")
    if declared["type"] == "http_body":
        text: str | None = response.text
    elif declared["type"] == "http_header":
        text = response.headers.get(str(field))
    else:
        raise NotExtracted(f"{name}: the sandbox does not support values from {declared['type']}")
    if text is None:
        raise NotExtracted(f"{name}: the response has no header {field}")
    return _parse(name, declared.get("parser") or {"type": "raw"}, text)


def _parse(name: str, parser: Mapping[str, Any], text: str) -> str:
    rule = str(parser.get("value") or "")
    match parser["type"]:
        case "raw":
            return text
        case "regex":
            matched = re.search(rule, text)
            if matched is None:
                raise NotExtracted(f"{name}: nothing matches {rule}")
            return matched[1] if matched.re.groups else matched[0]
        case "json_path":
            try:
                value = at_path(json.loads(text), rule)
            except ValueError as error:
                raise NotExtracted(f"{name}: JSONPath {rule}: {error}") from error
            if value is MISSING:
                raise NotExtracted(f"{name}: JSONPath {rule} is not there")
            return as_text(value)
        case other:
            raise NotExtracted(f"{name}: the sandbox does not support the parser {other}")
