"""Keys of service accounts, permissions, restriction policies, and the integration with Google."""

from typing import Any

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def account(api: TestClient) -> str:
    body = {"data": {"type": "users", "attributes": {"email": "robot@example.com", "service_account": True}}}
    return str(api.post("/api/v2/service_accounts", json=body).json()["data"]["id"])


def test_a_key_of_a_service_account_is_told_once(api: TestClient, account: str) -> None:
    at = f"/api/v2/service_accounts/{account}/application_keys"
    body = {"data": {"type": "application_keys", "attributes": {"name": "k", "scopes": ["incident_write"]}}}
    made = api.post(at, json=body).json()["data"]
    assert len(made["attributes"]["key"]) == 40
    assert made["relationships"]["owned_by"]["data"]["id"] == account
    found = api.get(f"{at}/{made['id']}").json()["data"]
    assert "key" not in found["attributes"] and found["attributes"]["last4"] == made["attributes"]["key"][-4:]
    assert [one["id"] for one in api.get(at).json()["data"]] == [made["id"]]
    change = {"data": {"type": "application_keys", "id": made["id"], "attributes": {"name": "renamed"}}}
    renamed = api.patch(f"{at}/{made['id']}", json=change).json()["data"]["attributes"]
    assert (renamed["name"], renamed["scopes"], "key" in renamed) == ("renamed", ["incident_write"], False)
    users = api.get("/api/v2/users").json()["data"]
    person = next(one["id"] for one in users if not one["attributes"]["service_account"])
    assert api.get(f"/api/v2/service_accounts/{person}/application_keys/{made['id']}").status_code == 404
    assert api.delete(f"{at}/{made['id']}").status_code == 204
    assert api.get(f"{at}/{made['id']}").status_code == 404


def test_permissions_have_ids_that_roles_grant(api: TestClient) -> None:
    known = {one["attributes"]["name"]: one["id"] for one in api.get("/api/v2/permissions").json()["data"]}
    assert len(set(known.values())) == len(known)
    granted = [{"id": known["incident_write"], "type": "permissions"}]
    role = {"type": "roles", "attributes": {"name": "r"}, "relationships": {"permissions": {"data": granted}}}
    made = api.post("/api/v2/roles", json={"data": role}).json()["data"]
    assert made["relationships"]["permissions"]["data"] == granted


def test_an_object_is_restricted_and_free_again(api: TestClient) -> None:
    at = "/api/v2/restriction_policy/monitor:7"

    def put(*bindings: dict[str, Any], at: str = at) -> int:
        data = {"id": at.rpartition("/")[2], "type": "restriction_policy", "attributes": {"bindings": list(bindings)}}
        return int(api.post(at, json={"data": data}).status_code)

    assert api.get(at).json()["data"]["attributes"]["bindings"] == []
    editors = {"relation": "editor", "principals": ["team:t", "user:u"]}
    assert put(editors) == 200
    assert api.get(at).json()["data"]["attributes"]["bindings"] == [editors]
    assert put({"relation": "owner", "principals": ["team:t"]}) == 400
    assert put({"relation": "editor", "principals": ["ada"]}) == 400
    assert put(editors, at="/api/v2/restriction_policy/teapot:7") == 400
    assert api.delete(at).status_code == 204
    assert api.get(at).json()["data"]["attributes"]["bindings"] == []


def test_an_account_at_google_is_told_who_impersonates_it(api: TestClient) -> None:
    at = "/api/v2/integration/gcp/accounts"
    attributes = {"client_email": "dd@acme-dev.iam.gserviceaccount.com", "account_tags": ["env:dev"]}
    body = {"data": {"type": "gcp_service_account", "attributes": attributes}}
    made = api.post(at, json=body).json()["data"]
    delegate = made["meta"]["delegate_account_email"]
    assert delegate.endswith(".iam.gserviceaccount.com")
    assert api.get("/api/v2/integration/gcp/sts_delegate").json()["data"]["id"] == delegate
    assert made["attributes"].items() >= attributes.items()
    assert api.post(at, json=body).status_code == 409
    change = {"data": {"type": "gcp_service_account", "id": made["id"], "attributes": {"automute": True}}}
    assert api.patch(f"{at}/{made['id']}", json=change).json()["data"]["attributes"]["automute"]
    wrong = {"data": {"type": "gcp_service_account", "attributes": {"client_email": "ada@example.com"}}}
    assert api.post(at, json=wrong).status_code == 400
    assert api.delete(f"{at}/{made['id']}").status_code == 204
    assert api.get(at).json()["data"] == []
