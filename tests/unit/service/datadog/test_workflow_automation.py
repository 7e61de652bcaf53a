"""Workflow Automation: found by id, handle or name, started with its input; the model switch waits for the end."""

from itertools import chain, repeat
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.datadog import workflow_automation
from tests.unit.service.fakes import FakeDatadog

WORKFLOWS = "/api/v2/workflows"


def workflow(identifier: str, handle: str, name: str, *inputs: str) -> dict[str, Any]:
    """Return a workflow as Datadog lists it."""
    schema = {"parameters": [{"name": each} for each in inputs]}
    return {"id": identifier, "attributes": {"name": name, "spec": {"handle": handle, "inputSchema": schema}}}


@pytest.fixture(autouse=True)
def declared(datadog: FakeDatadog) -> None:
    """Declare two workflows, whose instances succeed."""
    listed = [workflow("w-1", "page-on-call", "Page"), workflow("w-2", "switch-model", "Switch", "model", "reason")]
    datadog.prepare("GET", WORKFLOWS, {"data": listed})
    for each in ("w-1", "w-2"):
        datadog.prepare("POST", f"{WORKFLOWS}/{each}/instances", {"data": {"id": "run-1"}})
        instance = {"data": {"attributes": {"instanceStatus": {"detailsKind": "SUCCEEDED"}}}}
        datadog.prepare("GET", f"{WORKFLOWS}/{each}/instances/run-1", instance)


@pytest.mark.parametrize("key", ["w-1", "page-on-call", "Page"])
def test_a_workflow_is_started_by_id_handle_or_name(operator: FlaskClient, datadog: FakeDatadog, key: str) -> None:
    response = operator.post(f"/datadog/workflows/trigger/{key}", json={"context": {"title": "Help"}})
    assert response.status_code == 201
    assert response.get_json() == {"workflow_id": "w-1", "name": "Page", "handle": "page-on-call",
                                   "instance_id": "run-1", "status": "started"}  # fmt: skip
    assert datadog.sent("POST", f"{WORKFLOWS}/w-1/instances") == [{"meta": {"payload": {"title": "Help"}}}]


def test_a_context_in_the_query_string_is_json(operator: FlaskClient, datadog: FakeDatadog) -> None:
    operator.post('/datadog/workflows/trigger/w-1?context={"title": "Help"}')
    assert datadog.sent("POST", f"{WORKFLOWS}/w-1/instances") == [{"meta": {"payload": {"title": "Help"}}}]


def test_an_unknown_workflow_is_answered_with_all_handles(operator: FlaskClient, datadog: FakeDatadog) -> None:
    response = operator.post("/datadog/workflows/trigger/nothing")
    assert response.status_code == 404
    assert response.get_json()["detail"].endswith("handles: page-on-call, switch-model")
    assert datadog.paths("POST") == []


def test_a_model_switch_sends_the_declared_inputs_and_waits_for_the_end(
    operator: FlaskClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_automation, "POLL_SECONDS", 0.0)
    states = chain(["RUNNING", "RUNNING"], repeat("SUCCEEDED"))
    datadog.prepare(
        "GET", f"{WORKFLOWS}/w-2/instances/run-1",
        lambda _: {"data": {"attributes": {"instanceStatus": {"detailsKind": next(states)}}}},
    )  # fmt: skip
    response = operator.post("/datadog/workflows/model-switch", json={"model": "gemini-2.5-flash", "reason": "cost"})
    assert response.status_code == 201
    switched = response.get_json()
    assert (switched["model"], switched["model_asked"]) == ("gemini-3.5-flash-lite", "gemini-2.5-flash")
    assert switched["status"] == "succeeded"
    [sent] = datadog.sent("POST", f"{WORKFLOWS}/w-2/instances")
    assert sent == {"meta": {"payload": {"model": "gemini-3.5-flash-lite", "reason": "cost"}}}
    assert len(datadog.sent("GET", f"{WORKFLOWS}/w-2/instances/run-1")) == 3


def test_an_input_that_the_workflow_does_not_declare_is_not_sent(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", WORKFLOWS, {"data": [workflow("w-2", "switch-model", "Switch", "model")]})
    response = operator.post("/datadog/workflows/model-switch")
    assert response.get_json()["model"] == "gemini-3.5-flash-lite"
    assert datadog.sent("POST", f"{WORKFLOWS}/w-2/instances") == [
        {"meta": {"payload": {"model": "gemini-3.5-flash-lite"}}}
    ]


def test_a_switch_that_takes_too_long_is_answered_with_its_status(
    operator: FlaskClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_automation, "WAIT_SECONDS", -1.0)
    datadog.prepare("GET", f"{WORKFLOWS}/w-2/instances/run-1", {"data": {"attributes": {"status": "running"}}})
    assert operator.post("/datadog/workflows/model-switch").get_json()["status"] == "running"


def test_an_unknown_model_is_refused_before_datadog_is_called(operator: FlaskClient, datadog: FakeDatadog) -> None:
    response = operator.post("/datadog/workflows/model-switch", json={"model": "gpt-1"})
    assert (response.status_code, datadog.requests) == (400, [])
    assert "gemini-3.8-flash" in response.get_json()["detail"]
