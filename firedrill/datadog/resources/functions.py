"""Functions (Terraform's data sources) that the stack calls: look-ups of objects that a program does not declare."""

from collections.abc import Callable
from typing import Any

from firedrill.datadog.client import DatadogClient, escape
from firedrill.datadog.mapping.kind import ConfiguredAccount
from firedrill.datadog.mapping.objects import snake
from firedrill.provider.resource import ProviderError, ProviderFunction
from firedrill.provider.values import Properties

Json = Any
Lookup = Callable[[DatadogClient, Properties], Properties]

_USER = (
    *("email", "name", "handle", "icon", "title", "status", "disabled", "verified", "mfaEnabled", "serviceAccount"),
    *("createdAt", "modifiedAt"),
)
_RETENTION_FILTER = ("name", "eventType", "sampleRate", "query", "enabled")


def _properties(resource: Json, names: tuple[str, ...]) -> Properties:
    attributes = resource.get("attributes") or {}
    return {"id": resource.get("id"), **{name: attributes.get(snake(name)) for name in names}}


def _user(client: DatadogClient, arguments: Properties) -> Properties:
    text = str(arguments.get("filter", ""))
    users = client.call(f"GET /api/v2/users?filter={escape(text)}").get("data") or []
    if arguments.get("excludeServiceAccounts"):
        users = [user for user in users if not user["attributes"].get("service_account")]
    if arguments.get("exactMatch"):
        users = [user for user in users if text in (user["attributes"].get("email"), user["attributes"].get("name"))]
    if not users:
        raise ProviderError(f"user {text!r} does not exist: invite the user, or change the filter")
    if len(users) > 1:
        raise ProviderError(f"user {text!r} has {len(users)} matches: narrow the filter, or set exactMatch")
    return _properties(users[0], _USER)


def _permissions(client: DatadogClient, arguments: Properties) -> Properties:
    permissions = {
        permission["attributes"]["name"]: permission["id"]
        for permission in client.call("GET /api/v2/permissions").get("data") or []
        if arguments.get("includeRestricted") or not permission["attributes"].get("restricted")
    }
    return {"id": "datadog-permissions", "permissions": permissions}


def _rum_retention_filters(client: DatadogClient, arguments: Properties) -> Properties:
    id = str(arguments["applicationId"])
    filters = client.call(f"GET /api/v2/rum/applications/{escape(id)}/retention_filters").get("data") or []
    return {"id": id, "retentionFilters": [_properties(retention, _RETENTION_FILTER) for retention in filters]}


def _pipeline_order(client: DatadogClient, _arguments: Properties) -> Properties:
    order = client.call("GET /api/v1/logs/config/pipeline-order")
    return {"id": "pipelines", "pipelineIds": order["pipeline_ids"]}


def _archive_order(client: DatadogClient, _arguments: Properties) -> Properties:
    order = client.call("GET /api/v2/logs/config/archive-order")["data"]
    return {"id": "archives", "archiveIds": order["attributes"]["archive_ids"]}


def _retention_order(client: DatadogClient, _arguments: Properties) -> Properties:
    filters = client.call("GET /api/v2/apm/config/retention-filters").get("data") or []
    return {"id": "filters", "filterIds": [retention["id"] for retention in filters]}


def _scanner_order(client: DatadogClient, _arguments: Properties) -> Properties:
    configuration = client.call("GET /api/v2/sensitive-data-scanner/config")["data"]
    groups = ((configuration.get("relationships") or {}).get("groups") or {}).get("data") or []
    return {"id": configuration["id"], "groupIds": [group["id"] for group in groups]}


LOOKUPS: dict[str, Lookup] = {
    "getUser": _user,
    "getPermissions": _permissions,
    "getRumRetentionFilters": _rum_retention_filters,
    "getLogsPipelinesOrder": _pipeline_order,
    "getLogsArchivesOrder": _archive_order,
    "getApmRetentionFiltersOrder": _retention_order,
    "getSensitiveDataScannerGroupOrder": _scanner_order,
}


def functions(account: ConfiguredAccount) -> dict[str, ProviderFunction]:
    """Return the functions by token."""

    def bound(lookup: Lookup) -> ProviderFunction:
        def function(arguments: Properties, /) -> Properties:
            result = {**arguments, **lookup(account.client, arguments)}
            return {key: value for key, value in result.items() if value is not None}

        return function

    return {f"datadog:index/{name}:{name}": bound(lookup) for name, lookup in LOOKUPS.items()}
