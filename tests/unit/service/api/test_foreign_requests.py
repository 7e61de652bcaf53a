"""Requests that a foreign page may have sent are refused before any route; those of programs and own pages are not."""

import itertools

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.unit.service.conftest import Create
from tests.unit.service.fakes import FakeDatadog

CLOUD_RUN = "llm-api-*.run.app,*---llm-api-*.run.app"
PATHS = ("/", "/docs", "/openapi.json", "/config.js", "/static/theater/icon.svg", "/v1/chat", "/v1/control",
         "/v1/control/model", "/datadog/products", "/datadog/oncall/page", "/no/such/path")  # fmt: skip


@pytest.fixture
def app(create: Create) -> Flask:
    """Return the application as in the sandbox: callers on this machine need no token."""
    return create(API_AUTH="loopback")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "evil.example:8000"},
        {"Host": "127.0.0.1.nip.io"},
        {"Host": "localhost@evil.example"},
        {"Host": "evil.example#localhost"},
        {"Host": "0.0.0.0:8000"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "nonsense"},
    ],
    ids=str,
)
def test_a_foreign_request_is_refused(client: FlaskClient, datadog: FakeDatadog, headers: dict[str, str]) -> None:
    for path, method in itertools.product(PATHS, ("GET", "POST", "OPTIONS", "DELETE")):
        body = {"title": "x"} if method == "POST" else None
        response = client.open(path, method=method, headers=headers, json=body)
        refused = (response.status_code, response.content_type)
        assert (path, method, *refused) == (path, method, 403, "application/problem+json")
        assert "evil" not in response.text and "Access-Control-Allow-Origin" not in response.headers
    assert datadog.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:8000"},
        {"Host": "LOCALHOST:8000", "Origin": "http://localhost:8000"},
        {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"},
        {"Host": "[::1]:8000", "Origin": "http://[::1]:8000"},
        {"Host": "canary---llm-api.localhost:8000"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
    ids=str,
)
def test_programs_and_own_pages_pass(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/datadog/products", headers=headers).status_code == 200


def test_a_link_on_another_site_opens_a_page_and_nothing_else(client: FlaskClient) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert {path: client.get(path, headers=link).status_code for path in ("/", "/docs", "/datadog/products")} == {
        "/": 200, "/docs": 200, "/datadog/products": 403,
    }  # fmt: skip
    assert client.post("/", headers=link).status_code == 403


def test_probes_name_an_address(client: FlaskClient) -> None:
    assert client.get("/health", headers={"Host": "10.0.0.7:8080"}).status_code == 200
    assert client.get("/ready", headers={"Host": "10.0.0.7:8080"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("llm-api-1a2b3c4d5e-ew.a.run.app", 200),
        ("llm-api-123456789012.europe-west1.run.app", 200),
        ("canary---llm-api-1a2b3c4d5e-ew.a.run.app", 200),
        ("other-1a2b3c4d5e-ew.a.run.app", 403),
        ("llm-api-1a2b3c4d5e-ew.a.run.app.evil.example", 403),
        ("localhost", 403),
    ],
)
def test_own_hosts_are_configured(create: Create, host: str, status: int) -> None:
    client = create(OWN_HOSTS=CLOUD_RUN).test_client()
    origin = {"Host": host, "Origin": f"https://{host}"}
    assert client.get("/docs", headers=origin).status_code == status


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"]
)
def test_a_body_is_json(client: FlaskClient, datadog: FakeDatadog, kind: str) -> None:
    for path, body in (("/v1/chat", b'{"message": "hi"}'), ("/datadog/ci/build", b'{"name": "x"}'),
                       ("/v1/control/cache", b'{"enabled": true}')):  # fmt: skip
        headers = {"Content-Type": kind, "Authorization": "Bearer an-operators-token"}
        response = client.post(path, data=body, headers=headers)
        assert (path, response.status_code) == (path, 415)
    # fetch() sends the body of a Blob without a type.
    assert client.post("/datadog/ci/build", data=b'{"name": "x"}').status_code == 400
    assert datadog.requests == []


def test_a_post_without_a_body_needs_no_type(client: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("POST", "/api/v2/ci/pipeline", {}, 202)
    assert client.post("/datadog/ci/build?name=x").status_code == 201
    assert client.post("/datadog/ci/build?name=x", headers={"Content-Type": "text/plain"}).status_code == 201


def test_nothing_redirects(client: FlaskClient) -> None:
    for path in ("/static//x", "/evil.example//x", "/docs/", "/v1//chat", "/static/../x", "/docs//"):
        response = client.get(path)
        assert response.status_code in (200, 404, 405) and "Location" not in response.headers, path


def test_no_site_shows_a_response_in_a_frame(client: FlaskClient) -> None:
    for path in (*PATHS, "/health"):
        response = client.get(path)
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"], path
        assert response.headers["X-Content-Type-Options"] == "nosniff"
