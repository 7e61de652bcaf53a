"""Application keys of service accounts and of people."""

import json

import pytest
from starlette.testclient import TestClient

from tests.conftest import ROOT


@pytest.fixture
def account(api: TestClient) -> str:
    body = {"data": {"type": "users", "attributes": {"email": "robot@example.com", "service_account": True}}}
    return str(api.post("/api/v2/service_accounts", json=body).json()["data"]["id"])


def test_a_key_of_a_service_account_is_returned_once(api: TestClient, account: str) -> None:
    at = f"/api/v2/service_accounts/{account}/application_keys"
    body = {"data": {"type": "application_keys", "attributes": {"name": "k", "scopes": ["incident_write"]}}}
    key = api.post(at, json=body).json()["data"]
    assert len(key["attributes"]["key"]) == 40
    assert key["relationships"]["owned_by"]["data"]["id"] == account
    stored = api.get(f"{at}/{key['id']}").json()["data"]
    assert "key" not in stored["attributes"] and stored["attributes"]["last4"] == key["attributes"]["key"][-4:]
    assert [listed["id"] for listed in api.get(at).json()["data"]] == [key["id"]]
    change = {"data": {"type": "application_keys", "id": key["id"], "attributes": {"name": "renamed"}}}
    renamed = api.patch(f"{at}/{key['id']}", json=change).json()["data"]["attributes"]
    assert (renamed["name"], renamed["scopes"], "key" in renamed) == ("renamed", ["incident_write"], False)
    users = api.get("/api/v2/users").json()["data"]
    person = next(user["id"] for user in users if not user["attributes"]["service_account"])
    assert api.get(f"/api/v2/service_accounts/{person}/application_keys/{key['id']}").status_code == 404
    assert api.delete(f"{at}/{key['id']}").status_code == 204
    assert api.get(f"{at}/{key['id']}").status_code == 404


def test_the_key_of_the_deployment_is_made_with_the_documented_body(api: TestClient) -> None:
    body = json.loads((ROOT / "docs" / "application-key.json").read_text())
    made = api.post("/api/v2/current_user/application_keys", json=body)
    assert made.status_code == 201
    key = made.json()["data"]
    assert len(key["attributes"]["key"]) == 40 and key["attributes"]["scopes"] == body["data"]["attributes"]["scopes"]
    [listed] = api.get("/api/v2/current_user/application_keys").json()["data"]
    assert listed["id"] == key["id"] and "key" not in listed["attributes"]
