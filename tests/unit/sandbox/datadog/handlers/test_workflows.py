"""Workflows."""

from typing import Any

from starlette.testclient import TestClient


def test_a_workflow_runs_only_with_an_api_trigger(api: TestClient) -> None:
    step = {"name": "Step", "actionId": "com.datadoghq.core.noop"}
    spec = {"steps": [step], "triggers": [{"startStepNames": ["Step"], "monitorTrigger": {}}]}
    body = {"data": {"type": "workflows", "attributes": {"name": "w", "spec": spec}}}
    workflow = api.post("/api/v2/workflows", json=body).json()["data"]["id"]
    assert api.post(f"/api/v2/workflows/{workflow}/instances", json={}).status_code == 400
    spec["triggers"] = [{"startStepNames": ["Step"], "apiTrigger": {}}]
    assert api.patch(f"/api/v2/workflows/{workflow}", json=body).status_code == 200
    started = api.post(f"/api/v2/workflows/{workflow}/instances", json={"meta": {"payload": {"model": "x"}}})
    instance = api.get(f"/api/v2/workflows/{workflow}/instances/{started.json()['data']['id']}").json()["data"]
    assert instance["attributes"]["inputs"] == {"model": "x"}
    body["data"]["attributes"] = {"name": "w", "spec": {"steps": [step]}}
    assert "no trigger found" in api.post("/api/v2/workflows", json=body).text


def test_a_draft_has_no_steps_yet(api: TestClient) -> None:
    """By the recording TestAccDatadogWorkflowAutomationResource."""
    spec: dict[str, Any] = {"steps": [], "triggers": [{"startStepNames": [], "workflowTrigger": {}}]}
    body = {"data": {"type": "workflows", "attributes": {"name": "draft", "published": False, "spec": spec}}}
    assert api.post("/api/v2/workflows", json=body).status_code == 201
