"""Keys, routing, validation, faults and storage of the API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import MONITORS, Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.store import Store
from tests.unit.sandbox.datadog.conftest import KEYS

MONITOR: dict[str, Any] = {"type": "query alert", "name": "slow", "query": "avg(last_5m):avg:app.q{*} > 10"}


def test_a_request_without_a_key_is_forbidden(api: TestClient) -> None:
    for headers in ({"DD-API-KEY": ""}, {"DD-APPLICATION-KEY": ""}):
        response = api.get("/api/v1/monitor", headers=headers)
        assert (response.status_code, response.json()) == (403, {"errors": ["Forbidden"]})


def test_every_api_key_is_a_separate_organisation(api: TestClient) -> None:
    identifier = api.post("/api/v1/monitor", json=MONITOR).json()["id"]
    other = {"DD-API-KEY": "c" * 32}
    assert api.get(f"/api/v1/monitor/{identifier}").status_code == 200
    assert api.get(f"/api/v1/monitor/{identifier}", headers=other).status_code == 404
    assert api.get("/api/v1/monitor", headers=other).json() == []


def test_an_operation_that_is_not_served_is_named(api: TestClient) -> None:
    response = api.get("/api/v1/hosts")
    assert response.status_code == 501
    assert "v1.list_hosts" in response.json()["errors"][0]


def test_unknown_paths_and_methods_are_not_found_or_not_allowed(api: TestClient) -> None:
    assert api.get("/api/v9/nothing").status_code == 404
    assert api.patch("/api/v1/monitor").status_code == 405


def test_objects_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "datadog.sqlite"
    first = TestClient(create_app(Directory(Store(path))), headers=KEYS)
    monitor = first.post("/api/v1/monitor", json=MONITOR).json()
    second = TestClient(create_app(Directory(Store(path))), headers=KEYS)
    assert second.get(f"/api/v1/monitor/{monitor['id']}").json() == monitor
    assert second.post("/api/v1/monitor", json=MONITOR).json()["id"] != monitor["id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("POST", "/api/v1/monitor", {"type": "query alert"}, "query: is required"),
        ("POST", "/api/v1/monitor", {**MONITOR, "tags": "x"}, "tags: must be a list"),
        ("POST", "/api/v1/monitor", {**MONITOR, "type": "smoke alert"}, "type: must be one of"),
        ("POST", "/api/v1/monitor", {**MONITOR, "priority": 9}, "'priority' is invalid"),
        ("POST", "/api/v2/team", {"data": {"type": "team", "attributes": {"name": "x"}}}, "handle: is required"),
        ("POST", "/api/v2/team", {"data": {"type": "gang", "attributes": {"name": "x", "handle": "x"}}}, "type"),
        ("POST", "/api/v1/dashboard", {"title": "x", "layout_type": "round", "widgets": []}, "layout_type"),
    ],
)
def test_a_body_that_breaks_its_model_is_refused_by_name(
    api: TestClient, method: str, path: str, body: Any, complaint: str
) -> None:
    response = api.request(method, path, json=body)
    assert response.status_code == 400
    assert complaint in response.json()["errors"][0]


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 5_000, b'{"name": "\\ud800"}', b"null"]
)
def test_malformed_json_is_refused_and_nothing_is_stored(api: TestClient, directory: Directory, content: bytes) -> None:
    response = api.post("/api/v1/monitor", content=content)
    assert response.status_code == 400
    assert isinstance(response.json()["errors"], list)
    assert directory.objects(KEYS["DD-API-KEY"], MONITORS) == []


def test_a_body_that_is_too_large_is_refused(api: TestClient) -> None:
    assert api.post("/api/v1/monitor", content=b" " * 6_000_000).status_code == 413


def test_a_refused_write_leaves_nothing_behind(api: TestClient, directory: Directory) -> None:
    user = api.get("/api/v2/users").json()["data"][0]["id"]
    wrong = {"data": [{"id": user, "type": "users"}, {"id": "nobody", "type": "users"}]}
    body = {
        "data": {"type": "team", "attributes": {"name": "t", "handle": "t"}, "relationships": {"users": wrong}},
    }
    assert api.post("/api/v2/team", json=body).status_code == 404
    assert directory.objects(KEYS["DD-API-KEY"], "teams") == []


def test_listeners_are_notified_of_committed_changes_only(api: TestClient, directory: Directory) -> None:
    notified: list[str] = []
    directory.subscribe(MONITORS, lambda org, kind, identifier: notified.append(identifier))
    api.post("/api/v1/monitor", json={**MONITOR, "query": "nonsense"})
    assert notified == []
    identifier = api.post("/api/v1/monitor", json=MONITOR).json()["id"]
    api.delete(f"/api/v1/monitor/{identifier}")
    assert notified == [str(identifier), str(identifier)]


def test_a_rate_limit_fault_has_a_reset_time_and_ends(api: TestClient) -> None:
    fault = {"kind": "rate_limit", "path": "/api/v1/monitor", "times": 1, "seconds": 7}
    assert api.put("/-/faults", json={"faults": [fault]}).status_code == 200
    assert api.get("/api/v2/users").status_code == 200
    limited = api.get("/api/v1/monitor")
    assert (limited.status_code, limited.headers["X-RateLimit-Reset"]) == (429, "7")
    assert api.get("/api/v1/monitor").status_code == 200


def test_an_empty_fault_hides_what_exists_once(api: TestClient) -> None:
    identifier = api.post("/api/v1/monitor", json=MONITOR).json()["id"]
    api.put("/-/faults", json={"faults": [{"kind": "empty", "path": "/api/v1/monitor", "times": 1}]})
    assert api.get("/api/v1/monitor").json() == []
    assert [monitor["id"] for monitor in api.get("/api/v1/monitor").json()] == [identifier]


def test_a_documented_limit_counts_down_and_then_refuses_until_it_resets(directory: Directory) -> None:
    now = datetime(2026, 1, 5, 10, 59, 0, tzinfo=UTC)
    moments = [now]
    limited = TestClient(create_app(directory, clock=lambda: moments[-1]), headers=KEYS)
    path = "/api/v1/metrics?from=0"
    first = limited.get(path)
    assert (first.status_code, first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Period"]) == (
        200,
        "100",
        "3600",
    )
    assert first.headers["X-RateLimit-Remaining"] == "99"
    assert [limited.get(path).status_code for _ in range(100)] == [200] * 99 + [429]
    refused = limited.get(path)
    assert (refused.headers["X-RateLimit-Remaining"], refused.headers["X-RateLimit-Reset"]) == ("0", "60")
    assert limited.get(path, headers={"DD-API-KEY": "d" * 32}).status_code == 200
    moments.append(now + timedelta(seconds=60))
    assert limited.get(path).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("bad_gateway", 502), ("gateway_timeout", 504), ("forbidden", 403)])
def test_a_fault_meets_one_organisation_until_it_is_cleared(api: TestClient, kind: str, status: int) -> None:
    api.put("/-/faults", json={"faults": [{"kind": kind}]})
    assert api.get("/api/v1/monitor").status_code == status
    assert api.get("/api/v1/monitor", headers={"DD-API-KEY": "d" * 32}).status_code == 200
    api.delete("/-/faults")
    assert api.get("/api/v1/monitor").status_code == 200


def test_an_unknown_fault_is_refused(api: TestClient) -> None:
    assert "earthquake" in api.put("/-/faults", json={"faults": [{"kind": "earthquake"}]}).json()["errors"][0]
    assert api.put("/-/faults", json={"faults": [{"kind": "earthquake"}]}).status_code == 400
