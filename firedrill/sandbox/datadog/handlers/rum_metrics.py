"""Metrics from RUM events: https://docs.datadoghq.com/api/latest/rum-metrics/ ."""

import copy

from firedrill.sandbox.datadog.handlers.logs_metrics import metric_name
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import titled_error
from firedrill.sandbox.datadog.store import Body

METRICS = "rum_metrics"


def missing_metric(identifier: str) -> ApiError:
    """Return the 404 of a metric."""
    return titled_error(404, f"not_found(Metric with name '{identifier}' not found)")


def check_metric(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for members that exclude or require each other."""
    if attributes.get("uniqueness") is not None and attributes["event_type"] not in ("session", "view"):
        raise titled_error(400, 'attribute "uniqueness" failed excluded_if validation')
    if attributes.get("uniqueness") is None and attributes["event_type"] in ("session", "view"):
        raise titled_error(400, 'attribute "uniqueness" failed required_if validation')
    compute = attributes["compute"]
    if compute["aggregation_type"] == "distribution" and not compute.get("path"):
        raise titled_error(400, 'attribute "compute.path" failed required_if validation')


@serves("v2.create_rum_metric")
def create_metric(call: Call) -> ApiResponse:
    """Create a metric from RUM events."""
    identifier = metric_name(call.body["data"]["id"])
    if call.get(METRICS, identifier) is not None:
        raise titled_error(409, f"Metric with name '{identifier}' already exists")
    attributes = {"group_by": [], **copy.deepcopy(call.body["data"]["attributes"])}
    check_metric(attributes)
    if attributes["compute"]["aggregation_type"] == "distribution":
        attributes["compute"].setdefault("include_percentiles", False)
    body = {"id": identifier, "type": "rum_metrics", "attributes": attributes}
    call.put(METRICS, identifier, body)
    return ApiResponse({"data": body}, 201)


def find_metric(call: Call) -> Body:
    """Return the metric of the path. Raises :class:`ApiError` 404."""
    rum_metric = call.get(METRICS, call.path["metric_id"])
    if rum_metric is None:
        raise missing_metric(call.path["metric_id"])
    return rum_metric


@serves("v2.get_rum_metric")
def get_metric(call: Call) -> ApiResponse:
    """Return one metric."""
    return ApiResponse({"data": find_metric(call)})


@serves("v2.list_rum_metrics")
def list_metrics(call: Call) -> ApiResponse:
    """Return all metrics."""
    return ApiResponse({"data": call.list(METRICS)})


@serves("v2.update_rum_metric")
def update_metric(call: Call) -> ApiResponse:
    """Change filter, groups or percentiles."""
    if call.body["data"].get("id") not in (None, call.path["metric_id"]):
        raise titled_error(409, "ID provided in the payload does not match the url parameter")
    body, attributes = find_metric(call), copy.deepcopy(call.body["data"]["attributes"])
    compute = {**body["attributes"]["compute"], **attributes.pop("compute", {})}
    body["attributes"] |= {**attributes, "compute": compute}
    call.put(METRICS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_rum_metric")
def delete_metric(call: Call) -> ApiResponse:
    """Delete a metric."""
    call.delete(METRICS, find_metric(call)["id"])
    return NO_CONTENT
