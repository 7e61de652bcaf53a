"""All endpoints of ``/datadog``: access, parameters, problems, log lines, and their table in docs/api.md."""

import logging
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from service.datadog.endpoint import Endpoint
from service.datadog.routes import ENDPOINTS, read_parameters
from service.telemetry import PRODUCT_LOG, PRODUCT_ROUTES
from tests.conftest import ROOT
from tests.unit.service.conftest import Create
from tests.unit.service.fakes import FakeDatadog

TESTS = Path(__file__).parents[1]


def url(endpoint: Endpoint) -> str:
    """Return a path of the endpoint."""
    return "/datadog" + endpoint.path.replace("{", "").replace("}", "")


def name(endpoint: Endpoint) -> str:
    """Return the name of the endpoint's test."""
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name)
def test_every_endpoint_needs_a_token_of_its_role(
    client: FlaskClient, reader: FlaskClient, datadog: FakeDatadog, endpoint: Endpoint
) -> None:
    response = client.open(url(endpoint), method=endpoint.method)
    assert (response.status_code, response.content_type) == (401, "application/problem+json")
    if endpoint.method == "POST":
        assert reader.open(url(endpoint), method="POST").status_code == 403
    assert datadog.requests == []


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name)
def test_every_endpoint_refuses_a_parameter_that_it_does_not_have(
    operator: FlaskClient, datadog: FakeDatadog, endpoint: Endpoint
) -> None:
    response = operator.open(f"{url(endpoint)}?nonsense=secret-text", method=endpoint.method)
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert "secret-text" not in response.text
    assert datadog.requests == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(operator: FlaskClient, body: bytes) -> None:
    response = operator.post("/datadog/ci/build", data=body)
    assert (response.status_code, response.get_json()["outcome"]) == (400, "caller_error")


def test_the_body_overrides_the_query_string_and_the_path_overrides_both(
    operator: FlaskClient, datadog: FakeDatadog
) -> None:
    datadog.prepare("POST", "/api/v2/ci/pipeline", {}, 202)
    response = operator.post("/datadog/ci/build?name=query&status=error", json={"name": "body"})
    assert (response.get_json()["name"], response.get_json()["status"]) == ("body", "error")
    datadog.prepare("PATCH", "/api/v2/incidents/path", {})
    response = operator.post("/datadog/incidents/path?incident_id=query", json={"incident_id": "body"})
    assert response.get_json()["incident_id"] == "path"


FORMS = [
    ("/synthetics/tests", "url=https://example.com&frequency=300&status=204",
     {"url": "https://example.com", "frequency": 300, "status": 204}),
    ("/notebooks/cost-optimization", "time_range_hours=48", {"time_range_hours": 48}),
    ("/workflows/trigger/{workflow_id}", 'context={"title": "Help"}', {"context": {"title": "Help"}}),
    ("/log-pipelines/cost", "enabled=false", {"enabled": False}),
    ("/service-map/enhance-tags", "tags=a:b,c:d", {"tags": ["a:b", "c:d"]}),
    ("/ci/deployment", "duration_seconds=1.5&version=2", {"duration_seconds": 1.5, "version": "2"}),
    ("/incidents", "title=Chats fail&customer_impacted=true", {"title": "Chats fail", "customer_impacted": True}),
    ("/oncall/page", "message=Help&severity=critical", {"message": "Help", "severity": "critical"}),
    ("/error-tracking/track", "error_type=NoCard", {"error_type": "NoCard"}),
]  # fmt: skip
"""Each type of parameter in both forms."""


@pytest.mark.parametrize(("path", "query", "body"), FORMS, ids=[path for path, *_ in FORMS])
def test_the_query_string_and_the_body_say_the_same(app: Flask, path: str, query: str, body: dict[str, Any]) -> None:
    [endpoint] = [each for each in ENDPOINTS if (each.method, each.path) == ("POST", path)]
    in_path = {"workflow_id": "w-1"} if "{workflow_id}" in path else {}
    with app.test_request_context(f"/?{query}", method="POST"):
        from_query = read_parameters(endpoint, in_path)
    with app.test_request_context("/", method="POST", json=body):
        from_body = read_parameters(endpoint, in_path)
    assert from_query == from_body == endpoint.parameters.model_validate(body | in_path)


def test_each_call_is_logged_with_its_endpoint_and_status(
    reader: FlaskClient, client: FlaskClient, datadog: FakeDatadog, caplog: pytest.LogCaptureFixture
) -> None:
    datadog.prepare("GET", "/api/v1/logs/config/pipelines", {"errors": ["a secret"]}, 403)
    with caplog.at_level(logging.INFO):
        reader.get("/datadog/products")
        client.get("/datadog/products")
        reader.get("/datadog/log-pipelines")
    lines = [record for record in caplog.records if vars(record).get("event") == PRODUCT_LOG.event]
    assert [(line.levelno, vars(line)["endpoint"], vars(line)["http"]["status_code"]) for line in lines] == [
        (logging.INFO, "/products", 200),
        (logging.WARNING, "/products", 401),
        (logging.ERROR, "/log-pipelines", 502),
    ]
    assert vars(lines[2])["error"]["kind"] == "DatadogRefused"
    assert "a secret" not in caplog.text


def test_a_mistake_of_the_service_is_a_problem_without_a_traceback(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", "/api/v1/logs/config/pipelines", [{"unexpected": "secret-text"}])
    response = operator.get("/datadog/log-pipelines")
    assert (response.status_code, response.content_type) == (500, "application/problem+json")
    assert response.get_json()["detail"] == "the service made a mistake; its log has the trace"
    assert "secret-text" not in response.text


def test_without_keys_a_call_is_unavailable_and_says_what_is_missing(create: Create) -> None:
    client = create(API_AUTH="loopback", DD_APP_KEY="").test_client()
    response = client.get("/datadog/log-pipelines")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert response.get_json()["detail"] == "Datadog's API is off: DD_APP_KEY not set"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/products", 405)])
def test_an_unknown_route_and_a_wrong_method_are_problems_too(
    operator: FlaskClient, method: str, path: str, status: int
) -> None:
    response = operator.open(f"/datadog{path}", method=method)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert ("Allow" in response.headers) == (status == 405)


def test_the_table_in_the_docs_is_that_of_the_code() -> None:
    rows = (ROOT / "docs" / "api.md").read_text().splitlines()
    for endpoint in ENDPOINTS:
        assert f"| `{endpoint.method} /datadog{endpoint.path}` | {endpoint.summary} | {endpoint.channel} |" in rows
    assert len([row for row in rows if row.startswith("| `")]) == len(ENDPOINTS)


def test_the_contract_knows_every_endpoint() -> None:
    declared = {f"{each.method} /datadog{each.path.replace('{', '<').replace('}', '>')}" for each in ENDPOINTS}
    assert declared <= set(PRODUCT_ROUTES)


def test_each_route_has_a_test(app: Flask) -> None:
    """Look for the path of each route in the tests of this folder, written out in quotes."""
    routes, tested = app.url_map.bind("localhost"), set()
    for file in TESTS.rglob("test_*.py"):
        for path in re.findall(r"""["'](/[^"'?]*)""", file.read_text()):
            for method in ("GET", "POST"):
                with suppress(HTTPException):
                    rule, _ = routes.match(path, method, return_rule=True)
                    tested.add(rule.rule)
    assert {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"} - tested == set()
