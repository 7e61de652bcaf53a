"""On-Call schedules, escalation policies and routing."""

from typing import Any

from starlette.testclient import TestClient


def test_the_first_responders_follow_from_routing_policy_and_schedule(api: TestClient) -> None:
    team_body = {"data": {"type": "team", "attributes": {"name": "LLM", "handle": "llm"}}}
    team = api.post("/api/v2/team", json=team_body).json()["data"]["id"]
    user = api.get("/api/v2/users").json()["data"][0]["id"]
    layer = {
        "name": "weekly",
        "effective_date": "2025-01-01T00:00:00Z",
        "rotation_start": "2025-01-01T00:00:00Z",
        "interval": {"days": 7},
        "members": [{"user": {"id": user}}],
    }
    attributes = {"name": "Primary", "time_zone": "Europe/Berlin", "layers": [layer]}
    response = api.post(
        "/api/v2/on-call/schedules?include=layers,layers.members.user",
        json={"data": {"type": "schedules", "attributes": attributes}},
    )
    assert response.status_code == 201
    assert {entry["type"] for entry in response.json()["included"]} == {"layers", "members", "users"}
    schedule = response.json()["data"]["id"]
    on_call = api.get(f"/api/v2/on-call/schedules/{schedule}/on-call?include=user").json()
    assert on_call["data"]["relationships"]["user"]["data"]["id"] == user
    assert on_call["included"][0]["id"] == user

    steps = [{"escalate_after_seconds": 300, "targets": [{"type": "schedules", "id": schedule}]}]
    policy_attributes = {"name": "LLM", "steps": steps}
    policy = api.post(
        "/api/v2/on-call/escalation-policies", json={"data": {"type": "policies", "attributes": policy_attributes}}
    ).json()["data"]["id"]
    rules = {"rules": [{"query": "", "policy_id": policy, "urgency": "high"}]}
    routing = {"data": {"id": team, "type": "team_routing_rules", "attributes": rules}}
    assert api.put(f"/api/v2/on-call/teams/{team}/routing-rules", json=routing).status_code == 200
    responders = api.get(f"/api/v2/on-call/teams/{team}/on-call").json()["data"]["relationships"]["responders"]
    assert responders["data"] == [{"id": user, "type": "users"}]


def test_references_must_exist(api: TestClient) -> None:
    steps = [{"escalate_after_seconds": 300, "targets": [{"type": "schedules", "id": "gone"}]}]
    body = {"data": {"type": "policies", "attributes": {"name": "LLM", "steps": steps}}}
    assert api.post("/api/v2/on-call/escalation-policies", json=body).status_code == 404


def test_a_place_of_a_rotation_that_nobody_has_is_not_included(api: TestClient) -> None:
    start = "2025-01-01T00:00:00Z"
    dates = {"effective_date": start, "rotation_start": start}
    layers: list[dict[str, Any]] = [
        {"name": name, **dates, "interval": {"days": 1, "seconds": 0}, "members": [{}]} for name in ("a", "b")
    ]
    data = {"type": "schedules", "attributes": {"name": "s", "time_zone": "UTC", "layers": layers}}
    path = "/api/v2/on-call/schedules?include=layers,layers.members.user"
    included = api.post(path, json={"data": data}).json()["included"]
    assert [entry["type"] for entry in included] == ["layers", "layers"]
    assert included[0]["attributes"]["applied_rotation_start"] == start
    assert included[0]["attributes"]["interval"] == {"days": 1}
    assert len(included[0]["relationships"]["members"]["data"]) == 1


def test_a_schedule_in_a_time_zone_that_does_not_exist_is_refused(api: TestClient) -> None:
    layer = {"name": "weekly", "effective_date": "2025-01-01T00:00:00Z", "rotation_start": "2025-01-01T00:00:00Z",
             "interval": {"days": 7}, "members": []}  # fmt: skip
    attributes = {"name": "Primary", "time_zone": "Europe/Atlantis", "layers": [layer]}
    response = api.post("/api/v2/on-call/schedules", json={"data": {"type": "schedules", "attributes": attributes}})
    assert response.status_code == 400
    assert "Europe/Atlantis" in response.text
