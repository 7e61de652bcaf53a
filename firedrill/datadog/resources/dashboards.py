"""Dashboards as JSON (https://docs.datadoghq.com/api/latest/dashboards/)."""

import json
import uuid
from typing import Final

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, plain
from firedrill.datadog.mapping.lists import SetInHashOrder, SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, Json, JsonText, canonical
from firedrill.provider.values import Properties, Value

_ANSWERED_ONLY: Final = ("id", "author_handle", "author_name", "created_at", "modified_at", "url")


class DashboardText(JsonText):
    """A dashboard's JSON without what Datadog adds to it: ids of widgets and tabs, author, dates."""

    def _read(self, answer: Json) -> Value:
        return json.dumps(compared_part(answer), separators=(",", ":"), sort_keys=True)

    def _key(self, value: Value) -> object:
        try:
            return canonical(compared_part(json.loads(value)))
        except (TypeError, ValueError):
            return value


def compared_part(dashboard: Json) -> Json:
    """Return a dashboard as the published provider compares it (its `prepResource`)."""
    if not isinstance(dashboard, dict):
        return dashboard
    dashboard = with_places({key: value for key, value in dashboard.items() if key not in _ANSWERED_ONLY})
    if isinstance(dashboard.get("restricted_roles"), list):
        dashboard.pop("is_read_only", None)
    else:
        dashboard.setdefault("is_read_only", False)
    if isinstance(dashboard.get("notify_list"), list):
        dashboard["notify_list"] = sorted(dashboard["notify_list"])
    if isinstance(dashboard.get("tabs"), list):
        dashboard["tabs"] = [{key: value for key, value in tab.items() if key != "id"} for tab in dashboard["tabs"]]
    dashboard["widgets"] = [_widget(widget) for widget in dashboard.get("widgets") or []]
    return dashboard


def with_places(dashboard: Json) -> Json:
    """Return a dashboard whose tabs name their widgets by place, `@1` being the first, instead of by id."""
    if not isinstance(dashboard.get("tabs"), list):
        return dashboard
    widgets = enumerate(dashboard.get("widgets") or [], 1)
    places = {widget["id"]: f"@{n}" for n, widget in widgets if isinstance(widget, dict) and "id" in widget}
    tabs = [
        {**tab, "widget_ids": [places.get(id, id) for id in tab.get("widget_ids") or []]} for tab in dashboard["tabs"]
    ]
    return {**dashboard, "tabs": tabs}


def number_tabs(dashboard: Json) -> None:
    """Set the ids of tabs, which the API requires."""
    for index, tab in enumerate(dashboard.get("tabs") or []):
        if not tab.get("id"):
            tab["id"] = str(uuid.uuid5(uuid.UUID(int=0), f"tab-{index}"))


def _widget(widget: Json) -> Json:
    authored = {key: value for key, value in widget.items() if key != "id"}
    definition = authored.get("definition")
    if isinstance(definition, dict) and definition.get("type") == "group":
        authored["definition"] = {
            **definition,
            "widgets": [_widget(inner) for inner in definition.get("widgets") or []],
        }
    return authored


def _body(_write: Write, body: Json) -> Json:
    """Remove a key that the API no longer accepts, and set the ids of tabs, which it requires."""
    dashboard = body["dashboard"]
    dashboard.pop("is_read_only", None)
    number_tabs(dashboard)
    return dashboard


def update_lists(write: Write) -> None:
    """Add the dashboard to the declared dashboard lists, and remove it from those that are no longer declared."""
    now, before = (set(p.get("dashboardLists") or []) for p in (write.inputs, write.old_inputs))
    layout = (write.answer or {}).get("layout_type")
    item = {"dashboards": [{"id": write.id, "type": "custom_screenboard" if layout == "free" else "custom_timeboard"}]}
    for dashboard_list in sorted(now - before):
        write.client.call(f"POST /api/v2/dashboard/lists/manual/{dashboard_list}/dashboards", item)
    for dashboard_list in sorted(before - now):
        write.client.call(f"DELETE /api/v2/dashboard/lists/manual/{dashboard_list}/dashboards", item)


def _normalize(resource: Json, _declared: Properties) -> Json:
    return {"dashboard": resource, "url": resource.get("url")}


_ITEM = Object((Property("type"), Property("dashId", at="id")))


def _set_items(write: Write) -> Json:
    """Remove all dashboards of a list in an update, and set the declared ones; return the list with them."""
    path = f"/api/v2/dashboard/lists/manual/{write.id}/dashboards"
    if write.action == "update":
        listed = write.client.call(f"GET {path}").get("dashboards") or []
        removed = [{"id": item["id"], "type": item["type"]} for item in listed]
        write.client.call(f"DELETE {path}", {"dashboards": removed})
    items = SetOf(_ITEM).send(write.inputs.get("dashItems") or [])
    if items:
        listed = write.client.call(f"PUT {path}", {"dashboards": items}).get("dashboards") or []
        return {**write.answer, "items": listed}
    return {**write.answer, "items": []}


def _with_items(client: DatadogClient, id: str, resource: Json) -> Json:
    return {
        **resource,
        "items": (client.call(f"GET /api/v2/dashboard/lists/manual/{id}/dashboards") or {}).get("dashboards"),
    }


DASHBOARD_LIST = Object((Property("name", required=True), Property("dashItems", SetOf(_ITEM), at="items")))
DASHBOARD_JSON = Object(
    (
        Property("dashboard", DashboardText(), required=True),
        Property("url", computed=True),
        Property("dashboardLists", SetInHashOrder(INT), local=True),
    )
)


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/dashboardJson:DashboardJson": plain(
            account,
            "/api/v1/dashboard",
            DASHBOARD_JSON,
            adjust_body=_body,
            normalize_answer=_normalize,
            after_write=update_lists,
            reads_after=frozenset({"create"}),
        ),
        "datadog:index/dashboardList:DashboardList": plain(
            account,
            "/api/v1/dashboard/lists/manual",
            DASHBOARD_LIST,
            adjust_body=lambda _, body: {"name": body["name"]},
            after_write=_set_items,
            complete_read=_with_items,
        ),
    }
