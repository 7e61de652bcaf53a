"""The API without HTTP: the way of workflow steps."""

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.in_process import USER_AGENT, CallRefused, in_process_api
from tests.unit.sandbox.datadog.conftest import KEYS

INCIDENT = {"data": {"type": "incidents", "attributes": {"title": "slow", "customer_impacted": False}}}


def test_a_call_writes_what_http_reads_and_is_in_the_audit_trail(api: TestClient, directory: Directory) -> None:
    incident = in_process_api(directory, KEYS["DD-API-KEY"])("POST /api/v2/incidents", INCIDENT)["data"]
    assert api.get(f"/api/v2/incidents/{incident['id']}").json()["data"]["id"] == incident["id"]
    search = {"filter": {"query": "@action:created", "from": "now-1h", "to": "now"}}
    [event] = api.post("/api/v2/audit/events/search", json=search).json()["data"]
    details = event["attributes"]["attributes"]
    assert (details["asset"]["id"], details["http"]["useragent"]) == (incident["id"], USER_AGENT)


@pytest.mark.parametrize(
    ("request_line", "reason"),
    [("POST /api/v2/incidents", "400"), ("GET /api/v1/hosts", "501: v1.list_hosts"), ("GET /api/v9/nothing", "404")],
)
def test_a_refusal_has_its_status_and_reason(directory: Directory, request_line: str, reason: str) -> None:
    with pytest.raises(CallRefused, match=reason):
        in_process_api(directory, KEYS["DD-API-KEY"])(request_line, {})
