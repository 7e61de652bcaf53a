"""The writes that go through the outbox: how each is made at Datadog, and how one that was made is found again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from service.context import Context
from service.outbox import Channel, sent
from service.products import notebooks
from service.products.client import NotFound, Unreachable

Json = dict[str, Any]
LOOK_BACK = timedelta(hours=2)


def marker(identifier: str) -> str:
    """What a write carries, and is looked for by."""
    return f"write_id:{identifier}"


def _page(context: Context, identifier: str, body: Json) -> Json:
    attributes = body | {"tags": [*body["tags"], marker(identifier)]}
    sent = {"data": {"type": "pages", "attributes": attributes}}
    made = context.datadog.call("v2.OnCallPagingApi.create_on_call_page", sent)
    return {"page_id": made["data"]["id"]}


def _find_page(context: Context, identifier: str, _: Json) -> Json | None:
    """By https://docs.datadoghq.com/api/latest/on-call/list-on-call-pages/, which the client (2.62) does not know.

    Which tags its search finds is not documented, so what it gives is looked through.
    """
    query = {"filter[query]": marker(identifier), "page[size]": "100"}
    try:
        found = context.datadog.get("/api/v2/on-call/pages", query)["data"]
    except NotFound:
        return None
    return next(({"page_id": one["id"]} for one in found if marker(identifier) in json.dumps(one)), None)


def _incident(context: Context, identifier: str, body: Json) -> Json:
    fields = dict(body["fields"])
    summary = fields.get("summary", {}).get("value") or ""
    fields["summary"] = {"type": "textbox", "value": f"{summary}\n\n{marker(identifier)}".strip()}
    sent = {"data": {"type": "incidents", "attributes": body | {"fields": fields}}}
    made = context.datadog.call("v2.IncidentsApi.create_incident", sent)
    return {"incident_id": made["data"]["id"], "public_id": made["data"]["attributes"].get("public_id")}


def _find_incident(context: Context, identifier: str, _: Json) -> Json | None:
    offset: Any = 0
    while True:
        page = context.datadog.call("v2.IncidentsApi.list_incidents", page_size=100, page_offset=offset)
        for one in page["data"]:
            summary = ((one["attributes"].get("fields") or {}).get("summary") or {}).get("value") or ""
            if marker(identifier) in summary:
                return {"incident_id": one["id"], "public_id": one["attributes"].get("public_id")}
        if len(page["data"]) < 100:
            return None
        offset += 100


def _update_incident(context: Context, _: str, body: Json) -> Json:
    sent = {"data": {"id": body["id"], "type": "incidents", "attributes": body["attributes"]}}
    context.datadog.call("v2.IncidentsApi.update_incident", body["id"], sent)
    return {"incident_id": body["id"]}


def _notebook(context: Context, _: str, body: Json) -> Json:
    """The notebook of an incident that may have waited itself; found by name, so never made twice."""
    incident_id = body["incident_id"]
    if incident_id is None:
        incident = sent(context.outbox.status(body["write_id"]))
        if incident is None:
            raise Unreachable("the incident itself waits", unknown=False)
        incident_id = incident["incident_id"]
    asked = notebooks.RootCause(incident_id=incident_id, incident_title=body["title"])
    return {"notebook": notebooks.root_cause(context, asked)["url"]}


def _deployment(context: Context, identifier: str, body: Json) -> Json:
    tags = [*body.get("custom_tags", ()), marker(identifier)]
    sent = {"data": {"attributes": body | {"id": identifier, "custom_tags": tags}}}
    made = context.datadog.call("v2.DORAMetricsApi.create_dora_deployment", sent)
    return {"deployment_id": made["data"]["id"]}


def _find_deployment(context: Context, identifier: str, _: Json) -> Json | None:
    now = datetime.now(UTC)
    attributes = {
        "query": marker(identifier),
        "from": (now - LOOK_BACK).isoformat(),
        "to": (now + timedelta(minutes=1)).isoformat(),
        "limit": 10,
    }
    sent = {"data": {"type": "dora_deployments_list_request", "attributes": attributes}}
    found = context.datadog.call("v2.DORAMetricsApi.list_dora_deployments", sent)["data"]
    return {"deployment_id": found[0]["id"]} if found else None


def _event(context: Context, identifier: str, body: Json) -> Json:
    tags = [*body.get("tags", ()), marker(identifier)]
    made = context.datadog.call("v1.EventsApi.create_event", body | {"tags": tags})
    return {"event_id": (made.get("event") or {}).get("id_str")}


def _find_event(context: Context, identifier: str, _: Json) -> Json | None:
    search = {"filter": {"query": marker(identifier), "from": "now-2h", "to": "now"}, "page": {"limit": 1}}
    found = context.datadog.call("v2.EventsApi.search_events", body=search)["data"]
    return {"event_id": found[0]["id"]} if found else None


CHANNELS = {
    "page": Channel(_page, _find_page),
    "incident": Channel(_incident, _find_incident),
    "incident_notebook": Channel(_notebook, None),
    "incident_update": Channel(_update_incident, None),
    "deployment": Channel(_deployment, _find_deployment),
    "event": Channel(_event, _find_event),
}
