"""However a chat ends, it leaves exactly one record, and no text of it."""

import logging

import pytest

from service import wiring
from service.llm.chat import Caller, Chat, ChatService, Question
from service.problems import Blocked, CallerError, Problem
from service.settings import read_environment
from service.telemetry import CHAT_COST, CHAT_LOG, CHAT_REQUESTS
from tests.unit.service.fakes import RecordedMetrics
from tests.unit.service.google import Google

SECRET = "correct-horse"
ENVIRONMENT = {"GOOGLE_CLOUD_PROJECT": "acme-dev", "EVALUATION_SHARE": "1"}


@pytest.fixture
def chats(google: Google, metrics: RecordedMetrics) -> ChatService:
    """Return a service with a working Gemini and without a shared store."""
    return wiring.build(read_environment(ENVIRONMENT), metrics).chats


def begin(chats: ChatService, *, stream: bool = False) -> Chat:
    return chats.begin("/v1/chat", Caller("ann", "07"), "api", stream)


def outcomes(metrics: RecordedMetrics) -> list[str]:
    """Return the outcome of each recorded chat."""
    return [tag for _, tags in metrics.named(CHAT_REQUESTS.name) for tag in tags if tag.startswith("outcome:")]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_recorded_with_its_use_and_without_its_text(
    chats: ChatService, metrics: RecordedMetrics, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    caplog.set_level(logging.INFO)
    chat = begin(chats, stream=stream)
    pieces = list(chats.answer(chat, Question(SECRET)))
    assert (len(pieces) > 1) == stream
    assert chat.record
    assert chat.record.outcome == "ok"
    assert chat.record.cost_usd == chat.cost_usd > 0
    assert (chat.record.seconds_to_first_piece is not None) == stream
    assert outcomes(metrics) == ["outcome:ok"]
    assert [value for value, _ in metrics.named(CHAT_COST.name)] == [chat.cost_usd]
    lines = [vars(record) for record in caplog.records if vars(record).get("event") == CHAT_LOG.event]
    assert [line["outcome"] for line in lines] == ["ok"]
    assert SECRET not in str(lines) and pieces[0] not in str(lines)


def test_a_failure_is_recorded_once_although_the_route_reports_it_too(
    chats: ChatService, google: Google, metrics: RecordedMetrics
) -> None:
    google.failures.set({"model": "*", "mode": "blocked"})
    chat = begin(chats)
    with pytest.raises(Blocked) as caught:
        list(chats.answer(chat, Question(SECRET)))
    assert chats.fail(chat, caught.value) is caught.value
    assert outcomes(metrics) == ["outcome:blocked"]


def test_a_caller_who_leaves_ends_the_chat(chats: ChatService, metrics: RecordedMetrics) -> None:
    chat = begin(chats, stream=True)
    pieces = chats.answer(chat, Question(SECRET))
    next(pieces)
    pieces.close()
    assert chat.record and (chat.record.status, chat.record.usage_estimated) == (499, True)
    assert outcomes(metrics) == ["outcome:caller_error"]


def test_a_request_without_a_question_is_a_chat_too(chats: ChatService, metrics: RecordedMetrics) -> None:
    chats.fail(begin(chats), CallerError("the body is not JSON"))
    assert outcomes(metrics) == ["outcome:caller_error"]
    assert "model:none" in metrics.named(CHAT_REQUESTS.name)[0][1]


def test_a_mistake_of_the_service_quotes_nothing(
    chats: ChatService, metrics: RecordedMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(chats.conversations, "read", fail)
    chat = begin(chats)
    with pytest.raises(Problem) as caught:
        list(chats.answer(chat, Question(SECRET)))
    assert (caught.value.kind, caught.value.status) == ("KeyError", 500)
    assert SECRET not in str(caught.value.document())
    assert outcomes(metrics) == ["outcome:error"]


def test_a_budget_gets_back_what_a_chat_did_not_use(chats: ChatService, monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[tuple[float, float]] = []
    monkeypatch.setattr(chats.budget, "settle", lambda _, tokens, dollars: settled.append((tokens, dollars)))
    chat = begin(chats)
    list(chats.answer(chat, Question(SECRET)))
    assert settled == [(chat.call.input_tokens + chat.call.output_tokens, chat.cost_usd)]
