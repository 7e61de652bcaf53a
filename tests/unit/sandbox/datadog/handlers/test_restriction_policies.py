"""Restriction policies."""

from typing import Any

from starlette.testclient import TestClient


def test_an_object_is_restricted_and_released(api: TestClient) -> None:
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
