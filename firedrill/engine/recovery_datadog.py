"""Datadog objects that a killed update may have created without recording them, found by their declaration.

One lookup for each kind that an interrupted update could create twice, or could not create again because its name is
taken. Kinds that are missing here are created by a PUT, so that creating them again changes nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any
from urllib.parse import quote

from firedrill.datadog.client import DatadogClient, DatadogError

Json = Mapping[str, Any]
AUDIT = "POST /api/v2/audit/events/search"
NAME = "attributes.name"


@dataclass(frozen=True)
class Lookup:
    """The list of a kind's objects, and their match with a declaration.

    request: may name inputs in braces. items, id: places in the response. key: the input, and the place in an item that
    must equal it; None where only a comparison of the whole declaration tells. several_requests: a create sends more
    than one request, so that an object may exist in part. shown_once: only the create's response has some value, such
    as a key.
    """

    request: str
    items: str = "data"
    key: tuple[str, str] | None = ("name", NAME)
    id: str = "id"
    several_requests: bool = False
    shown_once: bool = False


BY_AUDIT_TRAIL = Lookup(AUDIT, key=("name", "attributes.attributes.asset.name"), id="attributes.attributes.asset.id")
"""Connections, schedules and escalation policies have no list: the audit trail has the creation, with name and id."""
BY_NAME = Lookup("", key=("name", ""))
"""The name is the id: a read tells whether the object exists."""
_INCIDENTS = "GET /api/v2/incidents/config/"
LOOKUPS: Mapping[str, Lookup] = {
    "monitor": Lookup("GET /api/v1/monitor?name={name}", "", ("name", "name")),
    "monitorNotificationRule": Lookup("GET /api/v2/monitor/notification_rule?page=0&per_page=1000"),
    "monitorConfigPolicy": Lookup("GET /api/v2/monitor/policy", key=("tagPolicy.tagKey", "attributes.policy.tag_key")),
    "serviceLevelObjective": Lookup("GET /api/v1/slo?query={name}&limit=1000", key=("name", "name")),
    "sloCorrection": Lookup("GET /api/v1/slo/correction", key=("description", "attributes.description")),
    "downtimeSchedule": Lookup("GET /api/v2/downtime?page[limit]=1000", key=("message", "attributes.message")),
    "dashboardJson": Lookup("GET /api/v1/dashboard?count=1000&start=0", "dashboards", ("title", "title")),
    "dashboardList": Lookup(
        "GET /api/v1/dashboard/lists/manual", "dashboard_lists", ("name", "name"), several_requests=True
    ),
    "syntheticsTest": Lookup(
        "GET /api/v1/synthetics/tests?page_size=1000", "tests", ("name", "name"), "public_id", several_requests=True
    ),
    "syntheticsGlobalVariable": Lookup("GET /api/v1/synthetics/variables", "variables", ("name", "name")),
    "workflowAutomation": Lookup("GET /api/v2/workflows?limit=1000"),
    "actionConnection": BY_AUDIT_TRAIL,
    "onCallSchedule": BY_AUDIT_TRAIL,
    "onCallEscalationPolicy": BY_AUDIT_TRAIL,
    "onCallUserNotificationChannel": Lookup("GET /api/v2/on-call/users/{userId}/notification-channels", key=None),
    "onCallUserNotificationRule": Lookup("GET /api/v2/on-call/users/{userId}/notification-rules", key=None),
    "team": Lookup("GET /api/v2/team?page[size]=100&filter[keyword]={handle}", key=("handle", "attributes.handle")),
    "teamLink": Lookup("GET /api/v2/team/{teamId}/links", key=("label", "attributes.label")),
    "teamMembership": Lookup(
        "GET /api/v2/team/{teamId}/memberships?page[size]=1000", key=("userId", "relationships.user.data.id")
    ),
    "teamNotificationRule": Lookup("GET /api/v2/team/{teamId}/notification-rules", key=None),
    "role": Lookup("GET /api/v2/roles?page[size]=100&filter={name}"),
    "serviceAccount": Lookup(
        "GET /api/v2/users?page[size]=100&filter={email}", key=("email", "attributes.email"), several_requests=True
    ),
    "serviceAccountApplicationKey": Lookup(
        "GET /api/v2/service_accounts/{serviceAccountId}/application_keys?page[size]=100", shown_once=True
    ),
    "rumApplication": Lookup("GET /api/v2/rum/applications"),
    "rumRetentionFilter": Lookup("GET /api/v2/rum/applications/{applicationId}/retention_filters"),
    "rumMetric": Lookup("GET /api/v2/rum/config/metrics", key=("name", "id")),
    "spansMetric": Lookup("GET /api/v2/apm/config/metrics", key=("name", "id")),
    "logsMetric": Lookup("GET /api/v2/logs/config/metrics", key=("name", "id")),
    "logsIndex": Lookup("GET /api/v1/logs/config/indexes", "indexes", ("name", "name"), "name"),
    "logsArchive": Lookup("GET /api/v2/logs/config/archives"),
    "logsCustomPipeline": Lookup("GET /api/v1/logs/config/pipelines", "", ("name", "name")),
    "metricTagConfiguration": Lookup("GET /api/v2/metrics?filter[configured]=true", key=("metricName", "id")),
    "apmRetentionFilter": Lookup("GET /api/v2/apm/config/retention-filters"),
    "sensitiveDataScannerGroup": Lookup("GET /api/v2/sensitive-data-scanner/config", "included"),
    "sensitiveDataScannerRule": Lookup("GET /api/v2/sensitive-data-scanner/config", "included"),
    "incidentType": Lookup(f"{_INCIDENTS}types", several_requests=True),
    "incidentUserDefinedField": Lookup(f"{_INCIDENTS}user-defined-fields?page[size]=100"),
    "incidentUserDefinedRole": Lookup(f"{_INCIDENTS}user-defined-roles"),
    "incidentNotificationRule": Lookup(f"{_INCIDENTS}notification-rules", key=None),
    "incidentNotificationTemplate": Lookup(f"{_INCIDENTS}notification-templates"),
    "incidentPostmortemTemplate": Lookup(f"{_INCIDENTS}postmortem-templates"),
    "deploymentGate": Lookup("GET /api/v2/deployment_gates?page[size]=1000", key=("service", "attributes.service")),
    "costBudget": Lookup("GET /api/v2/cost/budgets"),
    "webhook": BY_NAME,
    "webhookCustomVariable": BY_NAME,
    "gcp/integrationSts": Lookup(
        "GET /api/v2/integration/gcp/accounts", key=("clientEmail", "attributes.client_email")
    ),
}
"""By kind: ``monitor`` stands for ``datadog:index/monitor:Monitor``, ``gcp/integrationSts`` is of another module."""


def lookup_for(token: str) -> Lookup | None:
    """Return how a type's objects are found; None where creating one again changes nothing."""
    return LOOKUPS.get(kind_of(token)) if token.startswith("datadog:") else None


