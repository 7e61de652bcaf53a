"""``/v1/control``: who may change the shared state, what is stored, and that chats follow it."""

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.conftest import OPERATOR, READER, Create
from tests.unit.service.google import Google

URL = "/v1/control"


def test_the_state_begins_with_the_settings(operator: FlaskClient) -> None:
    state = operator.get(URL).get_json()
    assert (state["model"], state["primary"], state["fallback"]) == (
        "gemini-3.8-flash",
        "gemini-3.8-flash",
        "gemini-3.5-flash-lite",
    )
    assert (state["cache"], state["changed_at"], state["reason"]) == (False, None, None)
    assert "gemini-3.5-flash" in state["models"]


def test_a_change_of_the_model_is_stored_logged_and_followed(
    operator: FlaskClient, client: FlaskClient, google: Google, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        response = operator.post("/v1/control/model", json={"model": "gemini-2.5-pro", "reason": "a drill"})
    assert (response.status_code, response.get_json()["model"]) == (200, "gemini-3.8-flash")
    response = operator.post("/v1/control/model", json={"model": "gemini-3.5-flash-lite", "reason": "a drill"})
    stored = google.objects(bucket)["runtime.json"]
    assert (stored["model"], stored["reason"]) == ("gemini-3.5-flash-lite", "a drill")
    assert stored["changed_at"] == response.get_json()["changed_at"]
    assert client.post("/v1/chat", json={"message": "hi"}).get_json()["model"] == "gemini-3.5-flash-lite"
    lines = [vars(record) for record in caplog.records if vars(record).get("event") == "control"]
    assert (lines[0]["change"], lines[0]["value"], lines[0]["reason"]) == ("model", "gemini-3.8-flash", "a drill")


def test_other_instances_follow_a_change_and_changes_keep_each_other(operator: FlaskClient, create: Create) -> None:
    operator.post("/v1/control/model", json={"model": "gemini-3.5-flash"})
    other = create().test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {OPERATOR}"
    assert other.post("/v1/control/cache", json={"enabled": True}).status_code == 200
    state = operator.get(URL).get_json()
    assert (state["model"], state["cache"]) == ("gemini-3.5-flash", True)


WRONG = [None, "Bearer wrong", f"Bearer {OPERATOR}x", f"Bearer {READER}", f"Basic {OPERATOR}"]


@pytest.mark.parametrize("header", WRONG)
def test_control_needs_the_operators_token(client: FlaskClient, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    assert client.get(URL, headers=headers).status_code == 401
    for path, body in (("model", {"model": "gemini-3.5-flash"}), ("cache", {"enabled": True})):
        response = client.post(f"{URL}/{path}", json=body, headers=headers)
        assert (response.status_code, response.content_type) == (401, "application/problem+json")


def test_control_is_off_without_a_token(create: Create) -> None:
    response = create(OPERATOR_TOKEN="", API_AUTH="off").test_client().get(URL)
    assert (response.status_code, response.get_json()["detail"]) == (503, "OPERATOR_TOKEN is not set: control is off")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("model", {}),
        ("model", {"model": "gpt"}),
        ("model", {"model": 3}),
        ("model", {"model": "gemini-3.5-flash", "why": ""}),
        ("model", {"model": "gemini-3.5-flash", "reason": "x" * 501}),
        ("cache", {"enabled": "yes"}),
    ],
)
def test_a_wrong_change_is_refused_and_stores_nothing(
    operator: FlaskClient, google: Google, bucket: str, path: str, body: dict[str, Any]
) -> None:
    assert operator.post(f"{URL}/{path}", json=body).status_code == 400
    assert google.objects(bucket) == {}


def test_without_a_bucket_nothing_can_be_changed(create: Create) -> None:
    client = create(STATE_BUCKET="").test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {OPERATOR}"
    assert client.get(URL).status_code == 200
    response = client.post("/v1/control/cache", json={"enabled": True})
    assert response.status_code == 503
    assert "STATE_BUCKET is not set" in response.get_json()["detail"]
