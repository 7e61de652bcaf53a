"""Look-ups of what the program does not declare."""

from typing import Any

import httpx
import pytest

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.provider import provider
from firedrill.provider.resource import ProviderError, ProviderFunction

USERS = [
    {"id": "u1", "type": "users", "attributes": {"email": "ann@example.com", "name": "Ann", "service_account": False}},
    {"id": "u2", "type": "users", "attributes": {"email": "bot@example.com", "name": "Ann", "service_account": True}},
]


def account(answers: dict[str, Any]) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        data = answers.get(request.url.path)
        return httpx.Response(200, json={"data": data}) if data is not None else httpx.Response(404, json={})

    return httpx.MockTransport(handle)


def function(name: str, answers: dict[str, Any]) -> ProviderFunction:
    client = DatadogClient("http://memory.invalid", "key", "app", account(answers))
    return provider(client).function(f"datadog:index/{name}:{name}")


def test_a_user_is_found_by_its_exact_email() -> None:
    user = function("getUser", {"/api/v2/users": USERS})({"filter": "ann@example.com", "exactMatch": True})

    assert (user["id"], user["name"], user["filter"]) == ("u1", "Ann", "ann@example.com")


def test_service_accounts_are_left_out_on_request() -> None:
    user = function("getUser", {"/api/v2/users": USERS})({"filter": "Ann", "excludeServiceAccounts": True})

    assert user["id"] == "u1"


def test_more_than_one_user_is_an_error() -> None:
    with pytest.raises(ProviderError, match="user 'Ann' has 2 matches: narrow the filter"):
        function("getUser", {"/api/v2/users": USERS})({"filter": "Ann"})


def test_no_user_is_an_error() -> None:
    with pytest.raises(ProviderError, match="user 'nobody' does not exist"):
        function("getUser", {"/api/v2/users": []})({"filter": "nobody"})


def test_an_unknown_function_says_so() -> None:
    with pytest.raises(ProviderError, match="has no function datadog:index/getNothing:getNothing"):
        provider().function("datadog:index/getNothing:getNothing")
