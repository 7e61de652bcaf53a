"""Streams that are split, or end, at every byte: no part of the answer is in anything that Datadog receives."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from firedrill.settings import API_KEY, APP_KEY
from tests.faults.world import world
from tests.http_server import QuietHandler, serve
from tests.integration.service import sandbox
from tests.integration.service.sandbox import agent_bodies, eventually

ANSWER = (
    "Zürich: maria.lopez@corp.example, 4111 1111 1111 1111, ghp_16C7e42F292c6912E7710c838347Ae178B4a, "
    "DE89370400440532013000"
)
WINDOW = 8
"""So many characters of the answer in a row are in nothing else."""


def stream_bytes() -> bytes:
    """Return Gemini's stream of the answer in two pieces, with characters of more than one byte."""
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 5, "totalTokenCount": 10}
    middle = len(ANSWER) // 2
    pieces = []
    for text, end in ((ANSWER[:middle], {}), (ANSWER[middle:], {"finishReason": "STOP"})):
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, **end}
        event = json.dumps({"candidates": [candidate], "usageMetadata": usage}, ensure_ascii=False)
        pieces.append(f"data: {event}\r\n\r\n".encode())
    return b"".join(pieces)


@contextmanager
def breaking_gemini() -> Iterator[str]:
    """Provide a Gemini whose stream is sent in two parts, or ends after the first, as the prompt ``split 7`` says."""
    whole = stream_bytes()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            way, place = body["contents"][-1]["parts"][-1]["text"].split()
            self.send_response_only(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(whole[: int(place)])
                time.sleep(0.002)  # so that the two parts are two reads
                if way == "split":
                    self.wfile.write(whole[int(place) :])
            self.close_connection = way == "end"

    with serve(Handler) as url:
        yield url


def delivered(response: httpx.Response) -> tuple[str, str]:
    """Return the text that a caller received, and the last event's name; for a refusal, its outcome."""
    if response.status_code != 200:
        return "", response.json()["outcome"]
    events = re.findall(r"event: (\w+)\ndata: (.*)\n\n", response.text)
    return "".join(json.loads(data)["text"] for name, data in events if name == "delta"), events[-1][0]


@pytest.mark.slow
def test_no_part_of_a_broken_stream_leaves_for_datadog(tmp_path: Path) -> None:
    ways = [(way, place) for place in range(len(stream_bytes())) for way in ("split", "end")]
    with (
        world(tmp_path) as around,
        breaking_gemini() as gemini,
        sandbox.trace_agent(tmp_path) as agent,
        sandbox.statsd() as metrics,
        sandbox.service(
            tmp_path, around.google.url, agent, metrics, GOOGLE_VERTEX_BASE_URL=gemini, DD_API_URL=around.datadog.url,
            DD_API_KEY=API_KEY, DD_APP_KEY=APP_KEY, API_AUTH="loopback", CALLER_TOKENS_PER_HOUR="1e12",
            CALLER_DOLLARS_PER_HOUR="1e6", BREAKER_SECONDS="1",
        ) as service,
        httpx.Client(timeout=60) as client,
    ):  # fmt: skip

        def ask(way: tuple[str, int]) -> tuple[str, str]:
            body = {"message": f"{way[0]} {way[1]}", "stream": True}
            return delivered(client.post(f"{service.url}/v1/chat", json=body))

        with ThreadPoolExecutor(8) as pool:
            received = dict(zip(ways, pool.map(ask, ways), strict=True))
        track = f"{service.url}/datadog/error-tracking/track"
        assert client.post(track, json={"error_type": "TheLastOne"}).status_code == 200

        eventually(lambda: b"TheLastOne" in agent_bodies(agent), 60, "the last trace")
        service.stop()
        outputs = {
            "agent": agent_bodies(agent), "log": service.output.read_bytes(), "metrics": str(metrics.values).encode(),
            "API": b"".join(request.path.encode() + request.body for request in around.datadog.seen),
        }  # fmt: skip
    whole = {way for way, answer in received.items() if answer == (ANSWER, "done")}
    assert whole == {way for way in ways if way[0] == "split"}
    assert all(ANSWER.startswith(text) for text, _ in received.values())
    windows = {ANSWER[start : start + WINDOW] for start in range(len(ANSWER) - WINDOW + 1)}
    spellings = {text for window in windows for text in (window.encode(), json.dumps(window)[1:-1].encode())}
    leaks = [(place, text) for place, content in outputs.items() for text in spellings if text in content]
    print(f"{len(ways)} streams; searched { ({place: len(content) for place, content in outputs.items()}) } bytes")
    assert leaks == []
