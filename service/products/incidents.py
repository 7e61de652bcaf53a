"""Incidents: opened, updated, resolved, with their context attached; each one opened here gets its notebook."""

from typing import Literal

from pydantic import Field

from service.context import Context
from service.problems import Problem
from service.products import notebooks
from service.products.client import Json, NotFound
from service.products.endpoint import MANAGED_BY, Answer, Asked, Endpoint
from service.products.synthetics import All

Severity = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4", "SEV-5", "UNKNOWN"]


class Incident(Asked):
    """A new incident."""

    title: str = Field(default="Opened through the API", min_length=1, max_length=300)
    severity: Severity = "SEV-3"
    summary: str = Field(default="", max_length=5000)
    customer_impacted: bool = False


class Update(Asked):
    """What changes."""

    incident_id: str = Field(min_length=1, max_length=100)
    title: str | None = Field(default=None, min_length=1, max_length=300)
    severity: Severity | None = None
    state: Literal["active", "stable", "resolved"] | None = None


class Resolve(Asked):
    """Which incident has ended."""

    incident_id: str = Field(min_length=1, max_length=100)


class Attachment(Asked):
    """A link that belongs to an incident."""

    incident_id: str = Field(min_length=1, max_length=100)
    title: str = Field(default="Context", min_length=1, max_length=200)
    url: str = Field(default="", max_length=2000, description="by default the incident's notebook")


def create(context: Context, asked: Incident) -> Answer:
    """``POST /datadog/incidents``."""
    summary = f"{asked.summary}\n\n{MANAGED_BY}".strip()
    body = {
        "title": asked.title,
        "customer_impacted": asked.customer_impacted,
        "fields": {
            "severity": {"type": "dropdown", "value": asked.severity},
            "summary": {"type": "textbox", "value": summary},
        },
    } | ({"customer_impact_scope": "callers of the service"} if asked.customer_impacted else {})
    made = context.outbox.write(context, "incident", body)
    wanted = {"write_id": made["id"], "incident_id": made.get("incident_id"), "title": asked.title}
    try:
        # Behind its incident, which may still have to be made.
        note = context.outbox.write(context, "incident_notebook", wanted, order=made["id"])
    except Problem as problem:
        return {**made, "notebook": None, "notebook_problem": problem.detail}
    return {**made, "notebook": note.get("notebook"), "notebook_write_id": note["id"]}


def update(context: Context, asked: Update) -> Answer:
    """``POST /datadog/incidents/{incident_id}``."""
    fields: Json = {}
    if asked.severity:
        fields["severity"] = {"type": "dropdown", "value": asked.severity}
    if asked.state:
        fields["state"] = {"type": "dropdown", "value": asked.state}
    attributes: Json = {"fields": fields} | ({"title": asked.title} if asked.title else {})
    body = {"id": asked.incident_id, "attributes": attributes}
    return context.outbox.write(context, "incident_update", body, order=asked.incident_id)


def resolve(context: Context, asked: Resolve) -> Answer:
    """``POST /datadog/incidents/{incident_id}/resolve``."""
    return update(context, Update(incident_id=asked.incident_id, state="resolved"))


def attach(context: Context, asked: Attachment) -> Answer:
    """``POST /datadog/incidents/{incident_id}/context``."""
    known = context.datadog.call("v2.IncidentsApi.get_incident", asked.incident_id)
    title = known["data"]["attributes"]["title"]
    url = (
        asked.url
        or notebooks.root_cause(context, notebooks.RootCause(incident_id=asked.incident_id, incident_title=title))[
            "url"
        ]
    )
    attachment = {"documentUrl": url, "title": asked.title}
    body = {"data": {"type": "incident_attachments",
                     "attributes": {"attachment_type": "link", "attachment": attachment}}}  # fmt: skip
    made = context.datadog.call("v2.IncidentsApi.create_incident_attachment", asked.incident_id, body)
    return {"attachment_id": made["data"]["id"], "url": url}


def listed(context: Context, _: All) -> Answer:
    """``GET /datadog/incidents``."""
    try:
        found = context.datadog.call("v2.IncidentsApi.list_incidents", page_size=100)["data"]
    except NotFound:
        found = []
    return {"incidents": [_row(one) for one in found]}


def _row(incident: Json) -> Answer:
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
             create, creates=True, lasting=True),
    Endpoint("GET", "/incidents", "List incidents", "IncidentsApi.list_incidents (v2)", All, listed),
    Endpoint("POST", "/incidents/{incident_id}", "Update an incident", "IncidentsApi.update_incident (v2)", Update,
             update, lasting=True),
    Endpoint("POST", "/incidents/{incident_id}/resolve", "Resolve an incident", "IncidentsApi.update_incident (v2)",
             Resolve, resolve, lasting=True),
    Endpoint("POST", "/incidents/{incident_id}/context", "Attach context to an incident",
             "IncidentsApi.create_incident_attachment (v2)", Attachment, attach, creates=True),
)  # fmt: skip
