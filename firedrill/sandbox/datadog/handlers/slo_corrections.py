"""Corrections of SLOs: https://docs.datadoghq.com/api/latest/service-level-objective-corrections/ ."""

import uuid

from firedrill.sandbox.datadog.account import SLO_CORRECTIONS, SLOS
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import embedded_caller
from firedrill.sandbox.datadog.store import Body


def find_correction(call: Call) -> Body:
    """Return the correction of the path. Raises :class:`ApiError` 404."""
    correction = call.get(SLO_CORRECTIONS, call.path["slo_correction_id"])
    if correction is None:
        raise ApiError(404, f"SLO correction not found: {call.path['slo_correction_id']} not found")
    return correction


def check_correction(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for a missing end, or an end before the start."""
    if attributes.get("rrule") is None and attributes.get("end") is None:
        raise ApiError(400, "Invalid payload: must specify end or rrule")
    if attributes.get("end") is not None and attributes["end"] <= attributes["start"]:
        raise ApiError(400, "Invalid payload: end must be after start")


@serves("v1.create_slo_correction")
def create_correction(call: Call) -> ApiResponse:
    """Create a correction of an SLO, or of those that ``slo_query`` selects."""
    requested = call.body["data"]["attributes"]
    check_correction(requested)
    slo_id = requested.get("slo_id")
    if slo_id is not None and call.get(SLOS, slo_id) is None:
        raise ApiError(404, f"SLO not found: {slo_id} not found")
    identifier = str(uuid.uuid1())
    attributes: Body = {
        "slo_id": slo_id,
        "start": requested["start"],
        "end": requested.get("end"),
        "description": requested.get("description") or "",
        "category": requested["category"],
        "timezone": requested.get("timezone") or "UTC",
        "created_at": call.seconds,
        "modified_at": call.seconds,
        "rrule": requested.get("rrule"),
        "duration": requested.get("duration"),
        "creator": embedded_caller(call),
        "modifier": None,
    }
    if requested.get("slo_query") is not None:
        attributes["slo_query"] = requested["slo_query"]
    body = {"type": "correction", "id": identifier, "attributes": attributes}
    call.put(SLO_CORRECTIONS, identifier, body)
    return ApiResponse({"data": body})


@serves("v1.get_slo_correction")
def get_correction(call: Call) -> ApiResponse:
    """Return one correction."""
    return ApiResponse({"data": find_correction(call)})


@serves("v1.list_slo_correction")
def list_corrections(call: Call) -> ApiResponse:
    """Return all corrections, newest first."""
    bodies = call.list(SLO_CORRECTIONS)[::-1]
    offset, limit = call.integer("offset", 0, 0, 10**6), call.integer("limit", 25, 1, 1000)
    shown = bodies[offset : offset + limit]
    page = {"total_count": len(bodies), "total_filtered_count": len(shown)}
    return ApiResponse({"data": shown, "meta": {"page": page}})


@serves("v1.update_slo_correction")
def update_correction(call: Call) -> ApiResponse:
    """Change a correction."""
    body = find_correction(call)
    attributes = {**body["attributes"], **call.body["data"].get("attributes", {})}
    check_correction(attributes)
    body["attributes"] = {**attributes, "modified_at": call.seconds, "modifier": embedded_caller(call)}
    call.put(SLO_CORRECTIONS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v1.delete_slo_correction")
def delete_correction(call: Call) -> ApiResponse:
    """Delete a correction."""
    call.delete(SLO_CORRECTIONS, find_correction(call)["id"])
    return NO_CONTENT
