"""RUM applications, retention filters, metrics: https://docs.datadoghq.com/api/latest/rum/ ."""

import copy
import secrets
import uuid

from firedrill.sandbox.datadog.account import org_number
from firedrill.sandbox.datadog.forms import typed
from firedrill.sandbox.datadog.overlays.logs_more import metric_name
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

APPLICATIONS = "rum_applications"
FILTERS = "rum_retention_filters"
METRICS = "rum_metrics"
DEFAULT_FILTER: Body = {
    "name": "Default session with replay",
    "event_type": "session",
    "query": "@session.has_replay:true",
    "sample_rate": 100,
    "enabled": True,
}
"""What a new application starts with, as a recorded list of filters has it."""


def milliseconds(call: Call) -> int:
    """Now in epoch milliseconds."""
    return int(call.now.timestamp() * 1000)


def find(call: Call, parameter: str = "id") -> Body:
    """The application of the path. Raises :class:`ApiError` 404."""
    found = call.get(APPLICATIONS, call.path[parameter])
    if found is None:
        raise ApiError(404, "Application Not Found not found")
    return found


def scales(call: Call, given: Body, old: Body | None) -> Body:
    """What is kept of an application's events."""
    now = milliseconds(call)
    found = copy.deepcopy(old or {})
    wanted = (
        ("rum_event_processing_state", "rum_event_processing_scale"),
        ("product_analytics_retention_state", "product_analytics_retention_scale"),
    )
    for key, name in wanted:
        if given.get(key) is not None:
            found[name] = {"state": given[key], "last_modified_at": now}
    return found


@serves("v2.create_rum_application")
def create(call: Call) -> Answer:
    """Create an application."""
    given, identifier, now = call.body["data"]["attributes"], str(uuid.uuid4()), milliseconds(call)
    token, handle = f"pub{secrets.token_hex(16)}", call.me["attributes"]["handle"]
    attributes: Body = {
        "application_id": identifier,
        "client_token": token,
        "hash": token,
        "name": given["name"],
        "type": given.get("type") or "browser",
        "tags": [],
        "is_active": False,
        "org_id": org_number(call.org),
        "rum_enabled": True,
        "rum_enabled_at": now,
        "rum_disabled_at": 0,
        "product_analytics_enabled": False,
        "product_analytics_enabled_at": now,
        "product_analytics_disabled_at": now,
        "product_analytics_replay_sample_rate": 100,
        "product_scales": scales(
            call, {"rum_event_processing_state": "ALL", "product_analytics_retention_state": "NONE", **given}, None
        ),
        "created_at": now,
        "created_by_handle": handle,
        "updated_at": now,
        "updated_by_handle": handle,
    }
    body = {"type": "rum_application", "attributes": attributes, "id": identifier}
    call.put(APPLICATIONS, identifier, body)
    put_filter(call, identifier, DEFAULT_FILTER, 0)
    return Answer({"data": body})


@serves("v2.get_rum_application")
def get(call: Call) -> Answer:
    """One application."""
    return Answer({"data": find(call)})


@serves("v2.get_rum_applications")
def list_applications(call: Call) -> Answer:
    """All applications, without their tokens."""
    hidden = ("client_token",)
    bodies = [
        {**one, "attributes": {key: value for key, value in one["attributes"].items() if key not in hidden}}
        for one in call.list(APPLICATIONS)
    ]
    return Answer({"data": bodies})