def kind_of(token: str) -> str:
    """Return the key of a type in LOOKUPS."""
    return token.removeprefix("datadog:").removeprefix("index/").partition(":")[0]


def candidate_ids(client: DatadogClient, token: str, inputs: Json) -> Iterator[str]:
    """Yield the ids of a type's objects that agree with the declared inputs in the lookup's key.

    Raises:
        DatadogError: the list cannot be read.
    """
    lookup = lookup_for(token)
    if lookup is None:
        return
    declared = _declared(inputs)
    if lookup is BY_NAME:
        yield str(declared["name"])
        return
    names = [name for _, name, _, _ in Formatter().parse(lookup.request) if name]
    if not all(isinstance(declared.get(name), str) for name in names):
        return
    request = lookup.request.format(**{name: quote(str(declared[name]), safe="") for name in names})
    for item in _items(client, request, lookup, declared):
        if lookup.key is None or str(_value_at(item, lookup.key[1])) == str(_value_at(declared, lookup.key[0])):
            yield str(_value_at(item, lookup.id))


def _declared(inputs: Json) -> Json:
    """Return the inputs; of a dashboard, whose input is one JSON text, that JSON."""
    return json.loads(inputs["dashboard"]) if isinstance(inputs.get("dashboard"), str) else inputs


def _items(client: DatadogClient, request: str, lookup: Lookup, declared: Json) -> list[Json]:
    body = None
    if lookup is BY_AUDIT_TRAIL:
        query = f'@action:created @asset.name:"{declared.get("name")}"'
        body = {"filter": {"query": query, "from": "now-90d", "to": "now"}, "page": {"limit": 1000}}
    try:
        response = client.call(request, body)
    except DatadogError as error:
        if error.status == 404:  # the parent is gone, and its objects with it
            return []
        raise
    items = _value_at(response, lookup.items) if lookup.items else response
    return list(items or ())


def _value_at(value: Any, place: str) -> Any:
    for part in place.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
