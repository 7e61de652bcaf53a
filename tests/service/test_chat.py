"""What callers of ``POST /v1/chat`` get."""

import json
import uuid
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.service import sandbox
from tests.service.conftest import Whole
from tests.service.sandbox import eventually


def events(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The server-sent events of an answer."""
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_a_chat_answers_with_text_tokens_cost_and_trace(running: Whole) -> None:
    answer = running.chat()
    body = answer.json()
    assert answer.status_code == 200
    assert body["text"].strip()
    assert body["model"] == "gemini-3.8-flash"
    assert body["usage"]["input_tokens"] > 0 < body["usage"]["output_tokens"]
    assert body["cost_usd"] > 0
    assert len(bytes.fromhex(body["trace_id"])) == 16


@pytest.mark.parametrize(
    "asked", [{"json": {"message": "hi", "stream": True}}, {"headers": {"Accept": "text/event-stream"}}]
)
def test_a_stream_says_the_same_in_pieces(running: Whole, asked: dict[str, Any]) -> None:
    whole = running.chat("hi").json()
    answer = httpx.post(f"{running.service.url}/v1/chat", timeout=30, **({"json": {"message": "hi"}} | asked))
    *deltas, (last, done) = events(answer)
    assert answer.headers["content-type"] == "text/event-stream"
    assert len(deltas) > 1
    assert {name for name, _ in deltas} == {"delta"}
    assert last == "done"
    assert "".join(data["text"] for _, data in deltas) == whole["text"]
    assert done["usage"] == whole["usage"]
    assert done["cost_usd"] == whole["cost_usd"]


def test_a_retired_model_is_answered_by_its_successor_and_both_are_named(running: Whole) -> None:
    body = running.chat(model="gemini-2.5-flash").json()
    assert (body["model_asked"], body["model"]) == ("gemini-2.5-flash", "gemini-3.5-flash-lite")


@pytest.mark.parametrize(
    ("mode", "status", "outcome"),
    [
        ("throttled", 429, "throttled"),
        ("down", 503, "provider_error"),
        ("blocked", 422, "blocked"),
        ("empty", 502, "empty"),
        ("malformed", 502, "provider_error"),
        ("cut", 502, "provider_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_each_failure_of_gemini_has_its_status(
    running: Whole, mode: str, status: int, outcome: str, stream: bool
) -> None:
    running.gemini_fails(mode)
    answer = running.chat(stream=stream)
    if mode == "cut" and stream:  # the first piece was already sent
        assert answer.status_code == 200
        name, body = events(answer)[-1]
        assert name == "error"
        # What was written before the cut is billed, though Gemini never told how much it was.
        line = running.service.lines("chat")[-1]
        assert line["usage_estimated"]
        assert line["cost_usd"] > 0
    else:
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
    assert (body["status"], body["outcome"]) == (status, outcome)
    assert ("retry-after" in answer.headers) == (answer.status_code in {429, 503})


@pytest.mark.parametrize("stream", [False, True])
def test_a_slow_answer_ends_at_the_deadline(running: Whole, stream: bool) -> None:
    running.gemini_fails("slow", seconds=10)
    answer = running.chat(stream=stream)
    assert (answer.status_code, answer.json()["outcome"]) == (504, "timeout")
    assert answer.elapsed.total_seconds() < 4


def test_a_caller_who_leaves_is_no_fault_of_the_service(running: Whole) -> None:
    running.gemini_fails("slow", seconds=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{running.service.url}/v1/chat", json={"message": "hi", "stream": True}, timeout=0.3)
    left = eventually(lambda: [line for line in running.service.lines("chat") if line["http"]["status_code"] == 499])
    assert [(line["outcome"], line["level"]) for line in left] == [("caller_error", "WARNING")]
    # Gemini had begun, and bills it.
    assert left[0]["usage_estimated"]
    assert left[0]["cost_usd"] > 0


def test_failures_do_not_multiply_calls(running: Whole) -> None:
    running.gemini_fails("down")
    for _ in range(30):
        assert running.chat().status_code == 503
    calls = httpx.get(f"{running.google}/-/gemini/failures").json()["failures"][0]["calls"]
    # A tenth is repeated, and what each of the two workers saved before; then their breakers open.
    assert calls <= 30 * 1.2
    assert {line["state"] for line in running.service.lines("breaker")} >= {"open"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"message": 1}',
        b'{"message": "  "}',
        b'{"message": "\\ud800"}',
        b'{"message": "hi", "model": "no-such-model"}',
        b'{"message": "hi", "temperature": 1}',
        b'{"message": "' + b"x" * 5001 + b'"}',
        b"\xff\xfe",
        b"[" * 50_000,
    ],
)
def test_a_wrong_request_is_the_callers_fault(running: Whole, body: bytes) -> None:
    answer = httpx.post(f"{running.service.url}/v1/chat", content=body, timeout=30)
    assert (answer.status_code, answer.json()["outcome"]) == (400, "caller_error")
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_enormous_body_is_refused(running: Whole) -> None:
    answer = httpx.post(f"{running.service.url}/v1/chat", content=b"x" * 5_000_000, timeout=30)
    assert answer.status_code == 413


def test_an_unknown_route_and_a_wrong_method_are_problems_too(running: Whole) -> None:
    assert httpx.get(f"{running.service.url}/nothing").json()["status"] == 404
    answer = httpx.get(f"{running.service.url}/v1/chat")
    assert (answer.json()["status"], answer.headers["allow"]) == (405, "OPTIONS, POST")


def test_a_conversation_goes_on_whichever_worker_answers(running: Whole) -> None:
    conversation, alone = str(uuid.uuid4()), running.chat("And then?").json()
    answers = [running.chat("And then?", conversation=conversation).json() for _ in range(12)]
    assert [one["history"] for one in answers] == [min(2 * number, 20) for number in range(12)]
    assert answers[0]["text"] == alone["text"] != answers[1]["text"]
    assert answers[1]["usage"]["input_tokens"] > alone["usage"]["input_tokens"]
    assert running.chat("And then?", conversation=str(uuid.uuid4())).json()["history"] == 0


def test_a_conversation_belongs_to_its_caller(running: Whole) -> None:
    url, body = f"{running.service.url}/v1/chat", {"message": "hi", "conversation": str(uuid.uuid4())}
    said = [
        httpx.post(url, json=body, headers={"X-Caller-Id": who}, timeout=30).json() for who in ("ann", "ann", "bob")
    ]
    assert [one["history"] for one in said] == [0, 2, 0]


def test_nothing_private_of_a_conversation_is_kept(running: Whole) -> None:
    body = {"conversation": str(uuid.uuid4())}
    running.chat("My card is 4111 1111 1111 1111, my mail maria@customers.example", **body).raise_for_status()
    storage = f"{running.google}/storage/v1/b/{sandbox.BUCKET}/o"
    names = [one["name"] for one in httpx.get(storage, params={"prefix": "conversations/"}).json()["items"]]
    kept = [httpx.get(f"{storage}/{quote(name, safe='')}", params={"alt": "media"}).text for name in names]
    assert any("[card]" in one and "[email]" in one for one in kept)
    assert not any("4111" in one or "maria" in one for one in kept)
