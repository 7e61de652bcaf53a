"""To-dos, integrations and attachments of incidents: https://docs.datadoghq.com/api/latest/incidents/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.forms import embedded_user, generic, user_reference, zulu
from firedrill.sandbox.datadog.overlays.incidents import INCIDENTS, find, part, public
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body


def modified(call: Call, attributes: Body, old: Body | None) -> Body:
    """The members that say who changed a to-do or an integration, and when."""
    return {
        "created": old["created"] if old else iso(call.now),
        "modified": iso(call.now),
        "created_by": embedded_user(call),
        "created_by_uuid": call.me["id"],
        "incident_id": call.path["incident_id"],
        "last_modified_by": embedded_user(call),
        "last_modified_by_uuid": call.me["id"],
        **attributes,
    }


def put_part(call: Call, kind: str, identifier: str, attributes: Body, status: int) -> Answer:
    """Store a to-do or an integration."""
    related = {"created_by_user": user_reference(call), "last_modified_by_user": user_reference(call)}
    body: Body = {
        "incident": call.path["incident_id"],
        "type": kind,
        "id": identifier,
        "attributes": attributes,
        "relationships": related,
    }
    call.put(kind, identifier, body)
    return Answer({"data": public(body)}, status)


@serves("v2.create_incident_todo")
def create_todo(call: Call) -> Answer:
    """Add a to-do."""
    find(call)
    given = call.body["data"]["attributes"]
    attributes = modified(call, {"completed": None, "due_date": None, **given}, None)
    return put_part(call, "incident_todos", str(uuid.uuid4()), attributes, 201)


NO_TODO = "incident todo doesn't exist"
NO_INTEGRATION = "incident integration doesn't exist"


@serves("v2.get_incident_todo")
def get_todo(call: Call) -> Answer:
    """One to-do."""
    return Answer({"data": public(part(call, "incident_todos", "todo_id", generic(404, NO_TODO)))})


@serves("v2.list_incident_todos")
def list_todos(call: Call) -> Answer:
    """The to-dos of an incident."""
    incident = find(call)["id"]
    return Answer({"data": [public(one) for one in call.list("incident_todos") if one["incident"] == incident]})


@serves("v2.update_incident_todo")
def update_todo(call: Call) -> Answer:
    """Replace a to-do."""
    old = part(call, "incident_todos", "todo_id", generic(404, NO_TODO))
    attributes = modified(
        call, {"completed": None, "due_date": None, **call.body["data"]["attributes"]}, old["attributes"]
    )
    return put_part(call, "incident_todos", old["id"], attributes, 200)


@serves("v2.delete_incident_todo")
def delete_todo(call: Call) -> Answer:
    """Delete a to-do."""
    call.delete("incident_todos", part(call, "incident_todos", "todo_id", generic(404, NO_TODO))["id"])
    return NO_CONTENT


@serves("v2.create_incident_integration")
def create_integration(call: Call) -> Answer:
    """Tie an incident to a channel or an issue."""
    find(call)
    given = {**copy.deepcopy(call.body["data"]["attributes"]), "incident_id": call.path["incident_id"], "status": 3}
    return put_part(call, "incident_integrations", str(uuid.uuid4()), modified(call, given, None), 201)


def find_integration(call: Call) -> Body:
    """The integration of the path. Raises :class:`ApiError` 404."""
    return part(call, "incident_integrations", "integration_metadata_id", generic(404, NO_INTEGRATION))


@serves("v2.get_incident_integration")
def get_integration(call: Call) -> Answer:
    """One integration."""
    return Answer({"data": public(find_integration(call))})


@serves("v2.list_incident_integrations")
def list_integrations(call: Call) -> Answer:
    """The integrations of an incident."""
    incident = find(call)["id"]
    return Answer({"data": [public(one) for one in call.list("incident_integrations") if one["incident"] == incident]})


@serves("v2.update_incident_integration")
def update_integration(call: Call) -> Answer:
    """Replace an integration."""
    old = find_integration(call)
    given = {**copy.deepcopy(call.body["data"]["attributes"]), "incident_id": call.path["incident_id"], "status": 3}
    return put_part(call, "incident_integrations", old["id"], modified(call, given, old["attributes"]), 200)


@serves("v2.delete_incident_integration")
def delete_integration(call: Call) -> Answer:
    """Untie an integration."""
    call.delete("incident_integrations", find_integration(call)["id"])
    return NO_CONTENT


def of_attachment(call: Call) -> Body:
    """The incident of an attachment's path. Raises :class:`ApiError` 404."""
    identifier = call.path["incident_id"]
    if not is_uuid(identifier):
        raise generic(404, "malformed incident ID")
    found = call.get(INCIDENTS, identifier)
    if found is None:
        raise generic(404, "incident not found")
    return found


def attachment_answer(call: Call, body: Body, status: int = 200) -> Answer:
    """An attachment with who changed it."""
    return Answer({"data": public(body), "included": [embedded_user(call)["data"]]}, status)


@serves("v2.create_incident_attachment")
def attach(call: Call) -> Answer:
    """Attach a link or a post-mortem."""
    incident = of_attachment(call)["id"]
    given = call.body["data"]["attributes"]
    related = {
        "incident": {"data": {"id": incident, "type": "incidents"}},
        "last_modified_by_user": user_reference(call),
    }
    body: Body = {
        "incident": incident,
        "id": str(uuid.uuid4()),
        "type": "incident_attachments",
        "attributes": {**copy.deepcopy(given), "modified": zulu(call)},
        "relationships": related,
    }
    call.put("incident_attachments", body["id"], body)
    return attachment_answer(call, body, 201)


@serves("v2.list_incident_attachments")
def list_attachments(call: Call) -> Answer:
    """The attachments of an incident."""
    incident = of_attachment(call)["id"]
    found = [public(one) for one in call.list("incident_attachments") if one["incident"] == incident]
    return Answer({"data": found, "included": [embedded_user(call)["data"]] if found else []})


def find_attachment(call: Call) -> Body:
    """The attachment of the path. Raises :class:`ApiError` 404."""
    of_attachment(call)
    return part(call, "incident_attachments", "attachment_id", generic(404, "attachment not found"))


@serves("v2.update_incident_attachment")
def update_attachment(call: Call) -> Answer:
    """Change an attachment."""
    body = find_attachment(call)
    body["attributes"] |= {**copy.deepcopy(call.body["data"].get("attributes") or {}), "modified": zulu(call)}
    call.put("incident_attachments", body["id"], body)
    return attachment_answer(call, body)


@serves("v2.delete_incident_attachment")
def detach(call: Call) -> Answer:
    """Remove an attachment."""
    call.delete("incident_attachments", find_attachment(call)["id"])
    return NO_CONTENT
