"""``/health`` and ``/ready``: alive at once, ready only with Gemini's client and the shared state."""

from unittest.mock import Mock

import google.auth
import pytest
from flask.testing import FlaskClient
from google.auth.exceptions import DefaultCredentialsError

from tests.unit.service.conftest import Create
from tests.unit.service.google import Google


def test_the_process_answers_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/health").get_json() == {"status": "ok"}
    assert client.get("/ready").get_json() == {"status": "ready"}


def test_a_malformed_state_is_a_reason_and_the_last_one_serves(
    client: FlaskClient, google: Google, bucket: str
) -> None:
    google.buckets.put(bucket, "runtime.json", b'{"model": "gemini-1.0-pro"}', {}, {})
    response = client.get("/ready")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.get_json()["detail"].startswith("malformed: ")
    assert client.get("/health").status_code == 200
    assert client.post("/v1/chat", json={"message": "hi"}).get_json()["model"] == "gemini-3.8-flash"


def test_every_reason_is_named(create: Create) -> None:
    response = create(GOOGLE_CLOUD_PROJECT="", STATE_BUCKET="").test_client().get("/ready")
    assert response.status_code == 503
    reasons = response.get_json()["detail"].split("; ")
    assert reasons == ["GOOGLE_CLOUD_PROJECT is not set", "STATE_BUCKET is not set: changes at run time are off"]


def test_without_credentials_it_is_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    error = DefaultCredentialsError("none")  # type: ignore[no-untyped-call]  # the package leaves it untyped
    monkeypatch.setattr(google.auth, "default", Mock(side_effect=error))
    response = client.get("/ready")
    assert (response.status_code, response.get_json()["detail"]) == (
        503,
        "there are no Google credentials (DefaultCredentialsError)",
    )
    assert client.post("/v1/chat", json={"message": "hi"}).status_code == 503
    assert client.get("/health").status_code == 200
