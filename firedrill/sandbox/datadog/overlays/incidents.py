"""Incidents with impacts, to-dos, attachments and integrations: https://docs.datadoghq.com/api/latest/incidents/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import USERS, iso
from firedrill.sandbox.datadog.forms import embedded, embedded_user, generic, user_reference, zulu
from firedrill.sandbox.datadog.overlays.incident_config import default_type
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

INCIDENTS = "incidents"
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


def attributes_of(call: Call, given: Body) -> Body:
    """The attributes of a new incident."""
    number = call.number("incidents", 1)
    fields = {name: {"type": kind, "value": value} for name, (kind, value) in FIELDS.items()}
    fields["slug"] = {"type": "textbox", "value": f"IR-{number}"}
    fields |= copy.deepcopy(given.get("fields") or {})
    return {
        "public_id": number,
        "incident_type_uuid": given.get("incident_type_uuid") or default_type(call),
        "title": given["title"],
        "resolved": None,
        "customer_impact_scope": given.get("customer_impact_scope"),
        "customer_impact_start": None,
        "customer_impact_end": None,
        "customer_impacted": given.get("customer_impacted", False),
        "notification_handles": given.get("notification_handles"),
        "last_modified_by": embedded_user(call),
        "last_modified_by_uuid": call.me["id"],
        "created": iso(call.now),
        "modified": iso(call.now),
        "commander": None,
        "detected": iso(call.now),
        "created_by": embedded_user(call),
        "created_by_uuid": call.me["id"],
        "creation_idempotency_key": None,
        "customer_impact_duration": 0,
        "time_to_detect": 0,
        "time_to_repair": 0,
        "time_to_internal_response": 0,
        "time_to_resolve": 0,
        "archived": None,
        "is_test": given.get("is_test", False),
        "declared": iso(call.now),
        "declared_by": embedded_user(call),
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


def shown(call: Call, incident: Body) -> Body:
    """An incident as it is answered."""
    identifier = incident["id"]

    def references(kind: str) -> Body:
        return {
            "data": [{"type": kind, "id": one["id"]} for one in call.list(kind) if one.get("incident") == identifier]
        }

    related = {
        "created_by_user": user_reference(call),
        "last_modified_by_user": user_reference(call),
        "commander_user": {"data": _reference(incident["attributes"]["commander"])},
        "declared_by_user": user_reference(call),
        "user_defined_fields": {"data": []},
        "integrations": references("incident_integrations"),
        "attachments": references("incident_attachments"),
        "responders": {"data": []},
        "impacts": references("incident_impacts"),
    }
    return {"type": "incidents", "id": identifier, "attributes": incident["attributes"], "relationships": related}


def find(call: Call) -> Body:
    """The incident of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["incident_id"]
    found = call.get(INCIDENTS, identifier)
    if found is None:
        raise ApiError(404, f"incident {identifier} not found")
    return found


def _reference(embedded: Body | None) -> Body | None:
    """A relationship to a user whom the attributes embed."""
    return {key: embedded["data"][key] for key in ("type", "id")} if embedded else None


def set_commander(call: Call, incident: Body) -> None:
    """The user whom a body names as commander, or nobody. Raises :class:`ApiError` 404."""
    related = call.body["data"].get("relationships") or {}
    if "commander_user" not in related:
        return
    named = (related["commander_user"] or {}).get("data")
    user = call.get(USERS, named["id"]) if named else None
    if named and user is None:
        raise ApiError(404, f"user {named['id']} not found")
    incident["attributes"]["commander"] = embedded(user) if user else None


@serves("v2.create_incident")
def create(call: Call) -> Answer:
    """Declare an incident."""
    given = call.body["data"]["attributes"]
    if not given["title"].strip():
        raise ApiError(400, "title: cannot be empty")
    identifier = str(uuid.uuid4())
    body: Body = {"id": identifier, "type": "incidents", "attributes": attributes_of(call, given)}
    set_commander(call, body)
    call.put(INCIDENTS, identifier, body)
    return Answer({"data": shown(call, body)}, 201)


@serves("v2.get_incident")
def get(call: Call) -> Answer:
    """One incident."""
    return Answer({"data": shown(call, find(call))})


