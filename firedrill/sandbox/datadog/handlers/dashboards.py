"""Dashboards: https://docs.datadoghq.com/api/latest/dashboards/ ."""

import copy
import random
import re

from firedrill.sandbox.datadog.account import DASHBOARDS, iso
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

DELETED = "deleted_dashboards"
OPTIONAL_MEMBERS = (
    "reflow_type",
    "tags",
    "template_variable_presets",
    "default_timeframe",
    "tabs",
)
"""Members that a response has only when the request had them."""
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def short_id() -> str:
    """Return an id like ``abc-def-ghi``."""
    return "-".join("".join(random.choices(ALPHABET, k=3)) for _ in range(3))  # noqa: S311  # not a secret


def slug(title: str) -> str:
    """Return a title as a dashboard's URL has it."""
    words = re.sub(r"[^\w\s-]", "", title.lower()).replace("_", "")
    return re.sub(r"\s+", "-", words.strip())[:80].rstrip("-")


def widgets_with_ids(widgets: list[Body]) -> list[Body]:
    """Return widgets with an id each, those inside groups too."""
    numbered_widgets = []
    for widget in copy.deepcopy(widgets):
        definition = widget.get("definition")
        if isinstance(definition, dict) and isinstance(definition.get("widgets"), list):
            definition["widgets"] = widgets_with_ids(definition["widgets"])
        widget.setdefault("id", random.randint(10**14, 9 * 10**15))  # noqa: S311  # not a secret
        numbered_widgets.append(widget)
    return numbered_widgets


def tabs_with_widgets(tabs: list[Body], widgets: list[Body]) -> list[Body]:
    """Return tabs whose widgets are named by id: a request may name them by place, ``@1`` is the first."""
    places = {f"@{place}": widget["id"] for place, widget in enumerate(widgets, start=1)}
    return [{**tab, "widget_ids": [places.get(name, name) for name in tab.get("widget_ids") or []]} for tab in tabs]


def check_definition(body: Body) -> None:
    """Raise :class:`ApiError` 400 for template variables or layouts that the real API refuses."""
    for variable in body.get("template_variables") or []:
        if ("default" in variable and "defaults" in variable) or variable.get("defaults") == []:
            raise ApiError(400, "'template_variables' is invalid")
        if "" in (variable.get("defaults") or ()):
            raise ApiError(400, "Minimum length of parameter 'defaults' should be 1")
    for preset in body.get("template_variable_presets") or []:
        for value in preset.get("template_variables") or []:
            if "value" in value and "values" in value:
                raise ApiError(400, f"'template_variables' value '{value}' is invalid")
    if body["layout_type"] == "free":
        if body.get("reflow_type") is not None:
            raise ApiError(400, "'reflow_type' is not supported for 'free' layout dashboards")
        if any("layout" not in widget for widget in body["widgets"]):
            raise ApiError(400, "Widget layout is required for 'free' layout dashboards")
    if body.get("reflow_type") == "fixed" and any("layout" not in widget for widget in body["widgets"]):
        raise ApiError(400, "Widget layout is required when 'reflow_type' is 'fixed'")
    if len(body.get("tags") or []) > 5 or any(not tag.startswith("team:") for tag in body.get("tags") or []):
        raise ApiError(400, "'tags' is invalid: at most 5 tags with the key 'team'")


def dashboard_body(call: Call, identifier: str, body: Body, created: str) -> Body:
    """Return a dashboard as responses have it."""
    me = call.me["attributes"]
    widgets = widgets_with_ids(body["widgets"])
    optional = {key: body[key] for key in OPTIONAL_MEMBERS if key in body}
    if optional.get("tabs"):
        optional["tabs"] = tabs_with_widgets(optional["tabs"], widgets)
    return {
        "id": identifier,
        "title": body["title"],
        "description": body.get("description"),
        "author_handle": me["handle"],
        "author_name": me["name"],
        "layout_type": body["layout_type"],
        "url": f"/dashboard/{identifier}/{slug(body['title'])}",
        "is_read_only": body.get("is_read_only", False),
        "template_variables": completed_variables(body.get("template_variables")),
        "widgets": widgets,
        "notify_list": body.get("notify_list"),
        "created_at": created,
        "modified_at": iso(call.now),
        **optional,
        "experience_type": "default",
        "restricted_roles": body.get("restricted_roles") or [],
    }


def completed_variables(template_variables: list[Body] | None) -> list[Body] | None:
    """Return template variables with the members that the server adds."""
    if template_variables is None:
        return None
    return [{"prefix": None, "available_values": None, **variable} for variable in template_variables]


def find(call: Call) -> Body:
    """Return the dashboard of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["dashboard_id"]
    dashboard = call.get(DASHBOARDS, identifier)
    if dashboard is None:
        raise ApiError(404, f"Dashboard with ID {identifier} not found")
    return dashboard


@serves("v1.create_dashboard")
def create(call: Call) -> ApiResponse:
    """Create a dashboard."""
    check_definition(call.body)
    identifier = short_id()
    body = dashboard_body(call, identifier, call.body, iso(call.now))
    call.put(DASHBOARDS, identifier, body)
    return ApiResponse(body)


@serves("v1.get_dashboard")
def get(call: Call) -> ApiResponse:
    """Return one dashboard."""
    return ApiResponse(find(call))


@serves("v1.list_dashboards")
def list_dashboards(call: Call) -> ApiResponse:
    """Return all dashboards without their widgets; with ``filter[deleted]`` the deleted ones."""
    kind = DELETED if call.flag("filter[deleted]") else DASHBOARDS
    start, count = call.integer("start", 0, 0, 10**6), call.integer("count", 100, 0, 1000)
    keys = (
        "id",
        "title",
        "description",
        "layout_type",
        "url",
        "is_read_only",
        "created_at",
        "modified_at",
        "author_handle",
    )
    bodies = [{**{key: body[key] for key in keys}, "deleted_at": body.get("deleted_at")} for body in call.list(kind)]
    return ApiResponse({"dashboards": bodies[start : start + count]})


@serves("v1.update_dashboard")
def update(call: Call) -> ApiResponse:
    """Replace a dashboard."""
    old = find(call)
    check_definition(call.body)
    body = dashboard_body(call, old["id"], call.body, old["created_at"])
    call.put(DASHBOARDS, old["id"], body)
    return ApiResponse(body)


@serves("v1.delete_dashboard")
def delete(call: Call) -> ApiResponse:
    """Delete a dashboard."""
    dashboard = find(call)
    move_to_deleted(call, dashboard)
    return ApiResponse({"deleted_dashboard_id": dashboard["id"]})


def move_to_deleted(call: Call, body: Body) -> None:
    """Move a dashboard to the deleted ones."""
    call.delete(DASHBOARDS, body["id"])
    call.put(DELETED, body["id"], {**body, "deleted_at": iso(call.now)})
