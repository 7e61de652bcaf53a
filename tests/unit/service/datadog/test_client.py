"""The client of Datadog's API: what a call sends, and which problem each failure is."""

import socket
import warnings
from functools import partial
from typing import Any

import pytest

from service.datadog.client import Datadog, DatadogRefused, NotFound, Unreachable
from service.problems import CallerError, Problem, Unavailable
from service.settings import read_environment
from service.telemetry.redactor import Redactor
from tests.unit.service.fakes import FakeDatadog

KEYS = {"DD_API_KEY": "an-api-key", "DD_APP_KEY": "an-app-key"}
MONITORS = "/api/v1/monitor"


def client(url: str, **variables: str) -> Datadog:
    """Return a client of the API at this URL."""
    return Datadog(read_environment({**KEYS, "DD_API_URL": url, "DD_TRACE_AGENT_URL": url, **variables}), Redactor())


def test_a_call_has_both_keys_and_returns_json_that_models_would_refuse(datadog: FakeDatadog) -> None:
    datadog.prepare("GET", MONITORS, [{"id": 1, "type": "a type of tomorrow"}])
    assert client(datadog.url).call("v1.MonitorsApi.list_monitors", page_size=5) == [
        {"id": 1, "type": "a type of tomorrow"}
    ]
    [request] = datadog.requests
    assert (request.headers["DD-API-KEY"], request.headers["DD-APPLICATION-KEY"]) == ("an-api-key", "an-app-key")
    assert request.query == {"page_size": "5"}


def test_what_is_private_is_redacted_before_it_is_sent(datadog: FakeDatadog) -> None:
    datadog.prepare("POST", "/api/v1/events", {}, 202)
    datadog.prepare("POST", "/intake", {}, 202)
    event = {"title": "mail to maria@customers.example", "text": "x"}
    api = client(datadog.url)
    api.call("v1.EventsApi.create_event", event)
    api.send_through_agent("/intake", "some-intake", event)
    assert [request.body["title"] for request in datadog.requests] == ["mail to [email]"] * 2
    assert datadog.requests[1].headers["X-Datadog-EVP-Subdomain"] == "some-intake"


def test_an_empty_response_is_none(datadog: FakeDatadog) -> None:
    datadog.prepare("GET", MONITORS, lambda _: b" ")
    assert client(datadog.url).call("v1.MonitorsApi.list_monitors") is None


def test_an_unstable_operation_is_called_without_a_warning(datadog: FakeDatadog) -> None:
    datadog.prepare("GET", "/api/v2/incidents", {"data": []})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert client(datadog.url).call("v2.IncidentsApi.list_incidents") == {"data": []}


@pytest.mark.parametrize(
    ("status", "problem", "expected"),
    [
        (400, CallerError, {"status": 400}),
        (409, CallerError, {"status": 409}),
        (422, CallerError, {"status": 400}),
        (401, DatadogRefused, {"status": 502}),
        (403, DatadogRefused, {"status": 502}),
        (404, NotFound, {"status": 404}),
        (408, Unreachable, {"status": 503, "unknown": True, "retry_after": 5}),
        (429, Unreachable, {"status": 503, "unknown": False, "retry_after": 17}),
        (500, Unreachable, {"status": 503, "unknown": True}),
        (503, Unreachable, {"status": 503, "unknown": True}),
    ],
)
def test_each_refusal_is_a_problem_that_quotes_nothing(
    datadog: FakeDatadog, status: int, problem: type[Problem], expected: dict[str, Any]
) -> None:
    datadog.prepare("GET", MONITORS, {"errors": ["secret-text"]}, status, X_RateLimit_Reset="17")
    datadog.prepare("GET", "/some/path", {"errors": ["secret-text"]}, status, X_RateLimit_Reset="17")
    api = client(datadog.url)
    for call in (partial(api.call, "v1.MonitorsApi.list_monitors"), partial(api.get, "/some/path", {})):
        with pytest.raises(Problem) as caught:
            call()
        assert type(caught.value) is problem
        assert {name: getattr(caught.value, name) for name in expected} == expected
        assert "secret-text" not in caught.value.detail
    assert len(datadog.requests) == 2  # nothing is repeated behind the caller's back


def test_a_connection_that_cannot_be_made_carried_no_write() -> None:
    with socket.socket() as held:  # bound, not listening
        held.bind(("127.0.0.1", 0))
        api = client(f"http://127.0.0.1:{held.getsockname()[1]}")
        for call in (
            partial(api.call, "v1.MonitorsApi.list_monitors"),
            partial(api.get, "/some/path", {}),
            partial(api.send_through_agent, "/intake", "x", {}),
        ):
            with pytest.raises(Unreachable, match="cannot be reached") as caught:
                call()
            assert not caught.value.unknown


def test_a_response_that_breaks_off_leaves_the_write_unknown(datadog: FakeDatadog) -> None:
    datadog.prepare("GET", MONITORS, lambda _: b'[{"id": 1')
    datadog.prepare("GET", "/some/path", lambda _: b'[{"id": 1')
    api = client(datadog.url)
    for call in (partial(api.call, "v1.MonitorsApi.list_monitors"), partial(api.get, "/some/path", {})):
        with pytest.raises(Unreachable, match="broke off") as caught:
            call()
        assert caught.value.unknown


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, None),
        ({"DD_API_KEY": ""}, "DD_API_KEY not set"),
        ({"DD_API_KEY": "", "DD_APP_KEY": ""}, "DD_API_KEY and DD_APP_KEY not set"),
    ],
)
def test_without_keys_the_api_is_off(datadog: FakeDatadog, variables: dict[str, str], reason: str | None) -> None:
    api = client(datadog.url, **variables)
    assert api.off_reason == reason
    if reason:
        with pytest.raises(Unavailable, match=reason):
            api.call("v1.MonitorsApi.list_monitors")
        assert datadog.requests == []
