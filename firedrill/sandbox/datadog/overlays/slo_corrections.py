"""Corrections and reports of SLOs: https://docs.datadoghq.com/api/latest/service-level-objective-corrections/ ."""

import uuid
from typing import Any

from firedrill.sandbox.datadog.account import SLO_CORRECTIONS, SLOS
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.overlays.slos import find
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


def person(call: Call) -> Body:
    """Who made a correction."""
    me = call.me
    keys = ("uuid", "handle", "email", "name", "icon")
    return {
        "data": {"type": "users", "id": me["id"], "attributes": {key: me["attributes"][key] for key in keys}},
    }


def find_correction(call: Call) -> Body:
    """The correction of the path. Raises :class:`ApiError` 404."""
    found = call.get(SLO_CORRECTIONS, call.path["slo_correction_id"])
    if found is None:
        raise ApiError(404, f"SLO correction not found: {call.path['slo_correction_id']} not found")
    return found


def check_correction(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for times that do not fit."""
    if attributes.get("rrule") is None and attributes.get("end") is None:
        raise ApiError(400, "Invalid payload: must specify end or rrule")
    if attributes.get("end") is not None and attributes["end"] <= attributes["start"]:
        raise ApiError(400, "Invalid payload: end must be after start")


@serves("v1.create_slo_correction")
def create_correction(call: Call) -> Answer:
    """Create a correction of an SLO, or of those that ``slo_query`` selects."""
    given = call.body["data"]["attributes"]
    check_correction(given)
    slo_id = given.get("slo_id")
    if slo_id is not None and call.get(SLOS, slo_id) is None:
        raise ApiError(404, f"SLO not found: {slo_id} not found")
    identifier = str(uuid.uuid1())
    attributes: Body = {
        "slo_id": slo_id,
        "start": given["start"],
        "end": given.get("end"),
        "description": given.get("description") or "",
        "category": given["category"],
        "timezone": given.get("timezone") or "UTC",
        "created_at": call.seconds,
        "modified_at": call.seconds,
        "rrule": given.get("rrule"),
        "duration": given.get("duration"),
        "creator": person(call),
        "modifier": None,
    }
    if given.get("slo_query") is not None:
        attributes["slo_query"] = given["slo_query"]
    body = {"type": "correction", "id": identifier, "attributes": attributes}
    call.put(SLO_CORRECTIONS, identifier, body)
    return Answer({"data": body})


@serves("v1.get_slo_correction")
def get_correction(call: Call) -> Answer:
    """One correction."""
    return Answer({"data": find_correction(call)})


@serves("v1.list_slo_correction")
def list_corrections(call: Call) -> Answer:
    """All corrections, latest first."""
    bodies = call.list(SLO_CORRECTIONS)[::-1]
    offset, limit = call.integer("offset", 0, 0, 10**6), call.integer("limit", 25, 1, 1000)
    shown = bodies[offset : offset + limit]
    page = {"total_count": len(bodies), "total_filtered_count": len(shown)}
    return Answer({"data": shown, "meta": {"page": page}})


@serves("v1.get_slo_corrections")
def list_corrections_of(call: Call) -> Answer:
    """The corrections of one SLO."""
    find(call)
    slo_id = call.path["slo_id"]
    bodies = [body for body in call.list(SLO_CORRECTIONS) if body["attributes"]["slo_id"] == slo_id]
    page = {"total_count": len(bodies), "total_filtered_count": len(bodies)}
    return Answer({"data": bodies, "meta": {"page": page}})


@serves("v1.update_slo_correction")
def update_correction(call: Call) -> Answer:
    """Change a correction."""
    body = find_correction(call)
    attributes = {**body["attributes"], **call.body["data"].get("attributes", {})}
    check_correction(attributes)
    body["attributes"] = {**attributes, "modified_at": call.seconds, "modifier": person(call)}
    call.put(SLO_CORRECTIONS, body["id"], body)
    return Answer({"data": body})


@serves("v1.delete_slo_correction")
def delete_correction(call: Call) -> Answer:
    """Delete a correction."""
    call.delete(SLO_CORRECTIONS, find_correction(call)["id"])
    return NO_CONTENT


REPORTS = "slo_reports"


@serves("v2.create_slo_report_job")
def create_report(call: Call) -> Answer:
    """Start a report."""
    identifier = str(uuid.uuid1())
    call.put(REPORTS, identifier, {"id": identifier, "attributes": call.body["data"]["attributes"]})
    return Answer({"data": {"id": identifier, "type": "report_id"}})


def find_report(call: Call) -> Any:
    """The report of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path["report_id"]
    if not is_uuid(identifier):
        raise ApiError(400, {"title": "Invalid Argument", "detail": f"invalid report ID: {identifier}"})
    found = call.get(REPORTS, identifier)
    if found is None:
        raise ApiError(404, {"title": "Not Found", "detail": f"report ID not found: {identifier}"})
    return found


@serves("v2.get_slo_report_job_status", "v2.get_slo_report")
def report_status(call: Call) -> Answer:
    """How far a report is: at once done."""
    found = find_report(call)
    return Answer({"data": {"id": found["id"], "type": "report_id", "attributes": {"status": "completed"}}})
