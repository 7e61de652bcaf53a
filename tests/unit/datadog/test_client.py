"""Requests are repeated where that is safe, and errors are one line."""

from collections.abc import Callable

import httpx
import pytest

from firedrill.datadog.client import DatadogClient, DatadogError, escape

Answer = Callable[[], httpx.Response]


def account(*answers: Answer) -> tuple[DatadogClient, list[float], list[str]]:
    """Return an account that gives these answers in turn, the seconds that were waited, the requests that came."""
    waited: list[float] = []
    came: list[str] = []
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        came.append(f"{request.method} {request.url.path} {request.headers['DD-API-KEY']}")
        return left.pop(0)()

    api = DatadogClient("http://memory.invalid", "key", "app", httpx.MockTransport(handle), waited.append)
    return api, waited, came


def answers(status: int, body: object = None, **headers: str) -> Answer:
    return lambda: httpx.Response(status, json=body or {}, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_a_throttled_create_waits_as_long_as_datadog_says() -> None:
    api, waited, came = account(answers(429, X_RateLimit_Reset="7"), answers(200, {"id": 1}))

    assert api.call("POST /api/v1/monitor", {}) == {"id": 1}
    assert waited == [7.0]
    assert came == ["POST /api/v1/monitor key"] * 2


def test_a_failing_read_is_repeated_three_times() -> None:
    api, waited, came = account(*[answers(500, {"errors": ["down"]})] * 4)

    with pytest.raises(DatadogError, match="GET /api/v1/monitor/1 answered 500: down"):
        api.call("GET /api/v1/monitor/1")
    assert waited == [1.0, 2.0, 4.0]
    assert len(came) == 4


def test_a_create_that_failed_is_not_repeated() -> None:
    api, _, came = account(answers(502))

    with pytest.raises(DatadogError):
        api.call("POST /api/v1/monitor", {})
    assert len(came) == 1


def test_a_create_is_repeated_when_nothing_was_done() -> None:
    api, waited, _ = account(answers(503, Retry_After="2"), answers(200, {"id": 1}))

    assert api.call("POST /api/v1/monitor", {}) == {"id": 1}
    assert waited == [2.0]


def test_an_unreachable_account_is_named() -> None:
    def refuse() -> httpx.Response:
        raise httpx.ConnectError("refused")

    api, _, came = account(*[refuse] * 4)

    with pytest.raises(DatadogError, match=r"nothing listens at http://memory\.invalid"):
        api.call("GET /api/v1/monitor/1")
    assert len(came) == 4


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"errors": ["The value is invalid"]}, "The value is invalid"),
        (
            {"errors": [{"title": "Bad", "detail": "too long", "source": {"pointer": "/data/name"}}]},
            "too long (/data/name)",
        ),
        ({"error": {"code": 1, "message": "no"}}, "no"),
    ],
)
def test_an_error_gives_datadogs_own_message(body: object, reason: str) -> None:
    api, _, _ = account(answers(400, body))

    with pytest.raises(DatadogError) as error:
        api.call("PUT /api/v1/slo/1", {})
    assert str(error.value) == f"PUT /api/v1/slo/1 answered 400: {reason}"


def test_paths_are_escaped_as_the_published_provider_does() -> None:
    assert escape("security-rule:a/b <x>") == "security-rule:a%2Fb%20%3Cx%3E"
