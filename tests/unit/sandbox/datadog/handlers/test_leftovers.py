"""Objects that remain after a delete."""

from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.live.status_report import count_objects
from tests.unit.sandbox.datadog.conftest import KEYS

ORG = KEYS["DD-API-KEY"]


def test_a_canceled_downtime_and_a_setting_leave_the_account_empty(api: TestClient, directory: Directory) -> None:
    schedule = {"scope": "env:t", "monitor_identifier": {"monitor_tags": ["*"]}}
    downtime = {"data": {"type": "downtime", "attributes": schedule}}
    downtime_id = api.post("/api/v2/downtime", json=downtime).json()["data"]["id"]
    api.post("/api/v2/synthetics/settings/on_demand_concurrency_cap", json={"on_demand_concurrency_cap": 5})
    before = count_objects(directory, ORG)
    assert before["downtimes"] == 1
    api.delete(f"/api/v2/downtime/{downtime_id}")
    assert count_objects(directory, ORG).keys() == before.keys() - {"downtimes"} == {"users", "roles"}
