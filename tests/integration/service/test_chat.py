"""Chats of a running service: streams over HTTP, callers who leave, and what its workers share."""

import uuid
from typing import Any

import httpx
import pytest

from tests.integration.service.conftest import ServiceUnderTest
from tests.integration.service.sandbox import eventually
from tests.server_sent_events import parse_events


@pytest.mark.parametrize(
    "request_options", [{"json": {"message": "hi", "stream": True}}, {"headers": {"Accept": "text/event-stream"}}]
)
def test_a_stream_has_the_same_answer_in_pieces(running: ServiceUnderTest, request_options: dict[str, Any]) -> None:
    plain = running.chat("hi").json()
    answer = httpx.post(f"{running.service.url}/v1/chat", timeout=30, **({"json": {"message": "hi"}} | request_options))
    *deltas, (last, done) = parse_events(answer.text)
    assert answer.headers["content-type"] == "text/event-stream"
    assert len(deltas) > 1
    assert {name for name, _ in deltas} == {"delta"}
    assert last == "done"
    assert "".join(data["text"] for _, data in deltas) == plain["text"]
    assert done["usage"] == plain["usage"]
    assert done["cost_usd"] == plain["cost_usd"]


def test_a_caller_who_leaves_is_no_fault_of_the_service(running: ServiceUnderTest) -> None:
    running.gemini_fails("slow", seconds=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{running.service.url}/v1/chat", json={"message": "hi", "stream": True}, timeout=0.3)
    lines = eventually(lambda: [line for line in running.service.lines("chat") if line["http"]["status_code"] == 499])
    assert [(line["outcome"], line["level"]) for line in lines] == [("caller_error", "WARNING")]
    # Gemini had begun, and bills it.
    assert lines[0]["usage_estimated"]
    assert lines[0]["cost_usd"] > 0


def test_failures_do_not_multiply_calls(running: ServiceUnderTest) -> None:
    running.gemini_fails("down")
    for _ in range(30):
        assert running.chat().status_code == 503
    calls = httpx.get(f"{running.google}/-/gemini/failures").json()["failures"][0]["calls"]
    # A tenth is repeated, and what each of the two workers saved before; then their breakers open.
    assert calls <= 30 * 1.2
    assert {line["state"] for line in running.service.lines("breaker")} >= {"open"}


def test_a_conversation_goes_on_whichever_worker_answers(running: ServiceUnderTest) -> None:
    conversation, alone = str(uuid.uuid4()), running.chat("And then?").json()
    answers = [running.chat("And then?", conversation=conversation).json() for _ in range(12)]
    assert [answer["history"] for answer in answers] == [min(2 * number, 20) for number in range(12)]
    assert answers[0]["text"] == alone["text"] != answers[1]["text"]
    assert answers[1]["usage"]["input_tokens"] > alone["usage"]["input_tokens"]
    assert running.chat("And then?", conversation=str(uuid.uuid4())).json()["history"] == 0
