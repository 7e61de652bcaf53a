"""The sandbox's Gemini, called by Google's own client and by plain HTTP."""

import itertools
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from firedrill.sandbox.google.errors import ErrorResponse, google_error_response
from firedrill.sandbox.google.gemini import api as gemini

MODEL = "gemini-3.8-flash"
CONTROL = "/-/gemini/failures"


def url(model: str = MODEL, method: str = "generateContent", version: str = "v1beta1") -> str:
    """Return a method's path."""
    return f"/{version}/projects/p/locations/global/publishers/google/models/{model}:{method}"


def body(text: str = "What is an error budget?", **configuration: Any) -> dict[str, Any]:
    """Return a request."""
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": configuration}


@pytest.fixture
def client() -> TestClient:
    """Return a client with a token."""
    app = Starlette(routes=gemini.routes(), exception_handlers={ErrorResponse: google_error_response})
    return TestClient(app, headers={"Authorization": "Bearer ya29.x"})


def test_the_same_prompt_has_the_same_answer_with_token_counts(client: TestClient) -> None:
    first, second, other = (client.post(url(), json=body(text)).json() for text in ("a", "a", "b"))
    assert first["candidates"] == second["candidates"] != other["candidates"]
    assert first["candidates"][0]["finishReason"] == "STOP"
    assert first["modelVersion"] == MODEL
    usage = first["usageMetadata"]
    parts = [usage[name] for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")]
    assert all(count > 0 for count in parts)
    assert usage["totalTokenCount"] == sum(parts)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_stream_has_the_same_text_and_counts_in_its_last_event(client: TestClient, version: str) -> None:
    whole = client.post(url(), json=body()).json()
    streamed = client.post(url(method="streamGenerateContent", version=version), params={"alt": "sse"}, json=body())
    events = [httpx.Response(200, text=line[6:]).json() for line in streamed.text.splitlines() if line]
    texts = [event["candidates"][0]["content"]["parts"][0]["text"] for event in events]
    assert len(texts) > 1
    assert "".join(texts) == whole["candidates"][0]["content"]["parts"][0]["text"]
    assert events[-1]["usageMetadata"] == whole["usageMetadata"]
    assert [event["candidates"][0].get("finishReason") for event in events] == [None] * (len(events) - 1) + ["STOP"]


def test_the_ceiling_cuts_the_answer_and_thoughts_count_against_it(client: TestClient) -> None:
    for most in (1, 40, 90):
        response = client.post(url(), json=body(maxOutputTokens=most)).json()
        usage = response["usageMetadata"]
        assert usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0) <= most
        assert response["candidates"][0]["finishReason"] == "MAX_TOKENS"


def test_a_call_without_a_token_is_refused(client: TestClient) -> None:
    refused = client.post(url(), json=body(), headers={"Authorization": ""})
    assert (refused.status_code, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "nonsense"])
def test_a_model_that_is_not_served_is_not_found(client: TestClient, model: str) -> None:
    refused = client.post(url(model), json=body())
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["status"]) == (404, 404, "NOT_FOUND")
    assert model in error["message"]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"contents": []}, {"contents": [{"parts": []}]}, {"contents": [{"role": "system", "parts": [{"text": "x"}]}]},
     body(""), body(maxOutputTokens=0), [], "x"],
)  # fmt: skip
def test_a_wrong_body_is_an_invalid_argument(client: TestClient, wrong: Any) -> None:
    refused = client.post(url(), json=wrong)
    assert (refused.status_code, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def fail(client: TestClient, **failure: Any) -> None:
    """Turn a failure on."""
    answered = client.post(CONTROL, json=failure)
    assert answered.status_code == 200, answered.text


def test_throttling_is_googles_429(client: TestClient) -> None:
    fail(client, model=MODEL, mode="throttled")
    refused = client.post(url(), json=body())
    assert (refused.status_code, refused.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")


def test_a_failure_is_one_models_and_wins_over_that_of_all(client: TestClient) -> None:
    fail(client, model="*", mode="down")
    fail(client, model=MODEL, mode="empty")
    assert client.post(url("gemini-3.5-flash"), json=body()).status_code == 503
    empty = client.post(url(), json=body()).json()
    assert "parts" not in empty["candidates"][0]["content"]
    fail(client, model="*", mode="none")
    assert client.post(url("gemini-3.5-flash"), json=body()).status_code == 200
    assert client.delete(CONTROL).json() == client.get(CONTROL).json() == {"failures": []}
    assert "parts" in client.post(url(), json=body()).json()["candidates"][0]["content"]


@pytest.mark.parametrize(("share", "failed"), [(0, 0), (0.1, 4), (0.25, 10), (0.5, 20), (0.9, 36), (1, 40)])
def test_a_share_of_calls_fails_spread_evenly(client: TestClient, share: float, failed: int) -> None:
    fail(client, mode="down", share=share)
    down = [client.post(url(), json=body()).status_code == 503 for _ in range(40)]
    assert sum(down) == failed
    if 0 < share < 1:
        assert max(len(list(run)) for kind, run in itertools.groupby(down) if kind == (share < 0.5)) <= 1
    [listed] = client.get(CONTROL).json()["failures"]
    assert (listed["calls"], listed["failed"]) == (40, failed)


def test_blocked_prompts_have_no_candidates(client: TestClient) -> None:
    fail(client, mode="blocked")
    response = client.post(url(), json=body()).json()
    assert response["promptFeedback"]["blockReason"] == "SAFETY"
    assert "candidates" not in response


@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent"])
def test_malformed_answers_are_not_json(client: TestClient, method: str) -> None:
    fail(client, mode="malformed")
    with pytest.raises(ValueError, match=r"JSON|line 1|delimiter|Unterminated|Expecting"):
        httpx.Response(200, text=client.post(url(method=method), json=body()).text.removeprefix("data: ")).json()


def test_slow_answers_take_their_seconds(client: TestClient) -> None:
    fail(client, mode="slow", seconds=0.3)
    assert client.post(url(), json=body()).elapsed.total_seconds() >= 0.3


@pytest.mark.parametrize(
    "wrong",
    [{}, [], {"mode": "sad"}, {"mode": "down", "model": "gpt"}, {"mode": "down", "share": 2},
     {"mode": "down", "share": True}, {"mode": "slow", "seconds": -1}, {"mode": "down", "for": 3}],
)  # fmt: skip
def test_a_wrong_failure_is_refused_and_changes_nothing(client: TestClient, wrong: Any) -> None:
    fail(client, mode="down")
    refused = client.post(CONTROL, json=wrong)
    assert refused.status_code == 400
    assert len(client.get(CONTROL).json()["failures"]) == 1
