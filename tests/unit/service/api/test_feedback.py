"""``POST /v1/feedback``: the rating of an answer as a metric and a log line."""

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.fakes import RecordedMetrics

ANSWER = "4bf92f3577b34da6a3ce929d0e0e4736.123.gemini-3.8-flash"


@pytest.mark.parametrize("rating", ["up", "down"])
def test_a_rating_is_counted_and_logged_without_its_comment(
    client: FlaskClient, metrics: RecordedMetrics, caplog: pytest.LogCaptureFixture, rating: str
) -> None:
    body = {"answer_id": ANSWER, "rating": rating, "comment": "a private remark"}
    with caplog.at_level(logging.INFO):
        response = client.post("/v1/feedback", json=body)
    assert (response.status_code, response.get_json()) == (201, {"answer_id": ANSWER, "rating": rating})
    assert metrics.named("llm.chat.feedback") == [(1, ["model:gemini-3.8-flash", f"rating:{rating}"])]
    [line] = [vars(record) for record in caplog.records if vars(record).get("event") == "feedback"]
    assert (line["rating"], line["model"]) == (rating, "gemini-3.8-flash")
    assert not any("private" in str(vars(record)) for record in caplog.records)


def test_an_answers_own_id_is_taken(client: FlaskClient) -> None:
    answer = client.post("/v1/chat", json={"message": "hi"}).get_json()
    assert client.post("/v1/feedback", json={"answer_id": answer["answer_id"], "rating": "up"}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"rating": "up"},
        {"answer_id": ANSWER},
        {"answer_id": ANSWER, "rating": "great"},
        {"answer_id": "nonsense", "rating": "up"},
        {"answer_id": "ab.1.gpt-1", "rating": "up"},
        {"answer_id": ANSWER, "rating": "up", "comment": "x" * 2001},
        {"answer_id": ANSWER, "rating": "up", "caller": "me"},
    ],
)
def test_a_wrong_rating_is_refused_and_not_counted(
    client: FlaskClient, metrics: RecordedMetrics, body: dict[str, Any]
) -> None:
    response = client.post("/v1/feedback", json=body)
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert metrics.named("llm.chat.feedback") == []
