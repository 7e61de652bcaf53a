"""The kinds of writes that go through the outbox: how each is sent, and how one that already arrived is found."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from service.datadog import notebooks, on_call
from service.datadog.client import NotFound, Unreachable
from service.datadog.outbox import Outbox, WriteKind
from service.problems import CallerError

Json = dict[str, Any]
LOOK_BACK = timedelta(hours=2)


def marker(identifier: str) -> str:
    """Return the text that a write carries, by which it is found."""
    return f"write_id:{identifier}"


def _send_page(outbox: Outbox, identifier: str, body: Json) -> Json:
    attributes = body | {"tags": [*body["tags"], marker(identifier)]}
    page = outbox.datadog.call(
        "v2.OnCallPagingApi.create_on_call_page", {"data": {"type": "pages", "attributes": attributes}}
    )
    return {"page_id": page["data"]["id"]}


def _find_page(outbox: Outbox, identifier: str, _: Json) -> Json | None:
    """Search by https://docs.datadoghq.com/api/latest/on-call/list-on-call-pages/, which the client (2.62) lacks.

    Which tags that search finds is not documented, so each page of the answer is checked for the marker.
    """
    query = {"filter[query]": marker(identifier), "page[size]": "100"}
    try:
        pages = outbox.datadog.get("/api/v2/on-call/pages", query)["data"]
    except NotFound:
        return None
    return next(({"page_id": page["id"]} for page in pages if marker(identifier) in json.dumps(page)), None)


def _send_incident(outbox: Outbox, identifier: str, body: Json) -> Json:
    fields = dict(body["fields"])
    summary = fields.get("summary", {}).get("value") or ""
    fields["summary"] = {"type": "textbox", "value": f"{summary}\n\n{marker(identifier)}".strip()}
    request = {"data": {"type": "incidents", "attributes": body | {"fields": fields}}}
    incident = outbox.datadog.call("v2.IncidentsApi.create_incident", request)["data"]
    return {"incident_id": incident["id"], "public_id": incident["attributes"].get("public_id")}


def _find_incident(outbox: Outbox, identifier: str, _: Json) -> Json | None:
    offset = 0
    while True:
        incidents = outbox.datadog.call("v2.IncidentsApi.list_incidents", page_size=100, page_offset=offset)["data"]
        for incident in incidents:
            attributes = incident["attributes"]
            summary = ((attributes.get("fields") or {}).get("summary") or {}).get("value") or ""
            if marker(identifier) in summary:
                return {"incident_id": incident["id"], "public_id": attributes.get("public_id")}
        if len(incidents) < 100:
            return None
        offset += 100


def _send_incident_update(outbox: Outbox, _: str, body: Json) -> Json:
    request = {"data": {"id": body["id"], "type": "incidents", "attributes": body["attributes"]}}
    outbox.datadog.call("v2.IncidentsApi.update_incident", body["id"], request)
    return {"incident_id": body["id"]}


def _send_incident_notebook(outbox: Outbox, _: str, body: Json) -> Json:
    """Write the notebook of an incident, which may itself still wait. A look-up by name avoids a second one."""
    incident_id = body["incident_id"]
    if incident_id is None:
        status = outbox.status(body["write_id"])
        if status is None or status["status"] == "accepted":
            raise Unreachable("the incident is not created yet", unknown=False)
        if status["status"] != "sent":
            raise CallerError(f"the incident's write is {status['status']}")
        incident_id = status["incident_id"]
    root_cause = notebooks.RootCause(incident_id=incident_id, incident_title=body["title"])
    return {"notebook": notebooks.write_root_cause(outbox.datadog, root_cause)["url"]}


def _send_deployment(outbox: Outbox, identifier: str, body: Json) -> Json:
    tags = [*body.get("custom_tags", ()), marker(identifier)]
    request = {"data": {"attributes": body | {"id": identifier, "custom_tags": tags}}}
    deployment = outbox.datadog.call("v2.DORAMetricsApi.create_dora_deployment", request)
    return {"deployment_id": deployment["data"]["id"]}


def _find_deployment(outbox: Outbox, identifier: str, _: Json) -> Json | None:
    now = datetime.now(UTC)
    attributes = {
        "query": marker(identifier),
        "from": (now - LOOK_BACK).isoformat(),
        "to": (now + timedelta(minutes=1)).isoformat(),
        "limit": 10,
    }
    request = {"data": {"type": "dora_deployments_list_request", "attributes": attributes}}
    deployments = outbox.datadog.call("v2.DORAMetricsApi.list_dora_deployments", request)["data"]
    return {"deployment_id": deployments[0]["id"]} if deployments else None


def _send_event(outbox: Outbox, identifier: str, body: Json) -> Json:
    tags = [*body.get("tags", ()), marker(identifier)]
    answer = outbox.datadog.call("v1.EventsApi.create_event", body | {"tags": tags})
    return {"event_id": (answer.get("event") or {}).get("id_str")}


def _find_event(outbox: Outbox, identifier: str, _: Json) -> Json | None:
    search = {"filter": {"query": marker(identifier), "from": "now-2h", "to": "now"}, "page": {"limit": 1}}
    events = outbox.datadog.call("v2.EventsApi.search_events", body=search)["data"]
    return {"event_id": events[0]["id"]} if events else None


WRITE_KINDS: Mapping[str, WriteKind] = {
    "page": WriteKind(_send_page, _find_page, on_call.complete_page, rank=0, longest_pause=15.0),
    "incident": WriteKind(_send_incident, _find_incident, rank=1, longest_pause=15.0),
    "incident_update": WriteKind(_send_incident_update, None, rank=1, longest_pause=15.0),
    "deployment": WriteKind(_send_deployment, _find_deployment, rank=2),
    "event": WriteKind(_send_event, _find_event, rank=3),
    "incident_notebook": WriteKind(_send_incident_notebook, None, rank=4, takes_long=True),
}
"""By name. Stored entries hold these names: do not change them."""
