"""Log pipelines, indexes and archives: https://docs.datadoghq.com/api/latest/logs-pipelines/ ."""

import base64
import copy
import uuid

from firedrill.sandbox.datadog.account import LOGS_INDEXES, LOGS_ORDERS, LOGS_PIPELINE_ORDER, LOGS_PIPELINES
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

ARCHIVES = "logs_archives"
PROCESSOR_DEFAULTS: dict[str, Body] = {
    "attribute-remapper": {"preserve_source": False, "override_on_conflict": False},
    "array-map-processor": {"preserve_source": True},
    "arithmetic-processor": {"is_replace_missing": False},
    "string-builder-processor": {"is_replace_missing": False},
    "grok-parser": {"samples": []},
    "url-parser": {"normalize_ending_slashes": False},
    "user-agent-parser": {"is_encoded": False},
    "geo-ip-parser": {},
}
"""Members that a processor of a type always has in an answer."""
MAPPER_DEFAULTS: dict[str, Body] = {
    "schema-category-mapper": {"fallback": {"values": {}, "sources": {}}},
    "schema-remapper": {"preserve_source": False, "override_on_conflict": False},
}
"""Likewise for the mappers of a schema processor."""


def short_id() -> str:
    """22 characters, as pipelines and archives have."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def processors(given: list[Body], nested: bool = False) -> list[Body]:
    """Processors with their defaults; those inside an array-map processor have no name or switch."""
    found = []
    for one in copy.deepcopy(given):
        body = {**PROCESSOR_DEFAULTS.get(one["type"], {}), **one}
        if not nested:
            body = {"name": "", "is_enabled": False, **body}
        if isinstance(body.get("processors"), list):
            body["processors"] = processors(body["processors"], nested=one["type"] == "array-map-processor")
        if one["type"] == "pipeline":
            body = {"tags": [], **body}
        if one["type"] == "array-processor" and isinstance(body.get("operation"), dict):
            defaults = {"override_on_conflict": False} if body["operation"].get("type") == "key-value" else {}
            body["operation"] = {**defaults, **body["operation"]}
        if one["type"] == "schema-processor":
            body["mappers"] = [{**MAPPER_DEFAULTS.get(mapper["type"], {}), **mapper} for mapper in body["mappers"]]
        found.append(body)
    return found


def pipeline(sent: Body, identifier: str) -> Body:
    """A pipeline as it is answered."""
    body: Body = {
        "id": identifier,
        "type": "pipeline",
        "name": sent["name"],
        "is_enabled": sent.get("is_enabled", False),
        "is_read_only": False,
        "filter": sent.get("filter") or {"query": ""},
        "processors": processors(sent.get("processors") or []),
        "tags": sent.get("tags") or [],
    }
    if sent.get("description"):
        body["description"] = sent["description"]
    return body


def find(call: Call) -> Body:
    """The pipeline of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["pipeline_id"]
    found = call.get(LOGS_PIPELINES, identifier)
    if found is None:
        error = {"code": "NotFound", "message": f"Pipeline with ID {identifier} not found"}
        raise ApiError(404, body={"error": error, "errors": [error["message"]]})
    return found


@serves("v1.create_logs_pipeline")
def create(call: Call) -> Answer:
    """Create a pipeline, last in the order."""
    if not call.body["name"].strip():
        raise ApiError(400, "name must not be empty")
    body = pipeline(call.body, short_id())
    call.put(LOGS_PIPELINES, body["id"], body)
    order = [*order_of(call), body["id"]]
    call.put(LOGS_PIPELINE_ORDER, "order", {"pipeline_ids": list(dict.fromkeys(order))})
    return Answer(body)


@serves("v1.get_logs_pipeline")
def get(call: Call) -> Answer:
    """One pipeline."""
    return Answer(find(call))


@serves("v1.list_logs_pipelines")
def list_pipelines(call: Call) -> Answer:
    """All pipelines in their order."""
    return Answer(call.list(LOGS_PIPELINES))


@serves("v1.update_logs_pipeline")
def update(call: Call) -> Answer:
    """Replace a pipeline."""
    body = pipeline(call.body, find(call)["id"])
    call.put(LOGS_PIPELINES, body["id"], body)
    return Answer(body)


@serves("v1.delete_logs_pipeline")
def delete(call: Call) -> Answer:
    """Delete a pipeline."""
    identifier = find(call)["id"]
    call.put(LOGS_PIPELINE_ORDER, "order", {"pipeline_ids": [one for one in order_of(call) if one != identifier]})
    call.delete(LOGS_PIPELINES, identifier)
    return Answer({})


def order_of(call: Call) -> list[str]:
    """The ids of all pipelines in their order."""
    return [body["id"] for body in call.list(LOGS_PIPELINES)]


@serves("v1.get_logs_pipeline_order")
def get_order(call: Call) -> Answer:
    """The order of the pipelines."""
    return Answer({"pipeline_ids": order_of(call)})


@serves("v1.update_logs_pipeline_order", refused=422)
def update_order(call: Call) -> Answer:
    """Put the pipelines in another order: all of them, each once."""
    wanted = call.body["pipeline_ids"]
    if sorted(wanted) != sorted(order_of(call)):
        raise ApiError(422, "pipeline_ids must contain every pipeline exactly once")
    call.put(LOGS_PIPELINE_ORDER, "order", {"pipeline_ids": wanted})
    return Answer({"pipeline_ids": wanted})


