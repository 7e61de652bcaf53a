"""Product Analytics from the server: which events are sent, whose they are, and that no request waits for them."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.integration.service.sandbox import eventually
from tests.unit.service.conftest import Create
from tests.unit.service.fakes import FakeDatadog

PATH = "/api/v2/prodlytics"
APPLICATION, SESSION = "0c5f6f5e-3d0a-4b7e-9a55-2f3f8e7f1a11", "0740becb-84de-4c8f-a78f-87fbc4fda2a6"
PAGE = {"X-Feature": "chat_page", "X-Session-Id": SESSION, "X-Caller-Id": "ann@customers.example"}


@pytest.fixture
def app(create: Create, datadog: FakeDatadog) -> Flask:
    """Return an application with a RUM application, whose intake works."""
    datadog.prepare("POST", PATH, {}, 202)
    return create(RUM_APPLICATION_ID=APPLICATION, RUM_CLIENT_TOKEN="pub1")


def sent(datadog: FakeDatadog, count: int) -> list[dict[str, Any]]:
    """Return the events once their expected number has arrived."""
    eventually(lambda: len(datadog.sent("POST", PATH)) >= count, what=f"{count} events")
    return datadog.sent("POST", PATH)


def test_a_chat_and_its_rating_are_four_kinds_of_events(client: FlaskClient, datadog: FakeDatadog) -> None:
    answer = client.post("/v1/chat", json={"message": "a question"}, headers=PAGE).get_json()
    client.post("/v1/feedback", json={"answer_id": answer["answer_id"], "rating": "up"}, headers=PAGE)
    events = sent(datadog, 5)
    names = Counter(event["event"]["name"] for event in events)
    assert names == {"feature_used": 1, "endpoint_called": 2, "answer_feedback": 1, "answer_accepted": 1}
    assert {event["application"]["id"] for event in events} == {APPLICATION}
    assert {event["session"]["id"] for event in events} == {SESSION}
    assert {event["feature"] for event in events} == {"chat_page"}
    called = {(event["endpoint"], event["status"]) for event in events if "endpoint" in event}
    assert called == {("POST /v1/chat", 200), ("POST /v1/feedback", 201)}
    assert "ann" not in str(events) and "question" not in str(events)
    assert datadog.requests[-1].headers["DD-API-KEY"] == "an-api-key"


def test_a_chat_without_a_session_and_probes_are_not_reported(client: FlaskClient, datadog: FakeDatadog) -> None:
    client.post("/v1/chat", json={"message": "hi"})
    client.get("/health")
    client.get("/ready")
    client.get("/nothing")
    client.get("/docs")
    [event] = sent(datadog, 1)
    assert (event["endpoint"], event["session"]["id"]) == ("GET /docs", event["usr"]["id"])


def test_an_event_that_is_lost_fails_no_request(
    client: FlaskClient, datadog: FakeDatadog, caplog: pytest.LogCaptureFixture
) -> None:
    datadog.prepare("POST", PATH, {}, 500)
    assert client.get("/docs").status_code == 200
    eventually(lambda: "the intake answered 500" in caplog.text, what="the warning")


def test_without_an_application_nothing_is_sent(create: Create, datadog: FakeDatadog) -> None:
    client = create().test_client()
    client.post("/v1/chat", json={"message": "hi"}, headers=PAGE)
    client.get("/docs")
    assert datadog.requests == []
