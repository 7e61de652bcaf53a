"""Every declared workflow, run to its end."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from firedrill.settings import API_KEY, APP_KEY
from tests.e2e.conftest import Sandbox

pytestmark = pytest.mark.e2e


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Provide the service's control API; model and cache are restored when the test ends."""
    token = sandbox.pulumi("config", "get", "llm-api:operatorToken", "-s", "local").stdout.strip()
    url = f"http://localhost:{sandbox.settings.port}"
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        before = client.get("/v1/control").json()
        yield client
        client.post(
            "/v1/control/model", json={"model": before["model"], "reason": "the test is over"}
        ).raise_for_status()
        client.post("/v1/control/cache", json={"enabled": before["cache"]}).raise_for_status()


def run(sandbox: Sandbox, workflow: dict[str, Any]) -> dict[str, Any]:
    """Start a workflow through the API, and return its instance when it has ended."""
    at = f"/api/v2/workflows/{workflow['id']}/instances"
    identifier = sandbox.datadog("POST", at, json={"meta": {"payload": {}}})["data"]["id"]
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        result: dict[str, Any] = sandbox.datadog("GET", f"{at}/{identifier}")["data"]["attributes"]
        if result["status"] not in {"queued", "running"}:
            return result
        time.sleep(0.5)
    raise AssertionError(f"{workflow['attributes']['name']} does not end")


def delete(sandbox: Sandbox, path: str) -> None:
    """Delete an object of the account."""
    headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
    httpx.delete(f"http://127.0.0.1:{sandbox.settings.datadog_port}{path}", headers=headers).raise_for_status()


def test_every_workflow_does_what_it_says(sandbox: Sandbox, control: httpx.Client) -> None:
    listed = sandbox.datadog("GET", "/api/v2/workflows")["data"]
    ran = {item["attributes"]["spec"]["handle"]: run(sandbox, item) for item in listed}
    assert set(ran) == {
        "switch-model", "enable-cache", "roll-back", "open-incident", "page-on-call", "anomaly-notebook",
    }  # fmt: skip
    assert {handle: item["status"] for handle, item in ran.items()} == dict.fromkeys(ran, "succeeded")
    now = control.get("/v1/control").json()
    assert now["cache"] and now["model"] == now["fallback"]
    # There is only one revision, so the roll-back fails and pages.
    assert [step["name"] for step in ran["roll-back"]["steps"]][-1] == "Page_on_call"

    opened = ran["open-incident"]["steps"][0]["output"]
    result = [
        item["attributes"]
        for item in sandbox.datadog("GET", "/api/v2/incidents?page[size]=100")["data"]
        if item["attributes"]["public_id"] == opened["incident_id"]
    ]
    [incident] = result
    summary = incident["fields"]["summary"]["value"]
    for part in ("Runbook: https://", "Dashboard: https://app.datadoghq.com/dashboard/", "Logs: https://", "Traces: "):
        assert part in summary
    kinds = {item["id"] for item in sandbox.datadog("GET", "/api/v2/incidents/config/types")["data"]}
    assert incident["incident_type_uuid"] in kinds

    notebook = ran["anomaly-notebook"]["steps"][0]["output"]["id"]
    sandbox.datadog("GET", f"/api/v1/notebooks/{notebook}")
    delete(sandbox, f"/api/v1/notebooks/{notebook}")
