"""No private text leaves: both corpora go through every way into a running service, and all its output is searched."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from firedrill.settings import API_KEY, APP_KEY
from tests.faults.world import world
from tests.http_server import QuietHandler, serve
from tests.integration.service import sandbox
from tests.integration.service.corpus import private
from tests.integration.service.private_kinds import private_texts
from tests.integration.service.sandbox import TOKEN, agent_bodies, eventually
from tests.unit.service.telemetry.test_redactor import CORPUS

SEED = 20261202
NAMED_HEADERS = ("baggage", "Cookie", "tracestate", "x-datadog-tags", "x-datadog-origin", "X-Session-Id", "X-Feature",
                 "X-Caller-Id", "Accept-Language", "Origin", "Idempotency-Key")  # fmt: skip
"""Headers of which the service or the tracer reads something."""


@cache
def cases() -> list[tuple[str, str, str]]:
    """Return kind, secret and text of each case."""
    people = [(case.kind, case.secret, case.text) for case in private()]
    # Shorter ones are found by chance in ids.
    generated = [(text.kind, text.secret, text.text) for text in private_texts(SEED, 2) if len(text.secret) >= 8]
    return [*people, *generated, *CORPUS]


BROKEN = "unreadable: "
"""A prompt that begins so gets an answer that is not JSON, and quotes it."""
Send = Callable[[httpx.Client, str], httpx.Response]


def ways(url: str) -> tuple[tuple[Send, ...], ...]:
    """Return the ways of a text into the service; a case goes through all ways of one group."""
    datadog = f"{url}/datadog"

    def chat(client: httpx.Client, text: str, **options: Any) -> httpx.Response:
        return client.post(f"{url}/v1/chat", json={"message": text, **options})

    return (
        (chat, lambda client, text: chat(client, BROKEN + text)),
        (lambda client, text: chat(client, text, stream=True), lambda client, text: chat(client, "hi", model=text)),
        (lambda client, text: client.post(f"{datadog}/error-tracking/track", json={
            "error_message": text, "stack": f'File "x.py", line 1\n{text}', "user_action": text[:200]}),),
        (lambda client, text: client.get(f"{datadog}/products", params={"q": text},
                                         headers=dict.fromkeys((b"User-Agent", b"Referer"),
                                                               " ".join(text.split()).encode())),
         lambda client, text: client.get(f"{url}/nowhere/{quote(text, safe='')}")),
        (lambda client, text: client.post(f"{datadog}/ci/test-result", json={"test_name": text, "suite": text}),
         lambda client, text: client.get(f"{datadog}/oncall/current/{quote(text, safe='')}")),
        (lambda client, text: client.post(f"{datadog}/oncall/page", json={"message": text}),),
        (lambda client, text: client.post(f"{datadog}/incidents", json={"title": text[:300], "summary": text}),),
        (lambda client, text: client.post(f"{datadog}/service-map/enhance-tags", json={"service": "x", "tags": [text]}),
         lambda client, text: client.post(f"{url}/v1/control/model", json={"model": text, "reason": text},
                                          headers={"Authorization": f"Bearer {TOKEN}"})),
        (lambda client, text: client.get(f"{url}/docs", headers=dict.fromkeys(NAMED_HEADERS[:-2], quote(text))),
         lambda client, text: client.post(f"{datadog}/ci/build?name=x", headers={
             "Idempotency-Key": quote(text)[:200]})),
        (lambda client, text: client.post(f"{url}/v1/chat", json={"message": "hi"}, headers={
            "baggage": f"user.id={quote(text)}", "X-Session-Id": quote(text),
            "tracestate": f"dd=t.usr.id:{quote(text)}"}),
         lambda client, text: client.post(f"{url}/v1/feedback", json={
             "answer_id": "1f.7.gemini-3.8-flash", "rating": "up", "comment": text})),
        (lambda client, text: client.post(f"{url}/v1/chat", content=text.encode()),
         lambda client, text: client.post(f"{datadog}/ci/deployment", json={"version": text, "environment": text[:50]}),
         lambda client, text: chat(client, text, conversation="c" * 32)),
        (lambda client, text: client.get(f"{url}/docs", headers={"Host": quote(text)[:60]}),
         lambda client, text: client.post(f"{url}/v1/chat", json={text: text}),
         lambda client, text: client.post(f"{url}/v1/feedback", json={"answer_id": text[:100], "rating": text})),
    )  # fmt: skip


@contextmanager
def echo() -> Iterator[str]:
    """Provide a Gemini whose answer is the prompt; a stream's answer breaks in the middle of it."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = body["contents"][-1]["parts"][-1]["text"]
            if BROKEN in text:
                content = f'{{"candidates": {text}'.encode()
            elif "stream" in self.path:
                halves = (text[: len(text) // 2], text[len(text) // 2 :])
                content = b"".join(b"data: " + self._answer(half) + b"\r\n\r\n" for half in halves)
            else:
                content = self._answer(text)
            self.send_response_only(200)
            self.send_header("Content-Type", "text/event-stream" if "stream" in self.path else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _answer(self, text: str) -> bytes:
            candidate = {"content": {"role": "model", "parts": [{"text": text or " "}]}, "finishReason": "STOP"}
            usage = {"promptTokenCount": 5, "candidatesTokenCount": 5, "totalTokenCount": 10}
            return json.dumps({"candidates": [candidate], "usageMetadata": usage}).encode()

    with serve(Handler) as url:
        yield url


def spellings(secret: str) -> set[bytes]:
    """Return the encodings in which a text may be sent."""
    return {text.encode() for text in (secret, json.dumps(secret)[1:-1], quote(secret), quote_plus(secret))}


def test_nothing_private_is_in_anything_that_is_received(tmp_path: Path) -> None:
    with (
        world(tmp_path) as around,
        echo() as gemini,
        sandbox.trace_agent(tmp_path) as agent,
        sandbox.statsd() as metrics,
        sandbox.service(
            tmp_path, around.google.url, agent, metrics, GOOGLE_VERTEX_BASE_URL=gemini, DD_API_URL=around.datadog.url,
            DD_API_KEY=API_KEY, DD_APP_KEY=APP_KEY, API_AUTH="loopback", CALLER_TOKENS_PER_HOUR="1e12",
            CALLER_DOLLARS_PER_HOUR="1e6", RUM_APPLICATION_ID="0c5f6f5e-3d0a-4b7e-9a55-2f3f8e7f1a11",
        ) as service,
    ):  # fmt: skip
        through = ways(service.url)
        answers: list[int] = []
        with httpx.Client(timeout=60) as client, ThreadPoolExecutor(8) as pool:

            def go(numbered: tuple[int, tuple[str, str, str]]) -> list[int]:
                number, (_, _, text) = numbered
                return [send(client, text).status_code for send in through[number % len(through)]]

            for statuses in pool.map(go, enumerate(cases())):
                answers += statuses
            track = f"{service.url}/datadog/error-tracking/track"
            assert client.post(track, json={"error_type": "TheLastOne"}).status_code == 200
        assert 500 not in answers

        eventually(lambda: b"TheLastOne" in agent_bodies(agent), 60, "the last trace")
        service.stop()
        api_calls = b"".join(request.path.encode() + request.body for request in around.datadog.seen)
        outputs = {
            "agent": agent_bodies(agent), "log": service.output.read_bytes(), "metrics": str(metrics.values).encode(),
            "API": api_calls,
        }  # fmt: skip
    leaks = [
        (
            place,
            kind,
            number % len(through),
            re.sub(rb"\s+", b" ", content[max(content.find(spelling) - 80, 0) :][:200]),
        )
        for number, (kind, secret, _) in enumerate(cases())
        for place, content in outputs.items()
        for spelling in spellings(secret)
        if spelling in content
    ]
    megabytes = {place: f"{len(content) / 1e6:.1f} MB" for place, content in outputs.items()}
    print(f"{len(cases())} cases, {len(private())} of them by others, {len(answers)} requests; searched {megabytes}")
    assert leaks == [], "\n".join(map(str, leaks))
    # The redactor was at work in each, and neither prompts nor answers came as far as it.
    assert b"[email]" in outputs["agent"] and b"[email]" in outputs["log"] and b"[email]" in api_calls
