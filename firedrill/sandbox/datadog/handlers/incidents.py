"""Incidents and their attachments: https://docs.datadoghq.com/api/latest/incidents/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import USERS, iso
from firedrill.sandbox.datadog.handlers.incident_config import default_type
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import (
    embedded_caller,
    embedded_user,
    generic_error,
    timestamp,
    user_reference,
)
from firedrill.sandbox.datadog.store import Body

INCIDENTS = "incidents"
ATTACHMENTS = "incident_attachments"
FIELDS = {
    "state": ("dropdown", "active"),
    "severity": ("dropdown", "UNKNOWN"),
    "summary": ("textbox", None),
    "detection_method": ("dropdown", "unknown"),
    "root_cause": ("textbox", None),
    "services": ("autocomplete", None),
    "teams": ("autocomplete", None),
}
"""Type and first value of the fields that every incident has."""


def new_attributes(call: Call, requested: Body) -> Body:
    """Return the attributes of a new incident."""
    number = call.number("incidents", 1)
    fields = {name: {"type": kind, "value": value} for name, (kind, value) in FIELDS.items()}
    fields["slug"] = {"type": "textbox", "value": f"IR-{number}"}
    fields |= copy.deepcopy(requested.get("fields") or {})
    return {
        "public_id": number,
        "incident_type_uuid": requested.get("incident_type_uuid") or default_type(call),
        "title": requested["title"],
        "resolved": None,
        "customer_impact_scope": requested.get("customer_impact_scope"),
        "customer_impact_start": None,
        "customer_impact_end": None,
        "customer_impacted": requested.get("customer_impacted", False),
        "notification_handles": requested.get("notification_handles"),
        "last_modified_by": embedded_caller(call),
        "last_modified_by_uuid": call.me["id"],
        "created": iso(call.now),
        "modified": iso(call.now),
        "commander": None,
        "detected": iso(call.now),
        "created_by": embedded_caller(call),
        "created_by_uuid": call.me["id"],
        "creation_idempotency_key": None,
        "customer_impact_duration": 0,
        "time_to_detect": 0,
        "time_to_repair": 0,
        "time_to_internal_response": 0,
        "time_to_resolve": 0,
        "archived": None,
        "is_test": requested.get("is_test", False),
        "declared": iso(call.now),
        "declared_by": embedded_caller(call),
        "declared_by_uuid": call.me["id"],
        "fields": fields,
        "field_analytics": None,
        "severity": fields["severity"]["value"],
        "state": fields["state"]["value"],
        "non_datadog_creator": None,
        "visibility": "organization",
        "case_id": None,
        "incident_type": None,
    }


def incident_response(call: Call, incident: Body) -> Body:
    """Return an incident as responses have it."""
    identifier = incident["id"]
    attachments = [
        {"type": ATTACHMENTS, "id": attachment["id"]}
        for attachment in call.list(ATTACHMENTS)
        if attachment["incident"] == identifier
    ]
    related = {
        "created_by_user": user_reference(call),
        "last_modified_by_user": user_reference(call),
        "commander_user": {"data": _reference(incident["attributes"]["commander"])},
        "declared_by_user": user_reference(call),
        "user_defined_fields": {"data": []},
        "integrations": {"data": []},
        "attachments": {"data": attachments},
        "responders": {"data": []},
        "impacts": {"data": []},
    }
    return {"type": "incidents", "id": identifier, "attributes": incident["attributes"], "relationships": related}


def find(call: Call) -> Body:
    """Return the incident of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["incident_id"]
    incident = call.get(INCIDENTS, identifier)
    if incident is None:
        raise ApiError(404, f"incident {identifier} not found")
    return incident


def _reference(user: Body | None) -> Body | None:
    """Return a relationship to an embedded user."""
    return {key: user["data"][key] for key in ("type", "id")} if user else None


def set_commander(call: Call, incident: Body) -> None:
    """Set the commander that the request names, or none. Raises :class:`ApiError` 404."""
    related = call.body["data"].get("relationships") or {}
    if "commander_user" not in related:
        return
    named = (related["commander_user"] or {}).get("data")
    user = call.get(USERS, named["id"]) if named else None
    if named and user is None:
        raise ApiError(404, f"user {named['id']} not found")
    incident["attributes"]["commander"] = embedded_user(user) if user else None


