"""The chat page in a real browser: RUM gets views, actions and errors, and no text that people write or read."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake import Receiver, replay
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from firedrill.settings import API_KEY
from tests.browser import needs_chromium, tab
from tests.integration.sandbox.console.conftest import running_console
from tests.integration.service import sandbox
from tests.integration.service.sandbox import eventually
from tests.unit.sandbox.intake.test_ddtrace import served

APPLICATION, TOKEN = "0c5f6f5e-3d0a-4b7e-9a55-2f3f8e7f1a11", "pub0123456789abcdef0123456789abcdef"
QUESTION = "What is the correct horse?"


@dataclass
class Intake:
    """Datadog's intake for browsers, as the sandbox serves it, and all bodies as they came."""

    url: str
    receiver: Receiver
    bodies: list[bytes]

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Return the account's RUM events."""
        events = [
            dict(event.attributes["attributes"])
            for event in self.receiver.destination("org").events("rum", 0, math.inf)
        ]
        return [event for event in events if not kind or event["type"] == kind]

    def replay(self) -> list[dict[str, Any]]:
        """Return the segments of the session's replay."""
        segments = self.receiver.destination("org").events("replay", 0, math.inf)
        return [dict(segment.attributes["attributes"]) for segment in segments]


@contextmanager
def intake(folder: Path) -> Iterator[Intake]:
    """Provide an account with one RUM application."""
    application = {"id": APPLICATION, "attributes": {"client_token": TOKEN}}
    receiver = Receiver(
        folder / "telemetry", "org", lambda _org, kind: [application] if kind == "rum_applications" else []
    )
    bodies: list[bytes] = []

    async def keep(request: Request, call_next: RequestResponseEndpoint) -> Response:
        body = await request.body()
        bodies.append(body)
        return await call_next(request)

    with served(receiver, [Middleware(BaseHTTPMiddleware, dispatch=keep)]) as url:
        yield Intake(url, receiver, bodies)


@needs_chromium
def test_a_browser_chats_and_rum_sees_what_people_do(tmp_path: Path) -> None:
    with (
        sandbox.google(tmp_path) as google,
        sandbox.trace_agent(tmp_path) as agent,
        intake(tmp_path) as rum,
        sandbox.service(
            tmp_path, google, agent, RUM_APPLICATION_ID=APPLICATION, RUM_CLIENT_TOKEN=TOKEN, DD_API_URL=rum.url,
            RUM_REPLAY_PERCENT="100",
        ) as service,
        tab(tmp_path) as browser,
    ):  # fmt: skip
        page = browser.page
        page.goto(service.url)
        eventually(lambda: page.evaluate("!!window.DD_RUM?.getInternalContext()"), what="RUM's session")
        _ask(page, QUESTION)
        page.get_by_role("button", name="Good").click()
        eventually(lambda: service.lines("feedback"), what="the feedback")
        httpx.post(f"{google}/-/gemini/failures", json={"mode": "blocked"}).raise_for_status()
        _ask(page, QUESTION)
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        answer = page.locator(".answer").first.inner_text()
        complaints = [complaint for complaint in browser.complaints if "422" not in complaint]
        # A segment of the replay lasts five seconds. Events that are held back are sent when the page is hidden.
        eventually(lambda: "xxx" in json.dumps(rum.replay()), what="the replay")
        page.goto("about:blank")
        kinds = {"view", "action", "error", "resource"}
        eventually(lambda: kinds <= {event["type"] for event in rum.events()}, what="view, action, error and resource")
        events, bodies, recorded = rum.events(), rum.bodies, rum.replay()
        actions = {event["action"]["name"] for event in rum.events("action")}
        traced = [event for event in rum.events("resource") if event["resource"]["url"].endswith("/v1/chat")]
        log, feedback = service.lines("chat"), service.lines("feedback")
        # The browser's traces go on in the service's.
        trace_ids = {int(event["_dd"]["trace_id"]) for event in traced}
        eventually(lambda: trace_ids <= _traces(agent), what="the traces")
    assert complaints == []
    assert {"ask_submitted", "answer_shown", "answer_rated"} <= actions
    failed = next(event for event in rum.events("error") if event["error"]["type"] == "ChatFailed")
    assert (failed["context"]["status"], failed["context"]["outcome"]) == (422, "blocked")
    assert {line["feature"] for line in log} == {"chat_page"}
    assert {line["rating"] for line in feedback} == {"up"}
    assert trace_ids
    assert all(event["application"]["id"] == APPLICATION and event["service"] == "llm-web" for event in events)
    for text in (QUESTION, answer):
        assert not any(text.encode() in body for body in [*bodies, json.dumps(recorded).encode()])
    assert any(event["view"].get("action", {}).get("count") for event in rum.events("view"))
    # The replay shows the page's structure, with every text masked.
    assert "textarea" in json.dumps(recorded).lower()
    replayed = replay.session(recorded)
    assert len(replayed["records"]) == sum(segment["records_count"] for segment in recorded)
    assert not any(kind.startswith("type ") for kind in replayed["counts"]), replayed["counts"]
    assert {segment["session"]["id"] for segment in recorded} == {event["session"]["id"] for event in events}
    _assert_the_console_plays(recorded, tmp_path / "console")


def _assert_the_console_plays(recorded: list[dict[str, Any]], folder: Path) -> None:
    """Check that the console rebuilds the page: without answers at the beginning, with masked ones at the end."""
    folder.mkdir()
    with running_console(folder) as console, tab(folder, viewport={"width": 1280, "height": 900}) as browser:
        segments = [
            Event(segment["start"] / 1000, replay.TRACK, {"tags": [], "attributes": segment}) for segment in recorded
        ]
        TelemetryStore(console.database, API_KEY).append_events(segments)
        page = browser.page
        page.goto(f"{console.url}/rum/sessions")
        page.get_by_role("link", name="Play").click()
        drawn = page.frame_locator("iframe")
        expect(drawn.locator("textarea")).to_be_visible()
        expect(drawn.locator("#answers article")).to_have_count(0)
        assert drawn.locator("body").evaluate("body => getComputedStyle(body).marginTop") == "0px", "no style sheet"
        page.get_by_label("Speed").select_option("8")
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=30_000)
        expect(drawn.locator("#answers article").first).to_contain_text("xxx")
        assert page.locator(".replay-mouse").is_visible()
        page.get_by_label("Position").fill("0")
        expect(drawn.locator("#answers article")).to_have_count(0)
        # The frame runs no script, not even those of Playwright.
        assert [complaint for complaint in browser.complaints if "Blocked script execution" not in complaint] == []


def _traces(agent: str) -> set[int]:
    """Return the traces that reach the model."""
    spans = [span for trace in httpx.get(f"{agent}/test/traces").json() for span in trace]
    return {span["trace_id"] for span in spans if span["name"] == "google_genai.request"}


def _ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask").click()
