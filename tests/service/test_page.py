"""The chat page in a real browser: it asks and rates, RUM sees view, actions and error, and no text of anybody's."""

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from firedrill.sandbox.datadog.intake import Receiver
from service.page import PAGE
from service.settings import from_environment
from tests.sandbox.intake.test_ddtrace import served
from tests.service import browser, sandbox
from tests.service.sandbox import eventually

APPLICATION, TOKEN = "0c5f6f5e-3d0a-4b7e-9a55-2f3f8e7f1a11", "pub0123456789abcdef0123456789abcdef"
QUESTION = "What is the correct horse?"


@dataclass
class Intake:
    """Datadog's intake for browsers, as the sandbox serves it, and all bodies as they came."""

    url: str
    receiver: Receiver
    bodies: list[bytes]

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The account's RUM events."""
        found = [
            dict(one.attributes["attributes"]) for one in self.receiver.destination("org").events("rum", 0, math.inf)
        ]
        return [one for one in found if not kind or one["type"] == kind]


@contextmanager
def intake(folder: Path) -> Iterator[Intake]:
    """An account with one RUM application."""
    application = {"id": APPLICATION, "attributes": {"client_token": TOKEN}}
    receiver = Receiver(
        folder / "telemetry", "org", lambda _org, kind: [application] if kind == "rum_applications" else []
    )
    bodies: list[bytes] = []

    async def keep(request: Request, call_next: RequestResponseEndpoint) -> Response:
        body = await request.body()
        bodies.append(body if request.url.path != "/api/v2/replay" else _recorded(body))
        return await call_next(request)

    with served(receiver, [Middleware(BaseHTTPMiddleware, dispatch=keep)]) as url:
        yield Intake(url, receiver, bodies)


@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs chromium (apt-get install chromium)")
def test_a_browser_chats_and_rum_sees_what_people_do(tmp_path: Path) -> None:
    with (
        sandbox.google(tmp_path) as google,
        sandbox.trace_agent(tmp_path) as agent,
        intake(tmp_path) as rum,
        sandbox.service(
            tmp_path, google, agent, RUM_APPLICATION_ID=APPLICATION, RUM_CLIENT_TOKEN=TOKEN, DD_API_URL=rum.url,
            RUM_REPLAY_PERCENT="100",
        ) as service,
        browser.page(tmp_path) as page,
    ):  # fmt: skip
        page.call("Page.navigate", url=service.url)
        eventually(lambda: page.run("!!window.DD_RUM?.getInternalContext()"), what="RUM's session")
        _ask(page, QUESTION)
        eventually(lambda: page.run("!!document.querySelector('.actions:not([hidden])')"), what="an answer")
        page.run("document.querySelector('.up').click()")
        eventually(lambda: service.lines("feedback"), what="the feedback")
        httpx.post(f"{google}/-/gemini/failures", json={"mode": "blocked"}).raise_for_status()
        _ask(page, QUESTION)
        eventually(lambda: page.run("!!document.querySelector('.failure:not([hidden])')"), what="a failure")
        answer = page.run("document.querySelector('.answer').textContent")
        complaints = [one for one in page.complaints() if "422" not in one]
        # What is held back is sent when the page is hidden.
        page.call("Page.navigate", url="about:blank")
        kinds = {"view", "action", "error", "resource"}
        eventually(lambda: kinds <= {one["type"] for one in rum.events()}, what="view, action, error and resource")
        recorded = eventually(lambda: b"".join(one for one in rum.bodies if b'"records":' in one), what="the replay")
        events, bodies = rum.events(), rum.bodies
        actions = {one["action"]["name"] for one in rum.events("action")}
        traced = [one for one in rum.events("resource") if one["resource"]["url"].endswith("/v1/chat")]
        log, feedback = service.lines("chat"), service.lines("feedback")
        # The browser's traces go on in the service's.
        asked = {int(one["_dd"]["trace_id"]) for one in traced}
        eventually(lambda: asked <= _traces(agent), what="the traces")
    assert complaints == []
    assert {"ask_submitted", "answer_shown", "answer_rated"} <= actions
    failed = next(one for one in rum.events("error") if one["error"]["type"] == "ChatFailed")
    assert (failed["context"]["status"], failed["context"]["outcome"]) == (422, "blocked")
    assert {one["feature"] for one in log} == {"chat_page"}
    assert {one["rating"] for one in feedback} == {"up"}
    assert asked
    assert all(one["application"]["id"] == APPLICATION and one["service"] == "llm-web" for one in events)
    for text in (QUESTION, answer):
        assert not any(text.encode() in body for body in bodies)
    assert any(one["view"].get("action", {}).get("count") for one in rum.events("view"))
    # The replay shows the page's structure, with every text masked.
    assert b'"TEXTAREA"' in recorded
    assert b"xxx" in recorded


def _recorded(body: bytes) -> bytes:
    """A replay's segment in plain: the first part of a form, compressed."""
    _, _, content = body.partition(b"\r\n\r\n")
    return zlib.decompressobj().decompress(content)


def _traces(agent: str) -> set[int]:
    return {span["trace_id"] for trace in httpx.get(f"{agent}/test/traces").json() for span in trace}


def _ask(page: browser.Page, question: str) -> None:
    page.run(f"document.getElementById('message').value = {json.dumps(question)}")
    page.run("document.getElementById('send').click()")


def test_the_policy_is_strict_and_names_the_intake(tmp_path: Path) -> None:
    with sandbox.service(tmp_path, WEB_CONCURRENCY="1") as service:
        page, config = httpx.get(service.url), httpx.get(f"{service.url}/config.js")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    assert policy["connect-src"] == "'self' https://browser-intake-datadoghq.com"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert '"rum": null' in config.text


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("datadoghq.com", "browser-intake-datadoghq.com"),
        ("datadoghq.eu", "browser-intake-datadoghq.eu"),
        ("us5.datadoghq.com", "browser-intake-us5-datadoghq.com"),
        ("ap1.datadoghq.com", "browser-intake-ap1-datadoghq.com"),
    ],
)
def test_each_site_has_its_intake(site: str, host: str) -> None:
    assert from_environment({"DD_SITE": site}).browser_intake == f"https://{host}"


def test_the_sdk_is_the_one_that_the_page_pins() -> None:
    found = re.search(
        r'src="static/(datadog-rum-[\d.]+/datadog-rum\.js)"\s+integrity="sha384-([^"]+)"', PAGE.read_text()
    )
    assert found
    script = PAGE.parent / found[1]
    assert base64.b64encode(hashlib.sha384(script.read_bytes()).digest()).decode() == found[2]
    assert f'version:"{script.parent.name.rpartition("-")[2]}"'.encode() in script.read_bytes()
    assert "Apache License" in (script.parent / "LICENSE").read_text()
