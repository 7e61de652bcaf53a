"""How an object of the account is found that nobody recorded: by what its declaration says, through the public API.

One row for each kind that an interrupted update could make twice, or could not make again since its name is taken.
Kinds that are missing here are made by a PUT, so that making them again changes nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any
from urllib.parse import quote

from firedrill.sandbox.providers.datadog.api import Api, ApiError

Json = Mapping[str, Any]
AUDIT = "POST /api/v2/audit/events/search"
NAME = "attributes.name"


@dataclass(frozen=True)
class Listed:
    """Where the objects of a kind are listed.

    request: names inputs in braces. items, id: places in the answer. key: the input and the place in an item that must
    be equal; None where nothing but the whole declaration tells. partly: further requests follow the first one of a
    create, so that an object may be there in part. once: the answer of a create says what no read says again.
    """

    request: str
    items: str = "data"
    key: tuple[str, str] | None = ("name", NAME)
    id: str = "id"
    partly: bool = False
    once: bool = False


BY_AUDIT_TRAIL = Listed(AUDIT, key=("name", "attributes.attributes.asset.name"), id="attributes.attributes.asset.id")
"""Connections and escalation policies have no list: the trail says that one of this name was created, with its id."""
BY_NAME = Listed("", key=("name", ""))
"""Where the name is the id: a read tells whether it is there."""
_INCIDENTS = "GET /api/v2/incidents/config/"
LISTS: Mapping[str, Listed] = {
    "monitor": Listed("GET /api/v1/monitor?name={name}", "", ("name", "name")),
    "monitorNotificationRule": Listed("GET /api/v2/monitor/notification_rule?page=0&per_page=1000"),
    "monitorConfigPolicy": Listed("GET /api/v2/monitor/policy", key=("tagPolicy.tagKey", "attributes.policy.tag_key")),
    "serviceLevelObjective": Listed("GET /api/v1/slo?query={name}&limit=1000", key=("name", "name")),
    "sloCorrection": Listed("GET /api/v1/slo/correction", key=("description", "attributes.description")),
    "downtimeSchedule": Listed("GET /api/v2/downtime?page[limit]=1000", key=("message", "attributes.message")),
    "dashboardJson": Listed("GET /api/v1/dashboard?count=1000&start=0", "dashboards", ("title", "title")),
    "dashboardList": Listed("GET /api/v1/dashboard/lists/manual", "dashboard_lists", ("name", "name"), partly=True),
    "syntheticsTest": Listed(
        "GET /api/v1/synthetics/tests?page_size=1000", "tests", ("name", "name"), "public_id", partly=True
    ),
    "syntheticsGlobalVariable": Listed("GET /api/v1/synthetics/variables", "variables", ("name", "name")),
    "workflowAutomation": Listed("GET /api/v2/workflows?limit=1000"),
    "actionConnection": BY_AUDIT_TRAIL,
    "onCallSchedule": BY_AUDIT_TRAIL,
    "onCallEscalationPolicy": BY_AUDIT_TRAIL,
    "onCallUserNotificationChannel": Listed("GET /api/v2/on-call/users/{userId}/notification-channels", key=None),
    "onCallUserNotificationRule": Listed("GET /api/v2/on-call/users/{userId}/notification-rules", key=None),
    "team": Listed("GET /api/v2/team?page[size]=100&filter[keyword]={handle}", key=("handle", "attributes.handle")),
    "teamLink": Listed("GET /api/v2/team/{teamId}/links", key=("label", "attributes.label")),
    "teamMembership": Listed(
        "GET /api/v2/team/{teamId}/memberships?page[size]=1000", key=("userId", "relationships.user.data.id")
    ),
    "teamNotificationRule": Listed("GET /api/v2/team/{teamId}/notification-rules", key=None),
    "role": Listed("GET /api/v2/roles?page[size]=100&filter={name}"),
    "serviceAccount": Listed(
        "GET /api/v2/users?page[size]=100&filter={email}", key=("email", "attributes.email"), partly=True
    ),
    "serviceAccountApplicationKey": Listed(
        "GET /api/v2/service_accounts/{serviceAccountId}/application_keys?page[size]=100", once=True
    ),
    "rumApplication": Listed("GET /api/v2/rum/applications"),
    "rumRetentionFilter": Listed("GET /api/v2/rum/applications/{applicationId}/retention_filters"),
    "rumMetric": Listed("GET /api/v2/rum/config/metrics", key=("name", "id")),
    "spansMetric": Listed("GET /api/v2/apm/config/metrics", key=("name", "id")),
    "logsMetric": Listed("GET /api/v2/logs/config/metrics", key=("name", "id")),
    "logsIndex": Listed("GET /api/v1/logs/config/indexes", "indexes", ("name", "name"), "name"),
    "logsArchive": Listed("GET /api/v2/logs/config/archives"),
    "logsCustomPipeline": Listed("GET /api/v1/logs/config/pipelines", "", ("name", "name")),
    "metricTagConfiguration": Listed("GET /api/v2/metrics?filter[configured]=true", key=("metricName", "id")),
    "apmRetentionFilter": Listed("GET /api/v2/apm/config/retention-filters"),
    "sensitiveDataScannerGroup": Listed("GET /api/v2/sensitive-data-scanner/config", "included"),
    "sensitiveDataScannerRule": Listed("GET /api/v2/sensitive-data-scanner/config", "included"),
    "incidentType": Listed(f"{_INCIDENTS}types", partly=True),
    "incidentUserDefinedField": Listed(f"{_INCIDENTS}user-defined-fields?page[size]=100"),
    "incidentUserDefinedRole": Listed(f"{_INCIDENTS}user-defined-roles"),
    "incidentNotificationRule": Listed(f"{_INCIDENTS}notification-rules", key=None),
    "incidentNotificationTemplate": Listed(f"{_INCIDENTS}notification-templates"),
    "incidentPostmortemTemplate": Listed(f"{_INCIDENTS}postmortem-templates"),
    "deploymentGate": Listed("GET /api/v2/deployment_gates?page[size]=1000", key=("service", "attributes.service")),
    "costBudget": Listed("GET /api/v2/cost/budgets"),
    "webhook": BY_NAME,
    "webhookCustomVariable": BY_NAME,
    "gcp/integrationSts": Listed(
        "GET /api/v2/integration/gcp/accounts", key=("clientEmail", "attributes.client_email")
    ),
}
"""By kind: ``monitor`` of ``datadog:index/monitor:Monitor``, ``gcp/integrationSts`` of another module's."""


