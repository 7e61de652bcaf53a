"""Incidents: opened with a notebook each, updated, resolved, and linked to their context."""

from typing import Literal

from pydantic import Field

from service.context import Context
from service.datadog import notebooks
from service.datadog.client import NotFound
from service.datadog.endpoint import MANAGED_BY, Endpoint, Json, NoParameters, Parameters
from service.problems import Problem

Severity = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4", "SEV-5", "UNKNOWN"]


class Incident(Parameters):
    """A new incident."""

    title: str = Field(default="Opened through the API", min_length=1, max_length=300)
    severity: Severity = "SEV-3"
    summary: str = Field(default="", max_length=5000)
    customer_impacted: bool = False


class IncidentUpdate(Parameters):
    """Changes to an incident."""

    incident_id: str = Field(min_length=1, max_length=100)
    title: str | None = Field(default=None, min_length=1, max_length=300)
    severity: Severity | None = None
    state: Literal["active", "stable", "resolved"] | None = None


class Resolution(Parameters):
    """The end of an incident."""

    incident_id: str = Field(min_length=1, max_length=100)


class Attachment(Parameters):
    """A link to attach to an incident."""

    incident_id: str = Field(min_length=1, max_length=100)
    title: str = Field(default="Context", min_length=1, max_length=200)
    url: str = Field(default="", max_length=2000, description="by default the incident's notebook")


def create_incident(context: Context, incident: Incident) -> Json:
    """Open an incident and write its notebook: ``POST /datadog/incidents``."""
    summary = f"{incident.summary}\n\n{MANAGED_BY}".strip()
    body = {
        "title": incident.title,
        "customer_impacted": incident.customer_impacted,
        "fields": {
            "severity": {"type": "dropdown", "value": incident.severity},
            "summary": {"type": "textbox", "value": summary},
        },
    } | ({"customer_impact_scope": "callers of the service"} if incident.customer_impacted else {})
    write = context.outbox.write("incident", body)
    notebook = {"write_id": write["id"], "incident_id": write.get("incident_id"), "title": incident.title}
    try:
        # In order behind the incident, which may still wait.
        notebook_write = context.outbox.write("incident_notebook", notebook, order=write["id"])
    except Problem as problem:
        return {**write, "notebook": None, "notebook_problem": problem.detail}
    return {**write, "notebook": notebook_write.get("notebook"), "notebook_write_id": notebook_write["id"]}


def update_incident(context: Context, update: IncidentUpdate) -> Json:
    """Change an incident: ``POST /datadog/incidents/{incident_id}``."""
    fields: Json = {}
    if update.severity:
        fields["severity"] = {"type": "dropdown", "value": update.severity}
    if update.state:
        fields["state"] = {"type": "dropdown", "value": update.state}
    attributes: Json = {"fields": fields} | ({"title": update.title} if update.title else {})
    body = {"id": update.incident_id, "attributes": attributes}
    return context.outbox.write("incident_update", body, order=update.incident_id)


def resolve_incident(context: Context, resolution: Resolution) -> Json:
    """Resolve an incident: ``POST /datadog/incidents/{incident_id}/resolve``."""
    return update_incident(context, IncidentUpdate(incident_id=resolution.incident_id, state="resolved"))


def attach_context(context: Context, attachment: Attachment) -> Json:
    """Attach a link, by default to the incident's notebook: ``POST /datadog/incidents/{incident_id}/context``."""
    incident_id, url = attachment.incident_id, attachment.url
    incident = context.datadog.call("v2.IncidentsApi.get_incident", incident_id)["data"]
    if not url:
        title = incident["attributes"]["title"]
        root_cause = notebooks.RootCause(incident_id=incident_id, incident_title=title)
        url = notebooks.write_root_cause(context.datadog, root_cause)["url"]
    link = {"documentUrl": url, "title": attachment.title}
    body = {"data": {"type": "incident_attachments",
                     "attributes": {"attachment_type": "link", "attachment": link}}}  # fmt: skip
    stored = context.datadog.call("v2.IncidentsApi.create_incident_attachment", incident_id, body)
    return {"attachment_id": stored["data"]["id"], "url": url}


def list_incidents(context: Context, _: NoParameters) -> Json:
    """Return the incidents: ``GET /datadog/incidents``."""
    try:
        incidents = context.datadog.call("v2.IncidentsApi.list_incidents", page_size=100)["data"]
    except NotFound:
        incidents = []
    return {"incidents": [_row(incident) for incident in incidents]}


def _row(incident: Json) -> Json:
    attributes = incident["attributes"]
    return {
        "id": incident["id"],
        "public_id": attributes.get("public_id"),
        "title": attributes["title"],
        "state": attributes.get("state"),
        "severity": attributes.get("severity"),
        "created": attributes.get("created"),
    }


ENDPOINTS = (
    Endpoint("POST", "/incidents", "Open an incident", "IncidentsApi.create_incident (v2), NotebooksApi (v1)", Incident,
             create_incident, creates=True, lasting=True),
    Endpoint("GET", "/incidents", "List incidents", "IncidentsApi.list_incidents (v2)", NoParameters,
             list_incidents),
    Endpoint("POST", "/incidents/{incident_id}", "Update an incident", "IncidentsApi.update_incident (v2)",
             IncidentUpdate, update_incident, lasting=True),
    Endpoint("POST", "/incidents/{incident_id}/resolve", "Resolve an incident", "IncidentsApi.update_incident (v2)",
             Resolution, resolve_incident, lasting=True),
    Endpoint("POST", "/incidents/{incident_id}/context", "Attach context to an incident",
             "IncidentsApi.create_incident_attachment (v2)", Attachment, attach_context, creates=True),
)  # fmt: skip
