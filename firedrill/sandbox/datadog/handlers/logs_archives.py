"""Log archives and their order: https://docs.datadoghq.com/api/latest/logs-archives/ ."""

import copy

from firedrill.sandbox.datadog.account import LOGS_ORDERS
from firedrill.sandbox.datadog.handlers.logs_pipelines import short_id
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

ARCHIVES = "logs_archives"


def archive_body(body: Body, identifier: str) -> Body:
    """Return an archive as responses have it."""
    requested = body["data"]["attributes"]
    attributes = {"include_tags": False, "rehydration_tags": [], "state": "UNKNOWN", **copy.deepcopy(requested)}
    return {"id": identifier, "type": "archives", "attributes": attributes}


def find_archive(call: Call) -> Body:
    """Return the archive of the path. Raises :class:`ApiError` 404."""
    archive = call.get(ARCHIVES, call.path["archive_id"])
    if archive is None:
        raise ApiError(404, f"Archive with ID {call.path['archive_id']} not found")
    return archive


@serves("v2.create_logs_archive")
def create_archive(call: Call) -> ApiResponse:
    """Create an archive."""
    body = archive_body(call.body, short_id())
    call.put(ARCHIVES, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.get_logs_archive")
def get_archive(call: Call) -> ApiResponse:
    """Return one archive."""
    return ApiResponse({"data": find_archive(call)})


@serves("v2.list_logs_archives")
def list_archives(call: Call) -> ApiResponse:
    """Return all archives."""
    return ApiResponse({"data": call.list(ARCHIVES)})


@serves("v2.update_logs_archive")
def update_archive(call: Call) -> ApiResponse:
    """Replace an archive."""
    body = archive_body(call.body, find_archive(call)["id"])
    call.put(ARCHIVES, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_logs_archive")
def delete_archive(call: Call) -> ApiResponse:
    """Delete an archive."""
    call.delete(ARCHIVES, find_archive(call)["id"])
    return ApiResponse(None, 204)


def archive_order(call: Call) -> list[str]:
    """Return the ids of the archives in their order."""
    order = (call.get(LOGS_ORDERS, "archives") or {}).get("ids", [])
    place = {name: n for n, name in enumerate(order)}
    return sorted(
        (body["id"] for body in call.list(ARCHIVES)), key=lambda identifier: place.get(identifier, len(order))
    )


@serves("v2.get_logs_archive_order")
def get_archive_order(call: Call) -> ApiResponse:
    """Return the order of the archives."""
    data = {"type": "archive_order", "attributes": {"archive_ids": archive_order(call)}}
    return ApiResponse({"data": data})


@serves("v2.update_logs_archive_order", invalid_status=422)
def update_archive_order(call: Call) -> ApiResponse:
    """Put the archives in another order, which names each of them once."""
    archive_ids = call.body["data"]["attributes"]["archive_ids"]
    if sorted(archive_ids) != sorted(archive_order(call)):
        raise ApiError(422, "archive_ids must contain every archive exactly once")
    call.put(LOGS_ORDERS, "archives", {"ids": archive_ids})
    return ApiResponse({"data": {"type": "archive_order", "attributes": {"archive_ids": archive_ids}}})
