"""Functions (Terraform's data sources): look-ups of what the program does not declare."""

from collections.abc import Callable
from typing import Any

from firedrill.sandbox.providers.datadog.api import Api, escape
from firedrill.sandbox.providers.datadog.kind import Account
from firedrill.sandbox.providers.datadog.objects import snake
from firedrill.sandbox.providers.resource import Function, ProviderError
from firedrill.sandbox.providers.values import Properties

Json = Any
Lookup = Callable[[Api, Properties], Properties]

_USER = ("email", "name", "handle", "icon", "title", "status", "disabled", "verified", "mfaEnabled", "serviceAccount")
_DATES = ("createdAt", "modifiedAt")
_TEAM = ("name", "handle", "description", "summary", "linkCount", "userCount")


def _properties(resource: Json, names: tuple[str, ...]) -> Properties:
    attributes = resource.get("attributes") or {}
    return {"id": resource.get("id"), **{name: attributes.get(snake(name)) for name in names}}


def _only(found: list[Json], what: str) -> Json:
    """The one result of a search.

    Raises:
        ProviderError: there is none, or more than one.
    """
    if len(found) != 1:
        raise ProviderError(f"{what}: {'no result' if not found else f'{len(found)} results, search for less'}")
    return found[0]


def _pages(api: Api, path: str, size: int = 100) -> list[Json]:
    """All results of a list with page[size] and page[number]."""
    found: list[Json] = []
    for number in range(1000):
        page = (
            api.call(f"GET {path}{'&' if '?' in path else '?'}page[size]={size}&page[number]={number}").get("data")
            or []
        )
        found += page
        if len(page) < size:
            break
    return found


def _user(api: Api, arguments: Properties) -> Properties:
    text = str(arguments.get("filter", ""))
    users = api.call(f"GET /api/v2/users?filter={escape(text)}").get("data") or []
    if arguments.get("excludeServiceAccounts"):
        users = [user for user in users if not user["attributes"].get("service_account")]
    if arguments.get("exactMatch"):
        users = [user for user in users if text in (user["attributes"].get("email"), user["attributes"].get("name"))]
    return _properties(_only(users, f"user {text!r}"), (*_USER, *_DATES))


def _users(api: Api, arguments: Properties) -> Properties:
    text, status = (escape(arguments.get(name) or "") for name in ("filter", "filterStatus"))
    path = f"/api/v2/users?filter={text}" + (f"&filter[status]={status}" if status else "")
    users = [_properties(user, (*_USER, *_DATES)) for user in _pages(api, path)]
    return {"id": f"users:{text}:{status}", "users": users}


def _team(api: Api, arguments: Properties) -> Properties:
    if id := arguments.get("teamId"):
        team = api.call(f"GET /api/v2/team/{escape(id)}")["data"]
    else:
        text = str(arguments.get("filterKeyword", ""))
        team = _only(api.call(f"GET /api/v2/team?filter[keyword]={escape(text)}").get("data") or [], f"team {text!r}")
    return {**_properties(team, _TEAM), "teamId": team["id"]}


def _team_memberships(api: Api, arguments: Properties) -> Properties:
    id, text = str(arguments["teamId"]), str(arguments.get("filterKeyword") or "")
    members = _pages(api, f"/api/v2/team/{escape(id)}/memberships?filter[keyword]={escape(text)}")
    found = [
        {
            "id": member.get("id"),
            "role": (member.get("attributes") or {}).get("role"),
            "teamId": id,
            "userId": member["relationships"]["user"]["data"]["id"],
        }
        for member in members
    ]
    return {"id": f"{id}:{text}", "teamMemberships": found}


def _role(api: Api, arguments: Properties) -> Properties:
    text = str(arguments.get("filter", ""))
    roles = api.call(f"GET /api/v2/roles?filter={escape(text)}").get("data") or []
    exact = [role for role in roles if role["attributes"].get("name") == text]
    return _properties(_only(exact or roles, f"role {text!r}"), ("name", "userCount"))


def _roles(api: Api, arguments: Properties) -> Properties:
    text = str(arguments.get("filter") or "")
    roles = _pages(api, f"/api/v2/roles?filter={escape(text)}")
    return {"id": f"roles:{text}", "roles": [_properties(role, ("name", "userCount")) for role in roles]}


def _permissions(api: Api, arguments: Properties) -> Properties:
    granted = [
        one
        for one in api.call("GET /api/v2/permissions").get("data") or []
        if arguments.get("includeRestricted") or not one["attributes"].get("restricted")
    ]
    return {"id": "datadog-permissions", "permissions": {one["attributes"]["name"]: one["id"] for one in granted}}


def _locations(api: Api, _arguments: Properties) -> Properties:
    found = api.call("GET /api/v1/synthetics/locations").get("locations") or []
    return {"id": "datadog-synthetics-location", "locations": {one["id"]: one["name"] for one in found}}


def _rum_filters(api: Api, arguments: Properties) -> Properties:
    id = str(arguments["applicationId"])
    found = api.call(f"GET /api/v2/rum/applications/{escape(id)}/retention_filters").get("data") or []
    names = ("name", "eventType", "sampleRate", "query", "enabled")
    return {"id": id, "retentionFilters": [_properties(one, names) for one in found]}


def _pipeline_order(api: Api, _arguments: Properties) -> Properties:
    return {"id": "pipelines", "pipelineIds": api.call("GET /api/v1/logs/config/pipeline-order")["pipeline_ids"]}


def _index_order(api: Api, _arguments: Properties) -> Properties:
    return {"id": "indexes", "indexNames": api.call("GET /api/v1/logs/config/index-order")["index_names"]}


def _archive_order(api: Api, _arguments: Properties) -> Properties:
    data = api.call("GET /api/v2/logs/config/archive-order")["data"]
    return {"id": "archives", "archiveIds": data["attributes"]["archive_ids"]}


def _retention_order(api: Api, _arguments: Properties) -> Properties:
    found = api.call("GET /api/v2/apm/config/retention-filters").get("data") or []
    return {"id": "filters", "filterIds": [one["id"] for one in found]}


def _scanner_order(api: Api, _arguments: Properties) -> Properties:
    data = api.call("GET /api/v2/sensitive-data-scanner/config")["data"]
    groups = ((data.get("relationships") or {}).get("groups") or {}).get("data") or []
    return {"id": data["id"], "groupIds": [one["id"] for one in groups]}


LOOKUPS: dict[str, Lookup] = {
    "getUser": _user,
    "getUsers": _users,
    "getTeam": _team,
    "getTeamMemberships": _team_memberships,
    "getRole": _role,
    "getRoles": _roles,
    "getPermissions": _permissions,
    "getSyntheticsLocations": _locations,
    "getRumRetentionFilters": _rum_filters,
    "getLogsPipelinesOrder": _pipeline_order,
    "getLogsIndexesOrder": _index_order,
    "getLogsArchivesOrder": _archive_order,
    "getApmRetentionFiltersOrder": _retention_order,
    "getSensitiveDataScannerGroupOrder": _scanner_order,
}


def functions(account: Account) -> dict[str, Function]:
    """Token -> function."""

    def bound(lookup: Lookup) -> Function:
        def function(arguments: Properties, /) -> Properties:
            found = {**arguments, **lookup(account.api, arguments)}
            return {key: value for key, value in found.items() if value is not None}

        return function

    return {f"datadog:index/{name}:{name}": bound(lookup) for name, lookup in LOOKUPS.items()}