def row_of(token: str) -> Listed | None:
    """How a type's objects are found; None where making it again changes nothing."""
    return LISTS.get(kind_of(token)) if token.startswith("datadog:") else None


def kind_of(token: str) -> str:
    """The key of a type in LISTS."""
    return token.removeprefix("datadog:").removeprefix("index/").partition(":")[0]


def candidates(api: Api, token: str, inputs: Json) -> Iterator[str]:
    """Ids of the objects of a type that the row's key cannot tell from what ``inputs`` declare.

    Raises:
        ApiError: the list cannot be read.
    """
    row = row_of(token)
    if row is None:
        return
    declared = _declared(inputs)
    if row is BY_NAME:
        yield str(declared["name"])
        return
    names = [name for _, name, _, _ in Formatter().parse(row.request) if name]
    if not all(isinstance(declared.get(name), str) for name in names):
        return
    request = row.request.format(**{name: quote(str(declared[name]), safe="") for name in names})
    for one in _items(api, request, row, declared):
        if row.key is None or str(_at(one, row.key[1])) == str(_at(declared, row.key[0])):
            yield str(_at(one, row.id))


def _declared(inputs: Json) -> Json:
    """The inputs; of a dashboard, which is one JSON text, its own."""
    return json.loads(inputs["dashboard"]) if isinstance(inputs.get("dashboard"), str) else inputs


def _items(api: Api, request: str, row: Listed, declared: Json) -> list[Json]:
    body = None
    if row is BY_AUDIT_TRAIL:
        query = f'@action:created @asset.name:"{declared.get("name")}"'
        body = {"filter": {"query": query, "from": "now-90d", "to": "now"}, "page": {"limit": 1000}}
    try:
        answer = api.call(request, body)
    except ApiError as error:
        if error.status == 404:  # what it belongs to is gone, and it with that
            return []
        raise
    found = _at(answer, row.items) if row.items else answer
    return list(found or ())


def _at(value: Any, place: str) -> Any:
    for part in place.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