@serves("v2.update_rum_application", refused=422)
def update(call: Call) -> Answer:
    """Change an application."""
    if call.body["data"]["id"] != call.path["id"]:
        raise ApiError(422, "The id attribute in the request body does not match the id in the URL")
    body, given = find(call), call.body["data"].get("attributes") or {}
    attributes = body["attributes"]
    attributes |= {key: given[key] for key in ("name", "type", "tags") if given.get(key) is not None}
    attributes |= {"updated_at": milliseconds(call), "updated_by_handle": call.me["attributes"]["handle"]}
    attributes["product_scales"] = scales(call, given, attributes["product_scales"])
    call.put(APPLICATIONS, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_rum_application")
def delete(call: Call) -> Answer:
    """Delete an application with its filters."""
    identifier = find(call)["id"]
    for one in call.list(FILTERS):
        if one["application"] == identifier:
            call.delete(FILTERS, one["id"])
    call.delete(APPLICATIONS, identifier)
    return NO_CONTENT


def public(body: Body) -> Body:
    """A filter as it is answered."""
    return {key: value for key, value in body.items() if key not in ("application", "place")}


def filters_of(call: Call) -> list[Body]:
    """The filters of the application of the path in their order."""
    found = [one for one in call.list(FILTERS) if one["application"] == call.path["app_id"]]
    return sorted(found, key=lambda one: int(one["place"]))


@serves("v2.create_retention_filter")
def create_filter(call: Call) -> Answer:
    """Add a filter, last in the order."""
    find(call, "app_id")
    given = call.body["data"]["attributes"]
    attributes = {"enabled": True, "query": "", **given}
    return Answer({"data": public(put_filter(call, call.path["app_id"], attributes, len(filters_of(call))))}, 201)


def put_filter(call: Call, application: str, attributes: Body, place: int) -> Body:
    """A new filter of an application at a place of its order."""
    body: Body = {
        "id": str(uuid.uuid4()),
        "type": "retention_filters",
        "attributes": copy.deepcopy(attributes),
        "application": application,
        "place": place,
    }
    call.put(FILTERS, body["id"], body)
    return body


def find_filter(call: Call) -> Body:
    """The filter of the path. Raises :class:`ApiError` 404."""
    found = call.get(FILTERS, call.path["rf_id"])
    if found is None or found["application"] != call.path["app_id"]:
        raise typed(404, "rpc error: code = NotFound desc = NotFound: This retention filter does not exist")
    return found


@serves("v2.get_retention_filter")
def get_filter(call: Call) -> Answer:
    """One filter."""
    return Answer({"data": public(find_filter(call))})


@serves("v2.list_retention_filters")
def list_filters(call: Call) -> Answer:
    """The filters of an application."""
    find(call, "app_id")
    return Answer({"data": [public(one) for one in filters_of(call)]})


@serves("v2.update_retention_filter")
def update_filter(call: Call) -> Answer:
    """Change a filter."""
    body = find_filter(call)
    body["attributes"] |= call.body["data"].get("attributes") or {}
    call.put(FILTERS, body["id"], body)
    return Answer({"data": public(body)})


@serves("v2.delete_retention_filter")
def delete_filter(call: Call) -> Answer:
    """Delete a filter."""
    call.delete(FILTERS, find_filter(call)["id"])
    return NO_CONTENT


@serves("v2.order_retention_filters")
def order_filters(call: Call) -> Answer:
    """Put the filters in another order: all of them, each once."""
    find(call, "app_id")
    wanted = [one["id"] for one in call.body["data"]]
    known = {one["id"]: one for one in filters_of(call)}
    if sorted(wanted) != sorted(known):
        raise typed(400, "all retention filters must be in the order exactly once")
    for place, identifier in enumerate(wanted):
        call.put(FILTERS, identifier, {**known[identifier], "place": place})
    return Answer({"data": [{"id": one, "type": "retention_filters"} for one in wanted]})


def missing_metric(identifier: str) -> ApiError:
    """404 of a metric."""
    return typed(404, f"not_found(Metric with name '{identifier}' not found)")


def check_metric(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for members that do not go together."""
    if attributes.get("uniqueness") is not None and attributes["event_type"] not in ("session", "view"):
        raise typed(400, 'attribute "uniqueness" failed excluded_if validation')
    if attributes.get("uniqueness") is None and attributes["event_type"] in ("session", "view"):
        raise typed(400, 'attribute "uniqueness" failed required_if validation')
    compute = attributes["compute"]
    if compute["aggregation_type"] == "distribution" and not compute.get("path"):
        raise typed(400, 'attribute "compute.path" failed required_if validation')


@serves("v2.create_rum_metric")
def create_metric(call: Call) -> Answer:
    """Create a metric from RUM events."""
    identifier = metric_name(call.body["data"]["id"])
    if call.get(METRICS, identifier) is not None:
        raise typed(409, f"Metric with name '{identifier}' already exists")
    attributes = {"group_by": [], **copy.deepcopy(call.body["data"]["attributes"])}
    check_metric(attributes)
    if attributes["compute"]["aggregation_type"] == "distribution":
        attributes["compute"].setdefault("include_percentiles", False)
    body = {"id": identifier, "type": "rum_metrics", "attributes": attributes}
    call.put(METRICS, identifier, body)
    return Answer({"data": body}, 201)


def find_metric(call: Call) -> Body:
    """The metric of the path. Raises :class:`ApiError` 404."""
    found = call.get(METRICS, call.path["metric_id"])
    if found is None:
        raise missing_metric(call.path["metric_id"])
    return found


@serves("v2.get_rum_metric")
def get_metric(call: Call) -> Answer:
    """One metric."""
    return Answer({"data": find_metric(call)})


@serves("v2.list_rum_metrics")
def list_metrics(call: Call) -> Answer:
    """All metrics."""
    return Answer({"data": call.list(METRICS)})


@serves("v2.update_rum_metric")
def update_metric(call: Call) -> Answer:
    """Change filter, groups or percentiles."""
    body, given = find_metric(call), copy.deepcopy(call.body["data"]["attributes"])
    compute = {**body["attributes"]["compute"], **given.pop("compute", {})}
    body["attributes"] |= {**given, "compute": compute}
    call.put(METRICS, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_rum_metric")
def delete_metric(call: Call) -> Answer:
    """Delete a metric."""
    call.delete(METRICS, find_metric(call)["id"])
    return NO_CONTENT
