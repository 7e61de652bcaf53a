"""Permissions of roles."""

from starlette.testclient import TestClient


def test_permissions_have_ids_that_roles_grant(api: TestClient) -> None:
    permission_ids = {
        permission["attributes"]["name"]: permission["id"]
        for permission in api.get("/api/v2/permissions").json()["data"]
    }
    assert len(set(permission_ids.values())) == len(permission_ids)
    granted = [{"id": permission_ids["incident_write"], "type": "permissions"}]
    role = {"type": "roles", "attributes": {"name": "r"}, "relationships": {"permissions": {"data": granted}}}
    new_role = api.post("/api/v2/roles", json={"data": role}).json()["data"]
    assert new_role["relationships"]["permissions"]["data"] == granted