def index(sent: Body, name: str) -> Body:
    """An index as it is answered."""
    limit = sent.get("daily_limit")
    return {
        "name": name,
        "filter": sent["filter"],
        "num_retention_days": sent.get("num_retention_days", 15),
        "num_flex_logs_retention_days": sent.get("num_flex_logs_retention_days", 0),
        "daily_limit": None if sent.get("disable_daily_limit") else limit,
        "daily_limit_reset": sent.get("daily_limit_reset"),
        "daily_limit_warning_threshold_percentage": sent.get("daily_limit_warning_threshold_percentage"),
        "is_rate_limited": False,
        "exclusion_filters": [{"is_enabled": True, **one} for one in sent.get("exclusion_filters") or []],
        "tags": sent.get("tags") or [],
    }


def find_index(call: Call) -> Body:
    """The index of the path. Raises :class:`ApiError` 404."""
    found = call.get(LOGS_INDEXES, call.path["name"])
    if found is None:
        raise ApiError(
            404, body={"error": {"code": "NotFound", "message": "Index not found"}, "errors": ["Index not found"]}
        )
    return found


@serves("v1.create_logs_index")
def create_index(call: Call) -> Answer:
    """Create an index; a name can never be used again."""
    name = call.body["name"]
    if call.get(LOGS_INDEXES, name) is not None or call.get("logs_indexes_gone", name) is not None:
        raise ApiError(422, f"Index {name} already exists")
    body = index(call.body, name)
    call.put(LOGS_INDEXES, name, body)
    return Answer(body)


@serves("v1.get_logs_index")
def get_index(call: Call) -> Answer:
    """One index."""
    return Answer(find_index(call))


@serves("v1.list_log_indexes")
def list_indexes(call: Call) -> Answer:
    """All indexes."""
    return Answer({"indexes": ordered_indexes(call)})


@serves("v1.update_logs_index")
def update_index(call: Call) -> Answer:
    """Replace an index."""
    body = index(call.body, find_index(call)["name"])
    call.put(LOGS_INDEXES, body["name"], body)
    return Answer(body)


@serves("v1.delete_logs_index")
def delete_index(call: Call) -> Answer:
    """Delete an index."""
    body = find_index(call)
    call.delete(LOGS_INDEXES, body["name"])
    call.put("logs_indexes_gone", body["name"], {})
    return Answer(body)


def ordered_indexes(call: Call) -> list[Body]:
    """Indexes in their order."""
    return call.list(LOGS_INDEXES)


@serves("v1.get_logs_index_order")
def get_index_order(call: Call) -> Answer:
    """The order of the indexes."""
    return Answer({"index_names": [body["name"] for body in ordered_indexes(call)]})


@serves("v1.update_logs_index_order")
def update_index_order(call: Call) -> Answer:
    """Put the indexes in another order: all of them, each once."""
    wanted = call.body["index_names"]
    if sorted(wanted) != sorted(body["name"] for body in call.list(LOGS_INDEXES)):
        raise ApiError(400, "index_names must contain every index exactly once")
    call.put(LOGS_ORDERS, "indexes", {"ids": wanted})
    return Answer({"index_names": wanted})


def archive(sent: Body, identifier: str) -> Body:
    """An archive as it is answered."""
    given = sent["data"]["attributes"]
    attributes = {"include_tags": False, "rehydration_tags": [], "state": "UNKNOWN", **copy.deepcopy(given)}
    return {"id": identifier, "type": "archives", "attributes": attributes}


def find_archive(call: Call) -> Body:
    """The archive of the path. Raises :class:`ApiError` 404."""
    found = call.get(ARCHIVES, call.path["archive_id"])
    if found is None:
        raise ApiError(404, f"Archive with ID {call.path['archive_id']} not found")
    return found


@serves("v2.create_logs_archive")
def create_archive(call: Call) -> Answer:
    """Create an archive."""
    body = archive(call.body, short_id())
    call.put(ARCHIVES, body["id"], body)
    return Answer({"data": body})


@serves("v2.get_logs_archive")
def get_archive(call: Call) -> Answer:
    """One archive."""
    return Answer({"data": find_archive(call)})


@serves("v2.list_logs_archives")
def list_archives(call: Call) -> Answer:
    """All archives."""
    return Answer({"data": call.list(ARCHIVES)})


@serves("v2.update_logs_archive")
def update_archive(call: Call) -> Answer:
    """Replace an archive."""
    body = archive(call.body, find_archive(call)["id"])
    call.put(ARCHIVES, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_logs_archive")
def delete_archive(call: Call) -> Answer:
    """Delete an archive."""
    call.delete(ARCHIVES, find_archive(call)["id"])
    return Answer(None, 204)


def archive_order(call: Call) -> list[str]:
    """The ids of the archives in their order."""
    order = (call.get(LOGS_ORDERS, "archives") or {}).get("ids", [])
    place = {name: n for n, name in enumerate(order)}
    return sorted((body["id"] for body in call.list(ARCHIVES)), key=lambda one: place.get(one, len(order)))


@serves("v2.get_logs_archive_order")
def get_archive_order(call: Call) -> Answer:
    """The order of the archives."""
    data = {"type": "archive_order", "attributes": {"archive_ids": archive_order(call)}}
    return Answer({"data": data})


@serves("v2.update_logs_archive_order", refused=422)
def update_archive_order(call: Call) -> Answer:
    """Put the archives in another order: all of them, each once."""
    wanted = call.body["data"]["attributes"]["archive_ids"]
    if sorted(wanted) != sorted(archive_order(call)):
        raise ApiError(422, "archive_ids must contain every archive exactly once")
    call.put(LOGS_ORDERS, "archives", {"ids": wanted})
    return Answer({"data": {"type": "archive_order", "attributes": {"archive_ids": wanted}}})
