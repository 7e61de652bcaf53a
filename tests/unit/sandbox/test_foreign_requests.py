"""The sandbox's servers refuse what a web page may have sent, and serve programs."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firedrill.sandbox.foreign_requests import ForeignRequests


async def echo(request: Request) -> Response:
    return Response(await request.body())


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
APP = ForeignRequests(
    Starlette(routes=[Route("/{path:path}", echo, methods=METHODS)]), ("/api/v2/rum",), ("", "monitors")
)


def status(method: str, path: str, headers: dict[str, str], content: bytes = b"") -> int:
    """Return the status of a request to a sandbox at localhost:8001."""

    async def send() -> int:
        transport = httpx.ASGITransport(app=APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client:
            return (await client.request(method, path, headers=headers, content=content)).status_code

    return asyncio.run(send())


@pytest.mark.parametrize("path", ["/-/faults", "/-/resources/x", "/api/v1/monitor?api_key=x", "/storage/v1/b"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:8001"},
        {"Host": "evil.example:8001", "Origin": "http://evil.example:8001", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_pages_request_is_refused(path: str, headers: dict[str, str]) -> None:
    assert {status(method, path, headers) for method in METHODS} == {403}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "127.0.0.1:8001"},
        {"Host": "run.googleapis.com"},
        {"Host": "api.datadoghq.eu"},
        {"Origin": "http://localhost:8001", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=str,
)
def test_programs_are_served(headers: dict[str, str]) -> None:
    assert {status(method, "/-/faults", headers) for method in METHODS} == {200}


def test_a_body_for_the_control_routes_is_json() -> None:
    for kind, expected in (("text/plain", 415), ("", 415), ("application/json; charset=utf-8", 200)):
        assert status("POST", "/-/gemini/failures", {"Content-Type": kind} if kind else {}, b"{}") == expected
    assert status("POST", "/-/gemini/failures", {}) == 200


def test_pages_of_any_origin_send_what_browsers_observe() -> None:
    page = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-site", "Content-Type": "text/plain"}
    assert status("POST", "/api/v2/rum?dd-api-key=x", page, b"{}") == 200
    assert status("POST", "/api/v2/rum", page | {"Host": "evil.example"}, b"{}") == 403


@pytest.mark.parametrize("path", ["/", "/monitors", "/monitors/1"])
def test_a_link_on_another_page_opens_a_page_of_the_console(path: str) -> None:
    assert status("GET", path, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}) == 200


@pytest.mark.parametrize(
    ("method", "path", "destination"),
    [
        ("GET", "/monitors/1", "iframe"),
        ("GET", "/monitors/1", "empty"),
        ("POST", "/monitors/1", "document"),
        ("GET", "/-/status", "document"),
        ("GET", "/api/v1/monitor", "document"),
    ],
)
def test_only_a_window_of_its_own_opens_by_a_link(method: str, path: str, destination: str) -> None:
    assert status(method, path, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": destination}) == 403
