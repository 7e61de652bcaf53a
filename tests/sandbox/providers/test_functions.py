"""Look-ups of what the program does not declare."""

from typing import Any

import httpx
import pytest

from firedrill.sandbox.providers.datadog import provider
from firedrill.sandbox.providers.resource import Function, ProviderError

USERS = [
    {"id": "u1", "type": "users", "attributes": {"email": "ann@example.com", "name": "Ann", "service_account": False}},
    {"id": "u2", "type": "users", "attributes": {"email": "bot@example.com", "name": "Ann", "service_account": True}},
]
TEAM = {"id": "t1", "type": "team", "attributes": {"handle": "llm-platform", "name": "LLM", "link_count": 2}}


def account(answers: dict[str, Any]) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path)
        return httpx.Response(200, json={"data": found}) if found is not None else httpx.Response(404, json={})

    return httpx.MockTransport(handle)


def function(name: str, answers: dict[str, Any]) -> Function:
    table = provider(account(answers))
    table.configure({"apiUrl": "http://memory.invalid"})
    return table.function(f"datadog:index/{name}:{name}")


def test_a_user_is_found_by_its_exact_email() -> None:
    user = function("getUser", {"/api/v2/users": USERS})({"filter": "ann@example.com", "exactMatch": True})

    assert (user["id"], user["name"], user["filter"]) == ("u1", "Ann", "ann@example.com")


def test_service_accounts_are_left_out_on_request() -> None:
    user = function("getUser", {"/api/v2/users": USERS})({"filter": "Ann", "excludeServiceAccounts": True})

    assert user["id"] == "u1"


def test_more_than_one_user_is_an_error() -> None:
    with pytest.raises(ProviderError, match="user 'Ann': 2 results, search for less"):
        function("getUser", {"/api/v2/users": USERS})({"filter": "Ann"})


def test_no_user_is_an_error() -> None:
    with pytest.raises(ProviderError, match="user 'nobody': no result"):
        function("getUser", {"/api/v2/users": []})({"filter": "nobody"})


def test_all_users_are_listed() -> None:
    assert [user["id"] for user in function("getUsers", {"/api/v2/users": USERS})({})["users"]] == ["u1", "u2"]


@pytest.mark.parametrize("arguments", [{"teamId": "t1"}, {"filterKeyword": "llm"}])
def test_a_team_is_found_by_id_and_by_keyword(arguments: dict[str, str]) -> None:
    team = function("getTeam", {"/api/v2/team/t1": TEAM, "/api/v2/team": [TEAM]})(arguments)

    assert (team["id"], team["teamId"], team["handle"], team["linkCount"]) == ("t1", "t1", "llm-platform", 2)


def test_an_unknown_function_says_so() -> None:
    with pytest.raises(ProviderError, match="has no function datadog:index/getNothing:getNothing"):
        provider().function("datadog:index/getNothing:getNothing")
