"""Synthetics: what is sent to create, update and list tests, and what is refused."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.fakes import FakeDatadog, Request

API, LIST = "/api/v1/synthetics/tests/api", "/api/v1/synthetics/tests"


def stored(name: str, *tags: str, public_id: str = "abc-def-ghi") -> dict[str, Any]:
    """Return a test as Datadog lists it."""
    return {"public_id": public_id, "name": name, "status": "live", "type": "api", "monitor_id": 7, "tags": list(tags),
            "config": {"request": {"url": "https://example.com/"}}}  # fmt: skip


@pytest.fixture(autouse=True)
def no_tests(datadog: FakeDatadog) -> None:
    """Let Datadog have no tests, and store what is sent."""
    datadog.prepare("GET", LIST, {"tests": []})
    datadog.prepare("POST", API, lambda request: stored(request.body["name"]))


def test_a_test_is_created_with_its_assertions_and_tags(operator: FlaskClient, datadog: FakeDatadog) -> None:
    test = {"name": "Checkout", "url": "https://example.com/pay", "method": "HEAD", "frequency": 300, "status": 204}
    response = operator.post("/datadog/synthetics/tests", json=test)
    assert response.status_code == 201
    assert response.json == {"public_id": "abc-def-ghi", "monitor_id": 7, "name": "Checkout", "created": True}
    [sent] = datadog.sent("POST", API)
    assert (sent["name"], sent["type"], sent["subtype"], sent["status"]) == ("Checkout", "api", "http", "live")
    assert sent["config"] == {
        "request": {"method": "HEAD", "url": "https://example.com/pay", "timeout": 30},
        "assertions": [
            {"type": "statusCode", "operator": "is", "target": 204},
            {"type": "responseTime", "operator": "lessThan", "target": 10_000},
        ],
    }
    assert sent["options"]["tick_every"] == 300
    assert sent["locations"] == ["aws:eu-central-1"]
    assert sent["tags"] == ["managed_by:service", "service:llm-api", "env:test"]


def test_a_test_of_the_service_is_updated_by_name(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", LIST, {"tests": [stored("Other", public_id="x"), stored("Checkout", "managed_by:service")]})
    datadog.prepare("PUT", f"{API}/abc-def-ghi", stored("Checkout", "managed_by:service"))
    response = operator.post("/datadog/synthetics/tests", json={"name": "Checkout", "url": "https://example.com/"})
    assert (response.status_code, response.get_json()["created"]) == (200, False)
    assert datadog.paths("POST", "PUT") == [f"{API}/abc-def-ghi"]


@pytest.mark.parametrize(("tags", "manager"), [(["managed_by:pulumi"], "Pulumi"), ([], "somebody else")])
def test_a_test_of_others_is_left_alone(
    operator: FlaskClient, datadog: FakeDatadog, tags: list[str], manager: str
) -> None:
    datadog.prepare("GET", LIST, {"tests": [stored("Checkout", *tags)]})
    response = operator.post("/datadog/synthetics/tests", json={"name": "Checkout", "url": "https://example.com/"})
    assert response.status_code == 409
    assert f"abc-def-ghi of this name is managed by {manager}" in response.get_json()["detail"]
    assert datadog.paths("POST", "PUT") == []


def test_a_health_check_tests_the_path_health(operator: FlaskClient, datadog: FakeDatadog) -> None:
    response = operator.post("/datadog/synthetics/health-check?service_url=https://llm.example.com/")
    assert response.status_code == 201
    [sent] = datadog.sent("POST", API)
    assert sent["config"]["request"] == {"method": "GET", "url": "https://llm.example.com/health", "timeout": 30}
    assert sent["name"] == "llm.example.com answers /health"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "https://user:password@example.com"}, "url"),
        ({"url": "https://example.com", "frequency": 29}, "frequency"),
        ({"url": "https://example.com", "method": "BREW"}, "method"),
        ({"url": "https://example.com", "color": "red"}, "body"),
    ],
)
def test_a_wrong_test_is_refused_before_datadog_is_called(
    operator: FlaskClient, datadog: FakeDatadog, body: dict[str, Any], where: str
) -> None:
    response = operator.post("/datadog/synthetics/tests", json=body)
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert response.get_json()["detail"].startswith(f"{where}: ")
    assert datadog.requests == []


def test_the_list_has_last_results_and_monitor_states(reader: FlaskClient, datadog: FakeDatadog) -> None:
    never = stored("Never", public_id="new-new-new") | {"monitor_id": 8}
    browser = stored("Browser", "managed_by:pulumi", public_id="bro-wse-r00") | {"type": "browser", "monitor_id": 9}
    datadog.prepare("GET", LIST, {"tests": [stored("Checkout", "managed_by:service"), never, browser]})
    datadog.prepare("GET", "/api/v1/monitor", [{"id": 7, "overall_state": "Alert"}, {"id": 9}])
    results = [{"check_time": 100, "result": {"passed": True}}, {"check_time": 200, "result": {"passed": False}}]
    datadog.prepare("GET", f"{LIST}/abc-def-ghi/results", {"results": results})
    datadog.prepare("GET", f"{LIST}/new-new-new/results", {"results": []})
    rows = reader.get("/datadog/synthetics/tests").get_json()["tests"]
    assert rows[0] == {
        "public_id": "abc-def-ghi", "name": "Checkout", "status": "live", "url": "https://example.com/",
        "managed_by": "service", "monitor_state": "Alert", "last_result": "failed", "last_run": 200,
    }  # fmt: skip
    assert [(row["managed_by"], row["last_result"], row["monitor_state"]) for row in rows[1:]] == [
        (None, None, None),
        ("pulumi", None, None),
    ]


def test_the_list_is_read_page_by_page(reader: FlaskClient, datadog: FakeDatadog) -> None:
    tests = [stored(f"Test {number}", public_id=f"test-{number}") | {"type": "browser"} for number in range(150)]

    def page(request: Request) -> dict[str, Any]:
        start = int(request.query["page_number"]) * int(request.query["page_size"])
        return {"tests": tests[start : start + int(request.query["page_size"])]}

    datadog.prepare("GET", LIST, page)
    datadog.prepare("GET", "/api/v1/monitor", [])
    assert len(reader.get("/datadog/synthetics/tests").get_json()["tests"]) == 150
