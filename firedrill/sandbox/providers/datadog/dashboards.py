"""Dashboards as JSON (https://docs.datadoghq.com/api/latest/dashboards/)."""

import json
import uuid
from typing import Final

from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, plain
from firedrill.sandbox.providers.datadog.lists import Hashed, Unordered
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, Json, JsonText, canonical, is_zero
from firedrill.sandbox.providers.values import Properties, Value

_ANSWERED_ONLY: Final = ("id", "author_handle", "author_name", "created_at", "modified_at", "url")

_ANSWERED_DEFAULTS: Final = {"experience_type": "default"}
"""What an answer says though nobody chose it."""


class DashboardText(JsonText):
    """A dashboard's JSON without what Datadog adds to it: ids of widgets and tabs, author, dates, empty parts."""

    def _read(self, answer: Json) -> Value:
        return json.dumps(own_part(answer), separators=(",", ":"), sort_keys=True)

    def _key(self, value: Value) -> object:
        try:
            return canonical(own_part(json.loads(value)))
        except (TypeError, ValueError):
            return value


def own_part(dashboard: Json) -> Json:
    """What an author decides of a dashboard."""
    if not isinstance(dashboard, dict):
        return dashboard
    dashboard = _without_nulls(dashboard)
    own = {
        key: value
        for key, value in dashboard.items()
        if key not in _ANSWERED_ONLY and not is_zero(value) and _ANSWERED_DEFAULTS.get(key) != value
    }
    if "restricted_roles" in own:
        own.pop("is_read_only", None)
    if isinstance(own.get("notify_list"), list):
        own["notify_list"] = sorted(own["notify_list"])
    own = with_places(own)
    if isinstance(own.get("tabs"), list):
        own["tabs"] = [{key: value for key, value in tab.items() if key != "id"} for tab in own["tabs"]]
    own["widgets"] = [_widget(widget) for widget in own.get("widgets") or []]
    return own


def with_places(dashboard: Json) -> Json:
    """A dashboard whose tabs name their widgets by place, `@1` being the first, instead of by id."""
    if not isinstance(dashboard.get("tabs"), list):
        return dashboard
    widgets = enumerate(dashboard.get("widgets") or [], 1)
    places = {widget["id"]: f"@{n}" for n, widget in widgets if isinstance(widget, dict) and "id" in widget}
    tabs = [
        {**tab, "widget_ids": [places.get(id, id) for id in tab.get("widget_ids") or []]} for tab in dashboard["tabs"]
    ]
    return {**dashboard, "tabs": tabs}


def number_tabs(dashboard: Json) -> None:
    """Give tabs the ids that the API asks for."""
    for index, tab in enumerate(dashboard.get("tabs") or []):
        if not tab.get("id"):
            tab["id"] = str(uuid.uuid5(uuid.UUID(int=0), f"tab-{index}"))


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _widget(widget: Json) -> Json:
    own = {key: value for key, value in widget.items() if key != "id"}
    definition = own.get("definition")
    if isinstance(definition, dict) and definition.get("type") == "group":
        own["definition"] = {**definition, "widgets": [_widget(inner) for inner in definition.get("widgets") or []]}
    return own


def _body(_step: Step, body: Json) -> Json:
    """What is sent: no longer accepted keys go, and tabs get the ids that the API asks for."""
    dashboard = body["dashboard"]
    dashboard.pop("is_read_only", None)
    number_tabs(dashboard)
    return dashboard


def join_lists(step: Step) -> None:
    """Put the dashboard on the lists that the program names, and take it off those that it no longer names."""
    wanted, before = (set(p.get("dashboardLists") or []) for p in (step.inputs, step.old_inputs))
    layout = (step.answer or {}).get("layout_type")
    item = {"dashboards": [{"id": step.id, "type": "custom_screenboard" if layout == "free" else "custom_timeboard"}]}
    for one in sorted(wanted - before):
        step.api.call(f"POST /api/v2/dashboard/lists/manual/{one}/dashboards", item)
    for one in sorted(before - wanted):
        step.api.call(f"DELETE /api/v2/dashboard/lists/manual/{one}/dashboards", item)


def _normalize(resource: Json, _declared: Properties) -> Json:
    return {"dashboard": resource, "url": resource.get("url")}


_ITEM = Object((Field("type"), Field("dashId", at="id")))


def _fill(step: Step) -> None:
    """The dashboards of a list: all of them, in one request."""
    if step.inputs.get("dashItems") or step.old_inputs.get("dashItems"):
        items = [_ITEM.send(item) for item in step.inputs.get("dashItems") or []]
        step.api.call(f"PUT /api/v2/dashboard/lists/manual/{step.id}/dashboards", {"dashboards": items})


def _with_items(api: Api, id: str, resource: Json) -> Json:
    return {
        **resource,
        "items": (api.call(f"GET /api/v2/dashboard/lists/manual/{id}/dashboards") or {}).get("dashboards"),
    }


DASHBOARD_LIST = Object((Field("name", required=True), Field("dashItems", Unordered(_ITEM), at="items")))
DASHBOARD_JSON = Object(
    (
        Field("dashboard", DashboardText(), required=True),
        Field("url", computed=True),
        Field("dashboardLists", Hashed(INT), local=True),
    )
)


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/dashboardJson:DashboardJson": plain(
            account, "/api/v1/dashboard", DASHBOARD_JSON, adapt=_body, normalize=_normalize, after=join_lists
        ),
        "datadog:index/dashboardList:DashboardList": plain(
            account,
            "/api/v1/dashboard/lists/manual",
            DASHBOARD_LIST,
            adapt=lambda _, body: {"name": body["name"]},
            after=_fill,
            complete=_with_items,
            reread=True,
        ),
    }
