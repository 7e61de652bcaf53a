"""Metrics from spans: https://docs.datadoghq.com/api/latest/spans-metrics/ ."""

import copy

from firedrill.sandbox.datadog.handlers.logs_metrics import compute_fault, group_by_facets, metric_name
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

METRICS = "spans_metrics"


@serves("v2.create_spans_metric")
def create_metric(call: Call) -> ApiResponse:
    """Create a metric from spans; its name is its id."""
    data = call.body["data"]
    # The published provider sends the name in quotation marks, and what it made is found without them.
    requested, identifier = copy.deepcopy(data["attributes"]), metric_name(data["id"].strip('"'))
    fault = compute_fault(requested["compute"])
    if fault is not None:
        raise ApiError(400, fault)
    if call.get(METRICS, identifier) is not None:
        raise ApiError(409, f"Metric with name '{identifier}' already exists")
    if requested["compute"]["aggregation_type"] == "distribution":
        requested["compute"].setdefault("include_percentiles", False)
    attributes = {
        "filter": requested.get("filter") or {"query": "*"},
        "group_by": group_by_facets(requested.get("group_by")),
        "compute": requested["compute"],
    }
    body = {"id": identifier, "attributes": attributes, "type": "spans_metrics"}
    call.put(METRICS, identifier, body)
    return ApiResponse({"data": body})


def find_metric(call: Call) -> Body:
    """Return the metric of the path. Raises :class:`ApiError` 404."""
    spans_metric = call.get(METRICS, call.path["metric_id"])
    if spans_metric is None:
        raise ApiError(404, f"not_found(Metric with name '{call.path['metric_id']}' not found)")
    return spans_metric


@serves("v2.get_spans_metric")
def get_metric(call: Call) -> ApiResponse:
    """Return one metric."""
    return ApiResponse({"data": find_metric(call)})


@serves("v2.list_spans_metrics")
def list_metrics(call: Call) -> ApiResponse:
    """Return all metrics."""
    return ApiResponse({"data": call.list(METRICS)})


@serves("v2.update_spans_metric")
def update_metric(call: Call) -> ApiResponse:
    """Change filter, groups or percentiles."""
    body, attributes = find_metric(call), copy.deepcopy(call.body["data"]["attributes"])
    body["attributes"]["compute"] |= attributes.get("compute") or {}
    if attributes.get("filter") is not None:
        body["attributes"]["filter"] = attributes["filter"]
    if attributes.get("group_by") is not None:
        body["attributes"]["group_by"] = group_by_facets(attributes["group_by"])
    call.put(METRICS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_spans_metric")
def delete_metric(call: Call) -> ApiResponse:
    """Delete a metric."""
    call.delete(METRICS, find_metric(call)["id"])
    return NO_CONTENT
