"""Fields, roles and post-mortem templates of an incident type: made, read, changed, refused, deleted."""

from typing import Any

import pytest
from starlette.testclient import TestClient

CONFIG = "/api/v2/incidents/config"
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "user-defined-fields": (
        "user_defined_field",
        {"name": "failure_mode", "type": 1},
        {"display_name": "Failure mode"},
    ),
    "user-defined-roles": ("incident_user_defined_roles", {"name": "Model owner"}, {"description": "decides"}),
    "postmortem-templates": ("postmortem_templates", {"name": "LLM", "content": "## Why"}, {"name": "LLM service"}),
}


@pytest.fixture
def incident_type(api: TestClient) -> str:
    body = {"data": {"type": "incident_types", "attributes": {"name": "LLM"}}}
    return str(api.post(f"{CONFIG}/types", json=body).json()["data"]["id"])


@pytest.mark.parametrize("path", CASES)
def test_it_is_made_read_changed_and_deleted(api: TestClient, incident_type: str, path: str) -> None:
    kind, attributes, change = CASES[path]
    of_type = {"incident_type": {"data": {"type": "incident_types", "id": incident_type}}}
    body = {"data": {"type": kind, "attributes": attributes, "relationships": of_type}}
    answer = api.post(f"{CONFIG}/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert made["attributes"].items() >= attributes.items()
    assert made["relationships"]["incident_type"]["data"]["id"] == incident_type

    changed = api.patch(
        f"{CONFIG}/{path}/{made['id']}",
        json={"data": {"type": kind, "id": made["id"], "attributes": {**attributes, **change}}},
    )
    assert changed.status_code == 200, changed.text
    found = api.get(f"{CONFIG}/{path}/{made['id']}").json()["data"]
    assert found["attributes"].items() >= change.items()
    assert found["relationships"]["incident_type"]["data"]["id"] == incident_type

    stray = {"incident_type": {"data": {"type": "incident_types", "id": "00000000-0000-0000-0000-000000000000"}}}
    refused = api.post(f"{CONFIG}/{path}", json={"data": {**body["data"], "relationships": stray}})
    assert refused.status_code == 404
    assert api.delete(f"{CONFIG}/{path}/{made['id']}").status_code == 204
    assert api.get(f"{CONFIG}/{path}/{made['id']}").status_code == 404
    assert api.get(f"{CONFIG}/{path}").json()["data"] == []


def test_a_field_exists_once_in_a_type(api: TestClient, incident_type: str) -> None:
    of_type = {"incident_type": {"data": {"type": "incident_types", "id": incident_type}}}
    data = {"type": "user_defined_field", "attributes": {"name": "mode", "type": 3}, "relationships": of_type}
    assert api.post(f"{CONFIG}/user-defined-fields", json={"data": data}).status_code == 201
    assert api.post(f"{CONFIG}/user-defined-fields", json={"data": data}).status_code == 409
