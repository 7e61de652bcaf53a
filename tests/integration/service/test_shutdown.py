"""SIGTERM while chats wait for Gemini: each gets a status, or an end of its stream, before Cloud Run's SIGKILL."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.http_server import QuietHandler, serve
from tests.integration.service import sandbox

CLOUD_RUN_SECONDS = 10
MESSAGE = {"message": "What is an error budget?"}
PIECE = {"candidates": [{"content": {"role": "model", "parts": [{"text": "An error budget"}]}}]}


@contextmanager
def hanging_gemini() -> Iterator[tuple[str, threading.Semaphore]]:
    """Provide the URL of a Gemini that hangs: before its answer, or in a stream after the first piece.

    The semaphore is released for each call that hangs now.
    """
    hanging, over = threading.Semaphore(0), threading.Event()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if "streamGenerateContent" in self.path:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(f"data: {json.dumps(PIECE)}\r\n\r\n".encode())
            hanging.release()
            over.wait(60)

    with serve(Handler) as url:
        yield url, hanging
        over.set()


def test_every_chat_that_began_has_an_answer_when_the_instance_ends(tmp_path: Path) -> None:
    with (
        hanging_gemini() as (gemini, hanging),
        sandbox.google(tmp_path) as google,
        sandbox.service(tmp_path, google, GOOGLE_VERTEX_BASE_URL=gemini) as service,
        ThreadPoolExecutor(6) as pool,
    ):
        chats = [
            pool.submit(httpx.post, f"{service.url}/v1/chat", json=MESSAGE | {"stream": number >= 3}, timeout=30)
            for number in range(6)
        ]
        for _ in chats:
            assert hanging.acquire(timeout=30)
        seconds = service.stop()
        answers = [chat.result() for chat in chats]
        statuses = [line["http"]["status_code"] for line in service.lines("chat")]
    assert seconds < CLOUD_RUN_SECONDS
    ending = "this instance is ending: try again"
    for answer in answers[:3]:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json()["detail"] == ending
    for answer in answers[3:]:
        first, *_, last = answer.text.strip().split("\n\n")
        assert (answer.status_code, first.partition("\n")[0]) == (200, "event: delta")
        event, data = last.split("\n")
        assert (event, json.loads(data.removeprefix("data: "))["detail"]) == ("event: error", ending)
    assert statuses == [503] * 6


def test_an_instance_without_open_chats_ends_at_once(tmp_path: Path) -> None:
    with sandbox.google(tmp_path) as google, sandbox.service(tmp_path, google) as service:
        httpx.post(f"{service.url}/v1/chat", json=MESSAGE, timeout=30).raise_for_status()
        service.stop()
        assert service.process.returncode == 0
