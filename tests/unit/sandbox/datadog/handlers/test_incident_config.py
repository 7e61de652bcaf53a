"""Fields, roles and postmortem templates of an incident type."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from tests.unit.sandbox.datadog.conftest import KEYS

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
def test_a_kind_of_the_configuration_is_created_read_updated_and_deleted(
    api: TestClient, incident_type: str, path: str
) -> None:
    kind, attributes, change = CASES[path]
    of_type = {"incident_type": {"data": {"type": "incident_types", "id": incident_type}}}
    body = {"data": {"type": kind, "attributes": attributes, "relationships": of_type}}
    response = api.post(f"{CONFIG}/{path}", json=body)
    assert response.status_code == 201, response.text
    created = response.json()["data"]
    assert created["attributes"].items() >= attributes.items()
    assert created["relationships"]["incident_type"]["data"]["id"] == incident_type

    changed = api.patch(
        f"{CONFIG}/{path}/{created['id']}",
        json={"data": {"type": kind, "id": created["id"], "attributes": {**attributes, **change}}},
    )
    assert changed.status_code == 200, changed.text
    stored = api.get(f"{CONFIG}/{path}/{created['id']}").json()["data"]
    assert stored["attributes"].items() >= change.items()
    assert stored["relationships"]["incident_type"]["data"]["id"] == incident_type

    stray = {"incident_type": {"data": {"type": "incident_types", "id": "00000000-0000-0000-0000-000000000000"}}}
    refused = api.post(f"{CONFIG}/{path}", json={"data": {**body["data"], "relationships": stray}})
    assert refused.status_code == 404
    assert api.delete(f"{CONFIG}/{path}/{created['id']}").status_code == 204
    assert api.get(f"{CONFIG}/{path}/{created['id']}").status_code == 404
    assert api.get(f"{CONFIG}/{path}").json()["data"] == []


def test_a_field_exists_once_in_a_type(api: TestClient, incident_type: str) -> None:
    of_type = {"incident_type": {"data": {"type": "incident_types", "id": incident_type}}}
    data = {"type": "user_defined_field", "attributes": {"name": "mode", "type": 3}, "relationships": of_type}
    assert api.post(f"{CONFIG}/user-defined-fields", json={"data": data}).status_code == 201
    assert api.post(f"{CONFIG}/user-defined-fields", json={"data": data}).status_code == 409


def test_a_postmortem_template_has_the_times_that_clients_require(api: TestClient, incident_type: str) -> None:
    of_type = {"incident_type": {"data": {"type": "incident_types", "id": incident_type}}}
    data = {"type": "postmortem_templates", "attributes": {"name": "LLM", "content": "#"}, "relationships": of_type}
    created = api.post(f"{CONFIG}/postmortem-templates", json={"data": data}).json()["data"]
    times = ("createdAt", "modifiedAt")
    assert all(created["attributes"][name].endswith("Z") for name in times)
    assert not {"created", "modified"} & set(created["attributes"])
    changed = api.patch(f"{CONFIG}/postmortem-templates/{created['id']}", json={"data": {**data, "id": created["id"]}})
    assert changed.json()["data"]["attributes"]["createdAt"] == created["attributes"]["createdAt"]


def test_a_postmortem_template_of_an_older_sandbox_can_be_changed(
    api: TestClient, directory: Directory, incident_type: str
) -> None:
    of_type = {"incident_type": {"data": {"type": "incident_types", "id": incident_type}}}
    data = {"type": "postmortem_templates", "attributes": {"name": "LLM", "content": "#"}, "relationships": of_type}
    created = api.post(f"{CONFIG}/postmortem-templates", json={"data": data}).json()["data"]
    org, kind = KEYS["DD-API-KEY"], "incident_postmortem_templates"
    [stored] = directory.store.list(org, kind)
    stored["attributes"]["created"] = stored["attributes"].pop("createdAt")
    directory.store.put(org, kind, created["id"], stored)
    changed = api.patch(f"{CONFIG}/postmortem-templates/{created['id']}", json={"data": {**data, "id": created["id"]}})
    assert changed.status_code == 200
    assert changed.json()["data"]["attributes"]["createdAt"] == created["attributes"]["createdAt"]


def test_an_incident_type_has_its_configuration(api: TestClient, incident_type: str) -> None:
    configuration = api.get(f"{CONFIG}/types/{incident_type}").json()["data"]["attributes"]["configuration"]
    assert configuration["allow_workflows"]
    assert configuration["slug_source"] == "default"


def test_a_rule_of_no_incident_type_has_no_such_relationship(api: TestClient) -> None:
    attributes = {"conditions": [], "handles": ["@llm"], "trigger": "incident_created_trigger", "enabled": True}
    body = {"data": {"type": "incident_notification_rules", "attributes": attributes}}
    created = api.post(f"{CONFIG}/notification-rules", json=body)
    assert created.status_code == 201, created.text
    assert set(created.json()["data"]["relationships"]) == {"created_by_user", "last_modified_by_user"}
