"""Nothing private leaves: both corpora through every way into a running service, and all that comes out of it read."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from firedrill.sandbox.settings import API_KEY, APP_KEY
from tests.faults.world import world
from tests.service import sandbox
from tests.service.corpus import private
from tests.service.sandbox import TOKEN, eventually
from tests.service.test_redactor import CORPUS


@cache
def cases() -> list[tuple[str, str, str]]:
    """Kind, secret and text of each."""
    return [*((one.kind, one.secret, one.text) for one in private()), *CORPUS]


BROKEN = "unreadable: "
"""A prompt that begins so gets an answer that is no JSON, and quotes it."""
Send = Callable[[httpx.Client, str], httpx.Response]


def ways(url: str) -> tuple[tuple[Send, ...], ...]:
    """How a text gets into the service; more than one where a case goes through each."""
    datadog = f"{url}/datadog"

    def chat(client: httpx.Client, text: str, **more: Any) -> httpx.Response:
        return client.post(f"{url}/v1/chat", json={"message": text, **more})

    return (
        (chat, lambda client, text: chat(client, BROKEN + text)),
        (lambda client, text: chat(client, text, stream=True), lambda client, text: chat(client, "hi", model=text)),
        (lambda client, text: client.post(f"{datadog}/error-tracking/track", json={
            "error_message": text, "stack": f'File "x.py", line 1\n{text}', "user_action": text[:200]}),),
        (lambda client, text: client.get(f"{datadog}/products", params={"q": text},
                                         headers=[(b"User-Agent", text.encode()), (b"Referer", text.encode())]),
         lambda client, text: client.get(f"{url}/nowhere/{quote(text, safe='')}")),
        (lambda client, text: client.post(f"{datadog}/ci/test-result", json={"test_name": text, "suite": text}),
         lambda client, text: client.get(f"{datadog}/oncall/current/{quote(text, safe='')}")),
        (lambda client, text: client.post(f"{datadog}/oncall/page", json={"message": text}),),
        (lambda client, text: client.post(f"{datadog}/incidents", json={"title": text[:300], "summary": text}),),
        (lambda client, text: client.post(f"{datadog}/service-map/enhance-tags", json={"service": "x", "tags": [text]}),
         lambda client, text: client.post(f"{url}/v1/control/model", json={"model": text, "reason": text},
                                          headers={"Authorization": f"Bearer {TOKEN}"})),
    )  # fmt: skip


@contextmanager
def echo() -> Iterator[str]:
    """A Gemini whose answer is the prompt; a stream's answer breaks in the middle of it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = body["contents"][-1]["parts"][-1]["text"]
            if BROKEN in text:
                content = f'{{"candidates": {text}'.encode()
            elif "stream" in self.path:
                parts = (text[: len(text) // 2], text[len(text) // 2 :])
                content = b"".join(b"data: " + self._answer(part) + b"\r\n\r\n" for part in parts)
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

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spellings(secret: str) -> set[bytes]:
    """How a text may stand in what is sent."""
    return {one.encode() for one in (secret, json.dumps(secret)[1:-1], quote(secret), quote_plus(secret))}


def test_nothing_private_is_in_anything_that_is_received(tmp_path: Path) -> None:
    with (
        world(tmp_path) as around,
        echo() as gemini,
        sandbox.trace_agent(tmp_path) as agent,
        sandbox.statsd() as metrics,
        sandbox.service(
            tmp_path, around.google.url, agent, metrics, GOOGLE_VERTEX_BASE_URL=gemini, DD_API_URL=around.datadog.url,
            DD_API_KEY=API_KEY, DD_APP_KEY=APP_KEY, API_AUTH="loopback", CALLER_TOKENS_PER_HOUR="1e12",
            CALLER_DOLLARS_PER_HOUR="1e6",
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

        def sent() -> bytes:
            requests = httpx.get(f"{agent}/test/session/requests", timeout=60).json()
            return b"".join(base64.b64decode(request["body"]) for request in requests)

        eventually(lambda: b"TheLastOne" in sent(), 60, "the last trace")
        service.stop()
        called = b"".join(one.path.encode() + one.body for one in around.datadog.seen)
        parts = {"agent": sent(), "log": service.output.read_bytes(), "metrics": str(metrics.values).encode(),
                 "API": called}  # fmt: skip
    left = [
        (place, kind, number % len(through), re.sub(rb"\s+", b" ", content[max(content.find(one) - 80, 0) :][:200]))
        for number, (kind, secret, _) in enumerate(cases())
        for place, content in parts.items()
        for one in spellings(secret)
        if one in content
    ]
    megabytes = {place: f"{len(content) / 1e6:.1f} MB" for place, content in parts.items()}
    print(f"{len(cases())} cases, {len(private())} of them by others, {len(answers)} requests; searched {megabytes}")
    assert left == [], "\n".join(map(str, left))
    # The redactor was at work in each, and neither prompts nor answers came as far as it.
    assert b"[email]" in parts["agent"] and b"[email]" in parts["log"] and b"[email]" in called
