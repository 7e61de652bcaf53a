"""Results of multistep API tests against a real HTTP server."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from firedrill.sandbox.datadog.live.synthetics.execution import NotRun, run_test
from firedrill.sandbox.datadog.live.synthetics.steps import NotExtracted, extract_value
from firedrill.sandbox.datadog.live.synthetics.variables import config_variables, draw_patterns
from tests.integration.sandbox.live.target import Target, serving


@pytest.fixture
def target() -> Iterator[Target]:
    with serving() as server:
        yield server


def step(name: str, path: str, **more: Any) -> dict[str, Any]:
    request = {"method": "POST", "url": f"{{{{ BASE }}}}{path}", "body": '{"id": "{{ ID }}"}', "timeout": 5}
    ok = {"type": "statusCode", "operator": "is", "target": 200}
    return {"name": name, "subtype": "http", "request": request, "assertions": [ok], **more}


def value(name: str, parser: dict[str, str], **more: str) -> dict[str, Any]:
    return {"name": name, "type": "http_body", "parser": parser, **more}


def result(target: Target, *steps: dict[str, Any], **options: Any) -> dict[str, Any]:
    test = {"public_id": "abc-def-ghi", "type": "api", "subtype": "multi", "status": "live", "locations": ["gcp:one"],
            "config": {"steps": list(steps)}, "options": options}  # fmt: skip
    variables = {"BASE": target.url, "ID": "{{ uuid }}"}
    [item] = run_test(test, httpx.Client(trust_env=False), variables=variables, wait=waited.append)
    assert item["status"] == int(not item["result"]["passed"])
    outcome: dict[str, Any] = item["result"]
    return outcome


waited: list[float] = []


@pytest.fixture(autouse=True)
def _no_waits() -> None:
    waited.clear()


def test_a_step_asks_with_what_the_one_before_extracted(target: Target) -> None:
    first = step("first", "/one", extractedValues=[value("MODEL", {"type": "json_path", "value": "$.model"})])
    outcome = result(target, first, step("second", "/two/{{ MODEL }}"))
    assert outcome["passed"] and outcome["httpStatusCode"] == 200
    assert [path for _, path, _, _ in target.requests] == ["/one", "/two/new"]
    assert [item["name"] for item in outcome["steps"]] == ["first", "second"]
    assert outcome["steps"][0]["extractedValues"] == ["MODEL"]
    # Drawn once for the whole run.
    assert len({body["id"] for *_, body in target.requests}) == 1
    assert uuid.UUID(target.requests[0][3]["id"]).version == 4


def test_a_failing_step_ends_the_test_and_is_named(target: Target) -> None:
    target.statuses[:] = [200, 503]
    outcome = result(target, step("first", "/one"), step("second", "/two"), step("third", "/three"))
    assert not outcome["passed"]
    assert outcome["errorMessage"].startswith("step 2 (second): status code is")
    assert outcome["failure"]["code"] == "INCORRECT_ASSERTION"
    assert [item["passed"] for item in outcome["steps"]] == [True, False]
    assert len(target.requests) == 2


def test_a_step_may_fail_and_the_test_goes_on(target: Target) -> None:
    target.statuses[:] = [500]
    assert result(target, step("first", "/one", allowFailure=True), step("second", "/two"))["passed"]
    target.statuses[:] = [500]
    outcome = result(target, step("first", "/one", allowFailure=True, isCritical=True), step("second", "/two"))
    assert not outcome["passed"] and len(outcome["steps"]) == 2


def test_a_step_that_succeeds_may_end_the_test(target: Target) -> None:
    assert result(target, step("first", "/one", exitIfSucceed=True), step("second", "/two"))["passed"]
    assert len(target.requests) == 1


def test_steps_are_tried_again_and_tests_too(target: Target) -> None:
    target.statuses[:] = [500]
    assert result(target, step("first", "/one", retry={"count": 1, "interval": 250}))["passed"]
    target.statuses[:] = [200, 500]
    assert result(target, step("first", "/one"), step("second", "/two"), retry={"count": 1, "interval": 5000})["passed"]
    assert [path for _, path, _, _ in target.requests[2:]] == ["/one", "/two", "/one", "/two"]
    assert waited == [0.25, 5.0]
    # A run that is tried again draws anew: a conversation begins at its beginning.
    assert target.requests[2][3]["id"] != target.requests[4][3]["id"]


def test_a_step_of_waiting_waits(target: Target) -> None:
    assert result(target, {"name": "wait", "subtype": "wait", "value": 3}, step("then", "/one"))["passed"]
    assert waited == [3.0]


def test_what_cannot_be_extracted_fails_the_step(target: Target) -> None:
    missing = step("first", "/one", extractedValues=[value("GONE", {"type": "json_path", "value": "$.gone"})])
    outcome = result(target, missing, step("second", "/two"))
    assert outcome["errorMessage"] == "step 1 (first): GONE: JSONPath $.gone is not there"
    unknown = result(target, step("first", "/{{ NOBODY }}"))
    assert "NOBODY" in unknown["errorMessage"] and unknown["errorCode"] == "INVALID_REQUEST"


def test_steps_of_other_kinds_are_refused_by_name(target: Target) -> None:
    with pytest.raises(NotRun, match="playSubTest"):
        result(target, {"name": "sub", "subtype": "playSubTest", "subtestPublicId": "x"})
    assert target.requests == []


@pytest.mark.parametrize(
    ("declared_value", "expected"),
    [
        (value("A", {"type": "raw"}), '{"model": "new", "items": [{"id": 7}]}'),
        (value("A", {"type": "regex", "value": r'"id": (\d+)'}), "7"),
        (value("A", {"type": "regex", "value": r"ne\w"}), "new"),
        (value("A", {"type": "json_path", "value": "$.items[0].id"}), "7"),
        ({"name": "A", "type": "http_header", "field": "X-Id", "parser": {"type": "regex", "value": r"\d+"}}, "42"),
    ],
)
def test_values_are_extracted(declared_value: dict[str, Any], expected: str) -> None:
    answer = httpx.Response(200, text='{"model": "new", "items": [{"id": 7}]}', headers={"X-Id": "id-42"})
    assert extract_value(declared_value, answer) == expected


@pytest.mark.parametrize(
    ("declared_value", "reason"),
    [
        (value("A", {"type": "regex", "value": "absent"}), "nothing matches"),
        (value("A", {"type": "json_path", "value": "$..id"}), "names and indexes"),
        (value("A", {"type": "x_path", "value": "//a"}), "does not support the parser"),
        ({"name": "A", "type": "http_header", "field": "X-No"}, "no header X-No"),
        ({"name": "A", "type": "local_variable"}, "does not support values"),
    ],
)
def test_what_is_not_there_is_named(declared_value: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotExtracted, match=re.escape(reason)):
        extract_value(declared_value, httpx.Response(200, text='{"model": "new"}'))


def test_a_test_has_its_own_variables_and_those_of_the_organisations_that_it_names() -> None:
    global_variables = [
        {"id": "0", "name": "A", "value": {"value": "shared"}},
        {"id": "1", "name": "B", "value": {"value": "shared", "secure": True}},
    ]
    own = [
        {"name": "A", "type": "text", "pattern": "own-{{ numeric(4) }}"},
        {"name": "B", "type": "global", "id": "1"},
        {"name": "C", "type": "global", "id": "deleted"},
    ]
    outcome = draw_patterns(config_variables({"config": {"configVariables": own}}, global_variables))
    assert set(outcome) == {"A", "B"} and outcome["B"] == "shared" and re.fullmatch(r"own-\d{4}", outcome["A"])
    assert re.fullmatch("[a-z]{3}[a-z0-9]{5}", draw_patterns({"C": "{{ alphabetic(3) }}{{alphanumeric(5)}}"})["C"])
