"""Tag configurations of metrics: https://docs.datadoghq.com/api/latest/metrics/ ."""

import copy
import re

from firedrill.sandbox.datadog.account import LOGS_METRICS, iso
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

CONFIGURATIONS = "metric_tag_configurations"
COMPUTED_METRICS = (LOGS_METRICS, "spans_metrics", "rum_metrics")
"""Kinds of metrics that a declaration of their own computes."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*\Z")
AGGREGATIONS = {"count": ("sum", "sum"), "rate": ("sum", "sum"), "gauge": ("avg", "avg")}
"""Time and space aggregation of a type without any of its own."""


def received_metrics(call: Call) -> list[str]:
    """Return the names of the metrics that arrived."""
    return sorted(TelemetryStore(call.directory.store.path, call.org).metrics())


def metric_of_path(call: Call) -> str:
    """Return the name of the metric of the path. Raises :class:`ApiError` 400."""
    name = call.path["metric_name"]
    if not NAME.match(name):
        reason = "metric name must start with a letter and only contain letters, numbers, dots, and underscores"
        raise ApiError(400, f"Invalid metric name: {reason}")
    return name


@serves("v2.list_tag_configurations")
def list_metrics(call: Call) -> ApiResponse:
    """Return metrics that arrived or are configured, by ``filter[configured]`` and ``filter[metric_type]``."""
    configured = {configuration["id"]: configuration for configuration in call.list(CONFIGURATIONS)}
    data: list[Body] = list(configured.values())
    if call.query.get("filter[configured]") != "true":
        data += [{"type": "metrics", "id": name} for name in received_metrics(call) if name not in configured]
    kind = call.query.get("filter[metric_type]")
    if kind is not None:
        data = [
            configuration for configuration in data if configuration.get("attributes", {}).get("metric_type") == kind
        ]
    size = call.integer("page[size]", 10_000, 1, 10_000)
    start = call.integer("page[cursor]", 0, 0, 10**6)
    following = str(start + size) if start + size < len(data) else None
    pagination = {
        "cursor": call.query.get("page[cursor]"),
        "next_cursor": following,
        "limit": size,
        "type": "cursor_limit",
    }
    base = "https://api.datadoghq.com/api/v2/metrics"
    links = {
        "self": base,
        "first": base,
        "last": None,
        "next": f"{base}?page[cursor]={following}" if following else None,
        "prev": None,
    }
    return ApiResponse({"data": data[start : start + size], "meta": {"pagination": pagination}, "links": links})


def configuration_body(call: Call, old: Body | None) -> Body:
    """Return a tag configuration from the request. Raises :class:`ApiError` 400."""
    requested = copy.deepcopy(call.body["data"].get("attributes") or {})
    previous = old["attributes"] if old else {}
    attributes = {**previous, **requested}
    attributes["created_at"] = previous.get("created_at", iso(call.now))
    attributes["modified_at"] = iso(call.now)
    kind = attributes.get("metric_type", "gauge")
    if kind == "distribution":
        attributes.setdefault("include_percentiles", False)
    elif "include_percentiles" in attributes:
        raise ApiError(400, "include_percentiles can only be set for distributions")
    else:
        time, space = AGGREGATIONS[kind]
        attributes.setdefault("aggregations", [{"space": space, "time": time}])
    return {"type": "manage_tags", "id": call.path["metric_name"], "attributes": attributes}


@serves("v2.create_tag_configuration")
def create(call: Call) -> ApiResponse:
    """Configure the tags of a metric that arrived and that no other product computes.

    https://github.com/DataDog/terraform-provider-datadog/issues/4016 and 1267 show the two refusals.
    """
    name = metric_of_path(call)
    if any(call.get(kind, name) is not None for kind in COMPUTED_METRICS):
        raise ApiError(
            400,
            "This metric is generated from a source that cannot be configured via this api. "
            "To configure tags on it, use the UI.",
        )
    if name not in received_metrics(call):
        raise ApiError(400, "Cannot configure tags on a metric that does not exist.")
    if call.get(CONFIGURATIONS, name) is not None:
        raise ApiError(409, f"Tag configuration for metric {name} already exists")
    body = configuration_body(call, None)
    call.put(CONFIGURATIONS, name, body)
    return ApiResponse({"data": body}, 201)


def find(call: Call) -> Body:
    """Return the tag configuration of the path. Raises :class:`ApiError` 404."""
    configuration = call.get(CONFIGURATIONS, call.path["metric_name"])
    if configuration is None:
        raise ApiError(404, f"{call.path['metric_name']} not found")
    return configuration


@serves("v2.list_tag_configuration_by_name")
def get(call: Call) -> ApiResponse:
    """Return the tag configuration of a metric."""
    return ApiResponse({"data": find(call)})


@serves("v2.update_tag_configuration")
def update(call: Call) -> ApiResponse:
    """Change a tag configuration."""
    body = configuration_body(call, find(call))
    call.put(CONFIGURATIONS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_tag_configuration")
def delete(call: Call) -> ApiResponse:
    """Delete a tag configuration."""
    call.delete(CONFIGURATIONS, find(call)["id"])
    return NO_CONTENT