@serves("v2.create_incident")
def create(call: Call) -> ApiResponse:
    """Declare an incident."""
    attributes = call.body["data"]["attributes"]
    if not attributes["title"].strip():
        raise ApiError(400, "title: cannot be empty")
    identifier = str(uuid.uuid4())
    body: Body = {"id": identifier, "type": "incidents", "attributes": new_attributes(call, attributes)}
    set_commander(call, body)
    call.put(INCIDENTS, identifier, body)
    return ApiResponse({"data": incident_response(call, body)}, 201)


@serves("v2.get_incident")
def get(call: Call) -> ApiResponse:
    """Return one incident."""
    return ApiResponse({"data": incident_response(call, find(call))})


@serves("v2.list_incidents")
def list_incidents(call: Call) -> ApiResponse:
    """Return incidents, paged by offset."""
    bodies = call.list(INCIDENTS)
    size, offset = call.integer("page[size]", 10, 1, 100), call.integer("page[offset]", 0, 0, 10**6)
    page = bodies[offset : offset + size]
    pagination = {"offset": offset, "next_offset": offset + len(page), "size": len(page)}
    return ApiResponse(
        {"data": [incident_response(call, incident) for incident in page], "meta": {"pagination": pagination}}
    )


@serves("v2.update_incident")
def update(call: Call) -> ApiResponse:
    """Change an incident."""
    body = find(call)
    attributes = copy.deepcopy(call.body["data"].get("attributes") or {})
    fields = {**body["attributes"]["fields"], **attributes.pop("fields", {})}
    body["attributes"] |= {
        **attributes,
        "fields": fields,
        "modified": iso(call.now),
        "last_modified_by": embedded_caller(call),
    }
    for name in ("state", "severity"):
        body["attributes"][name] = (fields.get(name) or {}).get("value")
    if body["attributes"]["state"] in ("resolved", "completed"):
        body["attributes"]["resolved"] = body["attributes"]["resolved"] or iso(call.now)
    else:
        body["attributes"]["resolved"] = None
    set_commander(call, body)
    call.put(INCIDENTS, body["id"], body)
    return ApiResponse({"data": incident_response(call, body)})


@serves("v2.delete_incident")
def delete(call: Call) -> ApiResponse:
    """Delete an incident with its attachments."""
    identifier = find(call)["id"]
    for attachment in call.list(ATTACHMENTS):
        if attachment["incident"] == identifier:
            call.delete(ATTACHMENTS, attachment["id"])
    call.delete(INCIDENTS, identifier)
    return NO_CONTENT


def attachment_body(body: Body) -> Body:
    """Return an attachment as responses have it."""
    return {key: value for key, value in body.items() if key != "incident"}


def find_attachment_incident(call: Call) -> Body:
    """Return the incident of an attachment's path. Raises :class:`ApiError` 404."""
    identifier = call.path["incident_id"]
    if not is_uuid(identifier):
        raise generic_error(404, "malformed incident ID")
    incident = call.get(INCIDENTS, identifier)
    if incident is None:
        raise generic_error(404, "incident not found")
    return incident


def attachment_response(call: Call, body: Body, status: int = 200) -> ApiResponse:
    """Return an attachment and the user who changed it."""
    return ApiResponse({"data": attachment_body(body), "included": [embedded_caller(call)["data"]]}, status)


@serves("v2.create_incident_attachment")
def create_attachment(call: Call) -> ApiResponse:
    """Attach a link or a postmortem to an incident."""
    incident = find_attachment_incident(call)["id"]
    attributes = call.body["data"]["attributes"]
    related = {
        "incident": {"data": {"id": incident, "type": "incidents"}},
        "last_modified_by_user": user_reference(call),
    }
    body: Body = {
        "incident": incident,
        "id": str(uuid.uuid4()),
        "type": ATTACHMENTS,
        "attributes": {**copy.deepcopy(attributes), "modified": timestamp(call)},
        "relationships": related,
    }
    call.put(ATTACHMENTS, body["id"], body)
    return attachment_response(call, body, 201)


@serves("v2.list_incident_attachments")
def list_attachments(call: Call) -> ApiResponse:
    """Return the attachments of an incident."""
    incident = find_attachment_incident(call)["id"]
    attachments = [
        attachment_body(attachment) for attachment in call.list(ATTACHMENTS) if attachment["incident"] == incident
    ]
    return ApiResponse({"data": attachments, "included": [embedded_caller(call)["data"]] if attachments else []})
