"""Log pipelines and their order: https://docs.datadoghq.com/api/latest/logs-pipelines/ ."""

import base64
import copy
import uuid

from firedrill.sandbox.datadog.account import LOGS_PIPELINE_ORDER, LOGS_PIPELINES
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

PROCESSOR_DEFAULTS: dict[str, Body] = {
    "attribute-remapper": {"preserve_source": False, "override_on_conflict": False},
    "array-map-processor": {"preserve_source": True},
    "arithmetic-processor": {"is_replace_missing": False},
    "string-builder-processor": {"is_replace_missing": False},
    "grok-parser": {"samples": []},
    "url-parser": {"normalize_ending_slashes": False},
    "user-agent-parser": {"is_encoded": False},
    "geo-ip-parser": {"ip_processing_behavior": "do-nothing"},
}
"""Members that a response always has for a processor of a type."""
MAPPER_DEFAULTS: dict[str, Body] = {
    "schema-category-mapper": {"fallback": {"values": {}, "sources": {}}},
    "schema-remapper": {"preserve_source": False, "override_on_conflict": False},
}
"""Likewise for the mappers of a schema processor."""


def short_id() -> str:
    """Return an id of 22 characters, as pipelines and archives have."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def completed_processors(requested: list[Body], nested: bool = False) -> list[Body]:
    """Return processors with their defaults. Those nested in an array-map processor have no name and no switch."""
    completed = []
    for processor in copy.deepcopy(requested):
        body = {**PROCESSOR_DEFAULTS.get(processor["type"], {}), **processor}
        if not nested:
            body = {"name": "", "is_enabled": False, **body}
        if isinstance(body.get("processors"), list):
            body["processors"] = completed_processors(
                body["processors"], nested=processor["type"] == "array-map-processor"
            )
        if processor["type"] == "pipeline":
            body = {"tags": [], **body}
        if processor["type"] == "array-processor" and isinstance(body.get("operation"), dict):
            defaults = {"override_on_conflict": False} if body["operation"].get("type") == "key-value" else {}
            body["operation"] = {**defaults, **body["operation"]}
        if processor["type"] == "schema-processor":
            body["mappers"] = [{**MAPPER_DEFAULTS.get(mapper["type"], {}), **mapper} for mapper in body["mappers"]]
        completed.append(body)
    return completed


def pipeline_body(requested: Body, identifier: str) -> Body:
    """Return a pipeline as responses have it."""
    body: Body = {
        "id": identifier,
        "type": "pipeline",
        "name": requested["name"],
        "is_enabled": requested.get("is_enabled", False),
        "is_read_only": False,
        "filter": requested.get("filter") or {"query": ""},
        "processors": completed_processors(requested.get("processors") or []),
        "tags": sorted(requested.get("tags") or []),
    }
    if requested.get("description") is not None:
        body["description"] = requested["description"]
    return body


def find(call: Call) -> Body:
    """Return the pipeline of the path. Raises :class:`ApiError` 400."""
    identifier = call.path["pipeline_id"]
    pipeline = call.get(LOGS_PIPELINES, identifier)
    if pipeline is None:  # the real API has no 404 for pipelines
        raise ApiError(400, body={"error": {"code": "InvalidArgument", "message": "Non existing pipeline"}})
    return pipeline


@serves("v1.create_logs_pipeline")
def create(call: Call) -> ApiResponse:
    """Create a pipeline, last in the order."""
    if not call.body["name"].strip():
        raise ApiError(400, "name must not be empty")
    body = pipeline_body(call.body, short_id())
    call.put(LOGS_PIPELINES, body["id"], body)
    order = [*order_of(call), body["id"]]
    call.put(LOGS_PIPELINE_ORDER, "order", {"pipeline_ids": list(dict.fromkeys(order))})
    return ApiResponse(body)


@serves("v1.get_logs_pipeline")
def get(call: Call) -> ApiResponse:
    """Return one pipeline."""
    return ApiResponse(find(call))


@serves("v1.list_logs_pipelines")
def list_pipelines(call: Call) -> ApiResponse:
    """Return all pipelines in their order."""
    return ApiResponse(call.list(LOGS_PIPELINES))


@serves("v1.update_logs_pipeline")
def update(call: Call) -> ApiResponse:
    """Replace a pipeline."""
    body = pipeline_body(call.body, find(call)["id"])
    call.put(LOGS_PIPELINES, body["id"], body)
    return ApiResponse(body)


@serves("v1.delete_logs_pipeline")
def delete(call: Call) -> ApiResponse:
    """Delete a pipeline."""
    identifier = find(call)["id"]
    call.put(
        LOGS_PIPELINE_ORDER,
        "order",
        {"pipeline_ids": [pipeline_id for pipeline_id in order_of(call) if pipeline_id != identifier]},
    )
    call.delete(LOGS_PIPELINES, identifier)
    return ApiResponse({})


def order_of(call: Call) -> list[str]:
    """Return the ids of all pipelines in their order."""
    return [body["id"] for body in call.list(LOGS_PIPELINES)]


@serves("v1.get_logs_pipeline_order")
def get_order(call: Call) -> ApiResponse:
    """Return the order of the pipelines."""
    return ApiResponse({"pipeline_ids": order_of(call)})


@serves("v1.update_logs_pipeline_order", invalid_status=422)
def update_order(call: Call) -> ApiResponse:
    """Put the pipelines in another order, which names each of them once."""
    pipeline_ids = call.body["pipeline_ids"]
    if sorted(pipeline_ids) != sorted(order_of(call)):
        raise ApiError(422, "pipeline_ids must contain every pipeline exactly once")
    call.put(LOGS_PIPELINE_ORDER, "order", {"pipeline_ids": pipeline_ids})
    return ApiResponse({"pipeline_ids": pipeline_ids})