@serves("v2.list_incidents")
def list_incidents(call: Call) -> Answer:
    """All incidents, paged by offset."""
    bodies = call.list(INCIDENTS)
    size, offset = call.integer("page[size]", 10, 1, 100), call.integer("page[offset]", 0, 0, 10**6)
    page = bodies[offset : offset + size]
    pagination = {"offset": offset, "next_offset": offset + len(page), "size": len(page)}
    return Answer({"data": [shown(call, one) for one in page], "meta": {"pagination": pagination}})


@serves("v2.update_incident")
def update(call: Call) -> Answer:
    """Change an incident."""
    body = find(call)
    given = copy.deepcopy(call.body["data"].get("attributes") or {})
    fields = {**body["attributes"]["fields"], **given.pop("fields", {})}
    body["attributes"] |= {
        **given,
        "fields": fields,
        "modified": iso(call.now),
        "last_modified_by": embedded_user(call),
    }
    for name in ("state", "severity"):
        body["attributes"][name] = (fields.get(name) or {}).get("value")
    if body["attributes"]["state"] in ("resolved", "completed"):
        body["attributes"]["resolved"] = body["attributes"]["resolved"] or iso(call.now)
    else:
        body["attributes"]["resolved"] = None
    set_commander(call, body)
    call.put(INCIDENTS, body["id"], body)
    return Answer({"data": shown(call, body)})


@serves("v2.delete_incident")
def delete(call: Call) -> Answer:
    """Delete an incident with its parts."""
    identifier = find(call)["id"]
    for kind in ("incident_impacts", "incident_todos", "incident_attachments", "incident_integrations"):
        for one in call.list(kind):
            if one["incident"] == identifier:
                call.delete(kind, one["id"])
    call.delete(INCIDENTS, identifier)
    return NO_CONTENT


def part(call: Call, kind: str, parameter: str, error: ApiError) -> Body:
    """An impact, to-do ... of the incident of the path; raises ``error`` when it is not there."""
    found = call.get(kind, call.path[parameter])
    if found is None or found["incident"] != call.path["incident_id"]:
        raise error
    return found


def public(body: Body) -> Body:
    """A part as it is answered."""
    return {key: value for key, value in body.items() if key != "incident"}


@serves("v2.create_incident_impact")
def create_impact(call: Call) -> Answer:
    """Say whom an incident hits."""
    incident = call.path["incident_id"]
    if incident == "00000000-0000-0000-0000-000000000000":
        raise ApiError(
            400, {"title": "Bad Request", "detail": "invalid impact data: incident id is required: invalid impact"}
        )
    if call.get(INCIDENTS, incident) is None:
        missing = "rpc error: code = NotFound desc = incident not found: failed to get incident: incident not found"
        raise generic(404, missing)
    given = call.body["data"]["attributes"]
    attributes: Body = {
        "created": zulu(call),
        "description": given["description"],
        "end_at": given.get("end_at"),
        "fields": given.get("fields"),
        "impact_type": "customer",
        "modified": zulu(call),
        "start_at": given["start_at"],
    }
    related = {
        "created_by_user": user_reference(call),
        "incident": {"data": {"id": incident, "type": "incidents"}},
        "last_modified_by_user": user_reference(call),
    }
    body: Body = {
        "incident": incident,
        "id": str(uuid.uuid4()),
        "type": "incident_impacts",
        "attributes": attributes,
        "relationships": related,
    }
    call.put("incident_impacts", body["id"], body)
    return Answer({"data": public(body)}, 201)


@serves("v2.list_incident_impacts")
def list_impacts(call: Call) -> Answer:
    """The impacts of an incident."""
    incident = find(call)["id"]
    return Answer({"data": [public(one) for one in call.list("incident_impacts") if one["incident"] == incident]})


@serves("v2.delete_incident_impact")
def delete_impact(call: Call) -> Answer:
    """Delete an impact."""
    error = generic(404, "rpc error: code = NotFound desc = impact not found: impact not found")
    call.delete("incident_impacts", part(call, "incident_impacts", "impact_id", error)["id"])
    return NO_CONTENT
