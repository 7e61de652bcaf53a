"""Users and roles."""

from datetime import datetime

import httpx
from starlette.testclient import TestClient


def test_a_fresh_organisation_has_people_who_can_be_found_by_email(api: TestClient) -> None:
    everyone = api.get("/api/v2/users").json()["data"]
    assert len(everyone) == 3
    email = everyone[1]["attributes"]["email"]
    assert email.endswith("@example.com")
    matches = api.get("/api/v2/users", params={"filter": email}).json()
    assert [user["id"] for user in matches["data"]] == [everyone[1]["id"]]
    assert matches["meta"]["page"] == {"total_count": 3, "total_filtered_count": 1, "max_page_size": 1000}


def test_a_service_account_gets_and_loses_a_role(api: TestClient) -> None:
    role = api.get("/api/v2/roles").json()["data"][1]["id"]
    attributes = {"name": "robot", "email": "robot@example.com", "service_account": True}
    account = api.post("/api/v2/service_accounts", json={"data": {"type": "users", "attributes": attributes}}).json()[
        "data"
    ]
    user = {"data": {"type": "users", "id": account["id"]}}
    assert [member["id"] for member in api.post(f"/api/v2/roles/{role}/users", json=user).json()["data"]] == [
        account["id"]
    ]
    assert api.request("DELETE", f"/api/v2/roles/{role}/users", json=user).json()["data"] == []


def test_a_user_that_exists_is_invited_for_two_days(api: TestClient) -> None:
    def invited(user: str) -> httpx.Response:
        related = {"user": {"data": {"type": "users", "id": user}}}
        data = [{"type": "user_invitations", "relationships": related}]
        response: httpx.Response = api.post("/api/v2/user_invitations", json={"data": data})
        return response

    user = api.get("/api/v2/users").json()["data"][0]["id"]
    (invitation,) = invited(user).json()["data"]
    created, expires = (datetime.fromisoformat(invitation["attributes"][name]) for name in ("created_at", "expires_at"))
    assert (expires - created).days == 2
    assert invitation["relationships"]["user"]["data"]["id"] == user
    assert invited("00000000-0000-0000-0000-000000000000").status_code == 404


def test_a_role_of_the_account_is_read_with_its_authors(api: TestClient) -> None:
    body = {"data": {"type": "roles", "attributes": {"name": "LLM"}}}
    role = api.post("/api/v2/roles", json=body).json()["data"]
    assert "created_by_handle" not in role["attributes"]
    attributes = api.get(f"/api/v2/roles/{role['id']}").json()["data"]["attributes"]
    assert attributes["created_by_handle"] == attributes["modified_by_handle"]
    roles = {entry["attributes"]["name"]: entry["attributes"] for entry in api.get("/api/v2/roles").json()["data"]}
    assert roles.pop("LLM")["created_by_handle"] == attributes["created_by_handle"]
    assert not any("created_by_handle" in managed for managed in roles.values())
