"""Synthetic tests."""

from typing import Any

from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import SYNTHETICS_RUNS, Directory
from tests.unit.sandbox.datadog.conftest import KEYS

ORG = KEYS["DD-API-KEY"]
OK = {"type": "statusCode", "operator": "is", "target": 200}


def test_a_synthetic_test_has_a_monitor_and_is_run_when_triggered(api: TestClient, directory: Directory) -> None:
    body = {
        "name": "health",
        "type": "api",
        "subtype": "http",
        "message": "",
        "config": {"request": {"method": "GET", "url": "http://localhost/health"}, "assertions": [OK]},
        "locations": ["aws:eu-central-1"],
        "options": {"tick_every": 60},
    }
    test = api.post("/api/v1/synthetics/tests/api", json=body).json()
    assert api.get(f"/api/v1/monitor/{test['monitor_id']}").json()["type"] == "synthetics alert"
    notified: list[str] = []
    directory.subscribe(SYNTHETICS_RUNS, lambda org, kind, identifier: notified.append(identifier))
    response = api.post("/api/v1/synthetics/tests/trigger", json={"tests": [{"public_id": test["public_id"]}]}).json()
    result = response["results"][0]["result_id"]
    assert notified == [result]
    path = f"/api/v1/synthetics/tests/{test['public_id']}/results/{result}"
    assert api.get(path).status_code == 404
    run = directory.get(ORG, SYNTHETICS_RUNS, result)
    assert run is not None
    directory.put(ORG, SYNTHETICS_RUNS, result, {**run, "status": "done", "result": {"status": 0}})
    assert api.get(path).json()["check"]["type"] == "api"
    assert api.post("/api/v1/synthetics/tests/delete", json={"public_ids": [test["public_id"]]}).status_code == 200
    assert api.get(f"/api/v1/monitor/{test['monitor_id']}").status_code == 404


def synthetic_test(subtype: str, **config: Any) -> dict[str, Any]:
    """Return the body of an API test."""
    request = {"method": "GET", "url": "http://localhost/health"}
    members = {"name": "health", "type": "api", "subtype": subtype, "message": "", "locations": ["aws:eu-central-1"]}
    return {**members, "config": {"request": request, **config}, "options": {"tick_every": 60, "monitor_options": {}}}


def test_a_single_request_needs_an_assertion_and_a_multistep_test_no_steps(api: TestClient) -> None:
    path = "/api/v1/synthetics/tests/api"
    assert api.post(path, json=synthetic_test("http", assertions=[])).status_code == 400
    assert api.post(path, json=synthetic_test("multi", steps=[])).status_code == 200


def test_a_synthetic_test_has_what_the_server_adds(api: TestClient) -> None:
    body = synthetic_test("http", assertions=[OK])
    test = api.post("/api/v1/synthetics/tests/api", json=body).json()
    assert test["options"]["monitor_options"]["on_missing_data"] == "show_no_data"
    assert test["creation_source"] == "terraform"
    plain = {"User-Agent": "datadog-api-client-python/2.30.0"}
    assert "creation_source" not in api.post("/api/v1/synthetics/tests/api", json=body, headers=plain).json()
    changed = api.put(f"/api/v1/synthetics/tests/api/{test['public_id']}", json=body).json()
    assert (changed["overall_state"], changed["overall_state_modified"][:4]) == (2, "1970")
    variable = {"name": "A", "description": "", "tags": [], "value": {"value": "1", "secure": False}}
    identifier = api.post("/api/v1/synthetics/variables", json=variable).json()["id"]
    stored = api.get(f"/api/v1/synthetics/variables/{identifier}").json()
    assert stored["creator"] == stored["editor"]
    assert stored["creator"].keys() == {"name", "handle", "email"}
