"""Metrics from logs: https://docs.datadoghq.com/api/latest/logs-metrics/ ."""

import re
from typing import Any

from firedrill.sandbox.datadog.account import LOGS_METRICS
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body


def metric_name(text: str) -> str:
    """Return a name as Datadog stores it: other characters become underscores."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", text)


def compute_fault(compute: Body) -> str | None:
    """Return what is wrong with the computation of a metric from events, or None."""
    if compute["aggregation_type"] == "distribution" and not compute.get("path"):
        return "path is required for aggregation type distribution"
    if compute["aggregation_type"] == "count" and compute.get("path"):
        return "path is not allowed for aggregation type count"
    return None


def group_by_facets(group_by: Any) -> list[Body]:
    """Return group-bys with the tag name that defaults to the path."""
    return [{"tag_name": facet["path"].lstrip("@"), **facet} for facet in group_by or []]


@serves("v2.create_logs_metric")
def create(call: Call) -> ApiResponse:
    """Create a metric from logs; its name is its id."""
    data = call.body["data"]
    requested, identifier = data["attributes"], metric_name(data["id"])
    if not re.match(r"[A-Za-z]", identifier):
        raise ApiError(400, "Invalid metric name: must start with a letter")
    if call.get(LOGS_METRICS, identifier) is not None:
        raise ApiError(409, f"Metric with name '{identifier}' already exists")
    fault = compute_fault(requested["compute"])
    if fault is not None:
        raise ApiError(400, fault)
    compute = dict(requested["compute"])
    if compute["aggregation_type"] == "distribution":
        compute.setdefault("include_percentiles", False)
    attributes = {
        "filter": requested.get("filter") or {"query": "*"},
        "group_by": group_by_facets(requested.get("group_by")),
        "compute": compute,
    }
    body = {"id": identifier, "attributes": attributes, "type": "logs_metrics"}
    call.put(LOGS_METRICS, identifier, body)
    return ApiResponse({"data": body})


def find(call: Call) -> Body:
    """Return the metric of the path. Raises :class:`ApiError` 404."""
    logs_metric = call.get(LOGS_METRICS, call.path["metric_id"])
    if logs_metric is None:
        raise ApiError(404, f"Metric with name '{call.path['metric_id']}' not found")
    return logs_metric


@serves("v2.get_logs_metric")
def get(call: Call) -> ApiResponse:
    """Return one metric."""
    return ApiResponse({"data": find(call)})


@serves("v2.list_logs_metrics")
def list_metrics(call: Call) -> ApiResponse:
    """Return all metrics."""
    return ApiResponse({"data": call.list(LOGS_METRICS)})


@serves("v2.update_logs_metric")
def update(call: Call) -> ApiResponse:
    """Change filter, groups or percentiles."""
    body, attributes = find(call), call.body["data"]["attributes"]
    if "filter" in attributes:
        body["attributes"]["filter"] = attributes["filter"]
    if "group_by" in attributes:
        body["attributes"]["group_by"] = group_by_facets(attributes["group_by"])
    if "compute" in attributes:
        body["attributes"]["compute"] |= attributes["compute"]
    call.put(LOGS_METRICS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_logs_metric")
def delete(call: Call) -> ApiResponse:
    """Delete a metric."""
    call.delete(LOGS_METRICS, find(call)["id"])
    return NO_CONTENT
