"""Metrics from logs, custom destinations, restriction queries: https://docs.datadoghq.com/api/latest/logs-metrics/ ."""

import copy
import re
from typing import Any

from firedrill.sandbox.datadog.account import LOGS_METRICS, ROLES, USERS
from firedrill.sandbox.datadog.collection import Collection, is_uuid, new_uuid, stamp
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

DESTINATIONS = "custom_destinations"
RESTRICTIONS = "restriction_queries"


def metric_name(text: str) -> str:
    """A name as Datadog keeps it: letters, digits, underscores, dots; starts with a letter."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", text)


def compute_fault(compute: Body) -> str | None:
    """What is wrong with the computation of a metric from events, None when nothing is."""
    if compute["aggregation_type"] == "distribution" and not compute.get("path"):
        return "path is required for aggregation type distribution"
    if compute["aggregation_type"] == "count" and compute.get("path"):
        return "path is not allowed for aggregation type count"
    return None


def grouped(given: Any) -> list[Body]:
    """Group-bys with the tag name that the path implies."""
    return [{"tag_name": one["path"].lstrip("@"), **one} for one in given or []]


@serves("v2.create_logs_metric")
def create(call: Call) -> Answer:
    """Create a metric from logs; its name is its id."""
    data = call.body["data"]
    given, identifier = data["attributes"], metric_name(data["id"])
    if not re.match(r"[A-Za-z]", identifier):
        raise ApiError(400, "Invalid metric name: must start with a letter")
    if call.get(LOGS_METRICS, identifier) is not None:
        raise ApiError(409, f"Metric with name '{identifier}' already exists")
    fault = compute_fault(given["compute"])
    if fault is not None:
        raise ApiError(400, fault)
    compute = dict(given["compute"])
    if compute["aggregation_type"] == "distribution":
        compute.setdefault("include_percentiles", False)
    attributes = {
        "filter": given.get("filter") or {"query": "*"},
        "group_by": grouped(given.get("group_by")),
        "compute": compute,
    }
    body = {"id": identifier, "attributes": attributes, "type": "logs_metrics"}
    call.put(LOGS_METRICS, identifier, body)
    return Answer({"data": body})


def find(call: Call) -> Body:
    """The metric of the path. Raises :class:`ApiError` 404."""
    found = call.get(LOGS_METRICS, call.path["metric_id"])
    if found is None:
        raise ApiError(404, f"Metric with name '{call.path['metric_id']}' not found")
    return found


@serves("v2.get_logs_metric")
def get(call: Call) -> Answer:
    """One metric."""
    return Answer({"data": find(call)})


@serves("v2.list_logs_metrics")
def list_metrics(call: Call) -> Answer:
    """All metrics."""
    return Answer({"data": call.list(LOGS_METRICS)})


@serves("v2.update_logs_metric")
def update(call: Call) -> Answer:
    """Change filter, groups or percentiles."""
    body, given = find(call), call.body["data"]["attributes"]
    if "filter" in given:
        body["attributes"]["filter"] = given["filter"]
    if "group_by" in given:
        body["attributes"]["group_by"] = grouped(given["group_by"])
    if "compute" in given:
        body["attributes"]["compute"] |= given["compute"]
    call.put(LOGS_METRICS, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_logs_metric")
def delete(call: Call) -> Answer:
    """Delete a metric."""
    call.delete(LOGS_METRICS, find(call)["id"])
    return NO_CONTENT


def destination(body: Body) -> Body:
    """A destination without what is write-only."""
    shown = copy.deepcopy(body)
    forwarder = shown["attributes"]["forwarder_destination"]
    forwarder.pop("access_token", None)
    for key in ("username", "password", "header_value"):
        (forwarder.get("auth") or {}).pop(key, None)
    return shown


DESTINATION_DEFAULTS = {
    "query": "",
    "enabled": True,
    "forward_tags_restriction_list_type": "ALLOW_LIST",
    "forward_tags_restriction_list": [],
    "forward_tags": True,
}


@serves("v2.create_logs_custom_destination", checked=False)
def create_destination(call: Call) -> Answer:
    """Create a destination; credentials are never answered."""
    attributes = destination_attributes(call)
    for key in ("name", "forwarder_destination"):
        if not attributes.get(key):
            raise ApiError(400, f"The parameter '{key}' is required")
    identifier = new_uuid(call)
    body = {"id": identifier, "attributes": {**DESTINATION_DEFAULTS, **attributes}, "type": "custom_destination"}
    call.put(DESTINATIONS, identifier, body)
    return Answer({"data": destination(body)})


def destination_attributes(call: Call) -> Body:
    """The attributes of a body. Raises :class:`ApiError` 400."""
    data = call.body.get("data") if isinstance(call.body, dict) else None
    attributes = data.get("attributes") if isinstance(data, dict) else None
    if not isinstance(attributes, dict):
        raise ApiError(400, "The parameter 'data' is required")
    kinds = {"forwarder_destination": dict, "forward_tags_restriction_list": list, "name": str, "query": str}
    for key, kind in kinds.items():
        if key in attributes and not isinstance(attributes[key], kind):
            raise ApiError(400, f"The parameter '{key}' is invalid")
    forwarder = attributes.get("forwarder_destination") or {}
    if forwarder and forwarder.get("type") not in (
        "http",
        "splunk_hec",
        "elasticsearch",
        "microsoft_sentinel",
        "google_security_operations",
        "google_pubsub",
    ):
        raise ApiError(400, "The parameter 'forwarder_destination.type' is invalid")
    if not isinstance(forwarder.get("auth") or {}, dict):
        raise ApiError(400, "The parameter 'forwarder_destination.auth' is invalid")
    if attributes.get("forward_tags_restriction_list_type", "ALLOW_LIST") not in ("ALLOW_LIST", "BLOCK_LIST"):
        raise ApiError(400, "Internal error")
    return {key: value for key, value in attributes.items() if value is not None}


def find_destination(call: Call) -> Body:
    """The destination of the path. Raises :class:`ApiError` 404."""
    found = call.get(DESTINATIONS, call.path["custom_destination_id"])
    if found is None:
        raise ApiError(404, "NotFound")
    return found


@serves("v2.get_logs_custom_destination")
def get_destination(call: Call) -> Answer:
    """One destination."""
    return Answer({"data": destination(find_destination(call))})


@serves("v2.list_logs_custom_destinations")
def list_destinations(call: Call) -> Answer:
    """All destinations."""
    return Answer({"data": [destination(one) for one in call.list(DESTINATIONS)]})


@serves("v2.update_logs_custom_destination", checked=False)
def update_destination(call: Call) -> Answer:
    """Change a destination."""
    attributes = destination_attributes(call)
    body = find_destination(call)
    old, new = (one.get("forwarder_destination") or {} for one in (body["attributes"], attributes))
    if new.get("type") == old.get("type") == "splunk_hec":  # a null source type stays until another one is named
        attributes["forwarder_destination"] = {"sourcetype": old.get("sourcetype"), **new}
    body["attributes"] |= attributes
    call.put(DESTINATIONS, body["id"], body)
    return Answer({"data": destination(body)})


@serves("v2.delete_logs_custom_destination")
def delete_destination(call: Call) -> Answer:
    """Delete a destination."""
    call.delete(DESTINATIONS, find_destination(call)["id"])
    return NO_CONTENT


RESTRICTION = Collection(
    RESTRICTIONS,
    "logs_restriction_queries",
    "restriction_query_id",
    create="create_restriction_query",
    list="list_restriction_queries",
    get="get_restriction_query",
    update="update_restriction_query",
    delete="delete_restriction_query",
    complete=stamp,
    created=200,
    malformed=(400, lambda _: "uuid is not proper type"),
    not_found=lambda _: "Restriction query not found",
).register()
serves("v2.replace_restriction_query")(RESTRICTION.on_update)


def role_of(call: Call) -> Body:
    """The role that a body names. Raises :class:`ApiError` 404."""
    identifier = call.body["data"].get("id")
    found = call.get(ROLES, str(identifier))
    if found is None:
        raise ApiError(404, f"Role with id: {identifier} not found")
    return found


@serves("v2.add_role_to_restriction_query")
def add_role(call: Call) -> Answer:
    """Restrict a role by a query; a role has one at most."""
    role = role_of(call)
    query = RESTRICTION.find(call)
    for one in call.list(RESTRICTIONS):
        held = one.get("relationships", {}).get("roles", {}).get("data", [])
        kept = [entry for entry in held if entry["id"] != role["id"]]
        if one["id"] == query["id"]:
            kept.append({"id": role["id"], "type": "roles"})
        one["relationships"] = {"roles": {"data": kept}}
        call.put(RESTRICTIONS, one["id"], one)
    return NO_CONTENT


@serves("v2.remove_role_from_restriction_query")
def remove_role(call: Call) -> Answer:
    """Free a role from a query."""
    role, query = role_of(call), RESTRICTION.find(call)
    held = query.get("relationships", {}).get("roles", {}).get("data", [])
    query["relationships"] = {"roles": {"data": [one for one in held if one["id"] != role["id"]]}}
    call.put(RESTRICTIONS, query["id"], query)
    return NO_CONTENT


@serves("v2.list_restriction_query_roles")
def list_roles(call: Call) -> Answer:
    """The roles that a query restricts."""
    held = RESTRICTION.find(call).get("relationships", {}).get("roles", {}).get("data", [])
    roles = [call.get(ROLES, one["id"]) for one in held]
    data = [
        {"type": "roles", "id": one["id"], "attributes": {"name": one["attributes"]["name"]}} for one in roles if one
    ]
    return Answer({"data": data})


def restricting(call: Call, roles: set[str]) -> Answer:
    """The queries that restrict any of the roles."""
    data = [
        {key: one[key] for key in ("id", "type", "attributes")}
        for one in call.list(RESTRICTIONS)
        if roles & {entry["id"] for entry in one.get("relationships", {}).get("roles", {}).get("data", [])}
    ]
    return Answer({"data": data})


@serves("v2.get_role_restriction_query")
def of_role(call: Call) -> Answer:
    """The query that restricts a role."""
    if call.get(ROLES, call.path["role_id"]) is None:
        raise ApiError(400, f"Missing Role {call.path['role_id']}")
    return restricting(call, {call.path["role_id"]})


@serves("v2.list_user_restriction_queries")
def of_user(call: Call) -> Answer:
    """The queries that restrict a user by roles."""
    identifier = call.path["user_id"]
    if not is_uuid(identifier):
        raise ApiError(400, "uuid is not proper type")
    user = call.get(USERS, identifier)
    if user is None:
        raise ApiError(404, f"User {identifier} not found")
    return restricting(call, {one["id"] for one in user["relationships"]["roles"]["data"]})
