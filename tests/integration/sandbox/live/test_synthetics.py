"""Results of API tests with one request against a real HTTP server, and what the runner stores."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from firedrill.sandbox import chromium
from firedrill.sandbox.datadog.account import SYNTHETICS_RUNS, SYNTHETICS_TESTS, Directory
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.journal import ERRORS, Journal
from firedrill.sandbox.datadog.live.synthetics.assertions import at_path
from firedrill.sandbox.datadog.live.synthetics.execution import NO_DATA, NotRun, is_due, run_test
from firedrill.sandbox.datadog.live.synthetics.runner import SyntheticRunner
from firedrill.sandbox.datadog.store import Store
from tests.integration.sandbox.live.target import Target, serving


@pytest.fixture
def target() -> Iterator[Target]:
    with serving() as server:
        yield server


def declared(url: str, *assertions: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "public_id": "abc-def-ghi",
        "type": "api",
        "subtype": "http",
        "status": "live",
        "locations": ["gcp:one", "aws:two"],
        "tags": ["env:t"],
        "config": {
            "request": {"method": "GET", "url": f"{url}/health", "headers": {"X-From": "datadog"}, "timeout": 5},
            "assertions": list(assertions) or [assertion("statusCode", "is", 200)],
        },
        "options": {"tick_every": 60, **options},
    }


def assertion(kind: str, operator: str, target: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "operator": operator, "target": target, **more}


def json_path(path: str, operator: str, value: Any) -> dict[str, Any]:
    return assertion("body", "validatesJSONPath", {"jsonPath": path, "operator": operator, "targetValue": value})


def run_once(test: dict[str, Any]) -> list[dict[str, Any]]:
    return run_test(test, httpx.Client(trust_env=False), wait=lambda seconds: None, now=lambda: 1000.0)


def test_every_location_reports_what_it_saw(target: Target) -> None:
    results = run_once(declared(target.url))
    assert [(result["status"], result["probe_dc"], result["check_time"]) for result in results] == [
        (0, "gcp:one", 1_000_000),
        (0, "aws:two", 1_000_000),
    ]
    assert results[0]["result"]["passed"] and results[0]["result"]["timings"]["total"] > 0
    assert target.requests[0][2]["X-From"] == "datadog"


@pytest.mark.parametrize(
    ("assertion", "passes"),
    [
        (assertion("statusCode", "isNot", "200"), False),
        (assertion("responseTime", "lessThan", 4000), True),
        (assertion("responseTime", "lessThan", "0.001"), False),
        (assertion("header", "contains", "json", property="content-type"), True),
        (assertion("header", "is", "x", property="x-absent"), False),
        (assertion("body", "contains", '"model": "new"'), True),
        (assertion("body", "doesNotContain", "new"), False),
        (assertion("body", "matches", r'"id": \d'), True),
        (json_path("$.items[0].id", "is", "7"), True),
        (json_path("$.items[0].id", "moreThan", 7), False),
        (json_path("$.gone", "is", 1), False),
        (json_path("$..id", "is", 7), False),
        (assertion("certificate", "isInMoreThan", 10), False),
    ],
)  # fmt: skip
def test_an_assertion_holds_or_says_why_not(target: Target, assertion: dict[str, Any], passes: bool) -> None:
    result = run_once(declared(target.url, assertion))[0]["result"]
    assert result["passed"] == passes
    assert passes == (result["errorMessage"] is None)


def test_retries_hide_a_single_failure(target: Target) -> None:
    target.statuses[:] = [500]
    assert run_once(declared(target.url, retry={"count": 1, "interval": 300}))[0]["status"] == 0
    target.statuses[:] = [500, 502]
    failed = run_once(declared(target.url, retry={"count": 1, "interval": 300}))[0]
    assert (failed["status"], failed["result"]["failure"]["code"]) == (1, "INCORRECT_ASSERTION")
    assert "502" in failed["result"]["errorMessage"]


def test_a_target_that_does_not_answer_fails_the_test() -> None:
    [item, _] = run_once(declared("http://127.0.0.1:1"))
    assert (item["status"], item["result"]["errorCode"]) == (1, "CONNREFUSED")


def test_variables_are_filled_in(target: Target) -> None:
    test = declared(target.url)
    test["config"]["request"]["url"] = "{{ BASE }}/x"
    assert run_test(test, httpx.Client(trust_env=False), variables={"BASE": target.url})[0]["status"] == 0
    assert run_once(test)[0]["result"]["errorCode"] == "INVALID_REQUEST"


def test_only_live_tests_are_due_every_so_often() -> None:
    test = declared("http://x")
    assert is_due(test, None, 0) and is_due(test, 0, 60) and not is_due(test, 0, 59)
    assert not is_due({**test, "status": "paused"}, None, 0)


def test_without_chromium_a_browser_test_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "PATH", None)
    with pytest.raises(NotRun, match="no Chromium"):
        run_once({**declared("http://x"), "type": "browser"})


def test_a_browser_test_with_another_kind_of_step_is_not_run() -> None:
    with pytest.raises(NotRun, match="a step is uploadFiles"):
        run_once({**declared("http://x"), "type": "browser", "steps": [{"type": "uploadFiles", "name": "Upload"}]})


def test_a_path_finds_names_and_indexes() -> None:
    assert at_path({"a": [{"b c": 1}]}, "$.a[0]['b c']") == 1
    with pytest.raises(ValueError, match="names and indexes"):
        at_path({}, "$.a[*]")


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(Store(tmp_path / "datadog.sqlite"))


@pytest.fixture
def receiver(tmp_path: Path, directory: Directory) -> Receiver:
    return Receiver(tmp_path / "datadog.sqlite", "org", directory.objects)


@pytest.fixture
def runner(directory: Directory, receiver: Receiver) -> Iterator[SyntheticRunner]:
    test_runner = SyntheticRunner(directory, receiver, Journal(directory, "org"), httpx.Client(trust_env=False))
    yield test_runner
    test_runner.close()


def test_the_runner_keeps_results_for_the_api_the_monitor_and_the_metrics(
    target: Target,
    directory: Directory,
    receiver: Receiver,
    runner: SyntheticRunner,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    directory.put("org", SYNTHETICS_TESTS, "abc-def-ghi", declared(target.url))
    directory.put("org", SYNTHETICS_TESTS, "bad", {**declared(target.url), "public_id": "bad", "subtype": "ssl"})
    runner.start_due(1000.0)
    runner.start_due(1001.0)
    requested_run = {"result_id": "7", "public_id": "abc-def-ghi", "status": "queued", "trigger": "api", "created": 1.0,
             "location": "aws:two"}  # fmt: skip
    directory.put("org", SYNTHETICS_RUNS, "7", requested_run)
    wait_until(lambda: len(directory.objects("org", SYNTHETICS_RUNS)) == 4)
    wait_until(lambda: (directory.get("org", SYNTHETICS_RUNS, "7") or {})["status"] == "done")
    runner.close()
    store = receiver.store("org")
    assert [event.attributes["passed"] for event in store.events("synthetics", 0, np.inf)] == [True] * 3
    assert sum(item.values.sum() for item in store.series("synthetics.test_runs", 0, np.inf)) == 3
    assert Journal(directory, "org").entries(ERRORS) == []


def test_a_test_that_is_not_run_says_so_and_neither_passes_nor_fails(
    runner: SyntheticRunner, directory: Directory, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "PATH", None)
    browser = {**declared("http://x"), "type": "browser", "subtype": None}
    assert runner.run(browser, "scheduled", None) == []
    requested_run = {"result_id": "7", "public_id": "abc-def-ghi", "status": "queued", "trigger": "ci"}
    assert runner.run(browser, "ci", requested_run) == []
    kept = directory.objects("org", SYNTHETICS_RUNS)
    assert [item["status"] for item in kept] == ["done", "done"]
    assert [item["result"]["status"] for item in kept] == [NO_DATA, NO_DATA]
    assert all("no Chromium" in item["result"]["result"]["errorMessage"] for item in kept)
    assert all("passed" not in item["result"]["result"] for item in kept)
    assert list(receiver.store("org").events("synthetics", 0, np.inf)) == []


def test_chats_wait_while_a_drill_records(
    target: Target, runner: SyntheticRunner, directory: Directory, receiver: Receiver
) -> None:
    step = {"name": "ask", "subtype": "http", "request": {"method": "POST", "url": f"{target.url}/v1/chat"}}
    test = {**declared(target.url), "subtype": "multi", "config": {"steps": [step]}}
    directory.put("org", SYNTHETICS_TESTS, "abc-def-ghi", test)
    receiver.record("drill", 60)
    runner.start_due(1000.0)
    receiver.record("drill", 0)
    assert target.requests == []
    runner.start_due(1001.0)
    runner.close()
    assert [path for _, path, _, _ in target.requests] == ["/v1/chat"] * 2


def test_a_run_for_a_deployment_goes_to_the_address_that_it_names(target: Target, runner: SyntheticRunner) -> None:
    step = {"name": "ask", "subtype": "http", "request": {"method": "GET", "url": "{{ SERVICE_URL }}/v1/chat"}}
    variable = {"name": "SERVICE_URL", "type": "text", "pattern": "http://127.0.0.1:1"}
    config = {"steps": [step], "configVariables": [variable]}
    requested_run = {"result_id": "7", "public_id": "abc-def-ghi", "variables": {"SERVICE_URL": target.url}}
    test = {**declared(target.url), "subtype": "multi", "config": config}
    assert [item["status"] for item in runner.run(test, "ci", {**requested_run, "start_url": "http://ignored"})] == [0]
    assert [item["status"] for item in runner.run(test, "scheduled", None)] == [1, 1]
