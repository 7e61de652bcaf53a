"""Dashboard lists: https://docs.datadoghq.com/api/latest/dashboard-lists/ ."""

from firedrill.sandbox.datadog.account import DASHBOARDS, iso
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

LISTS = "dashboard_lists"


def author(call: Call) -> Body:
    """Return handle and name of the caller."""
    me = call.me["attributes"]
    return {"handle": me["handle"], "name": me["name"]}


def find_list(call: Call, parameter: str = "list_id") -> Body:
    """Return the list of the path. Raises :class:`ApiError` 404."""
    identifier = call.path[parameter]
    dashboard_list = call.get(LISTS, identifier)
    if dashboard_list is None:
        raise ApiError(404, f"Manual Dashboard List with id {identifier} not found")
    return dashboard_list


def list_response(body: Body) -> Body:
    """Return a list in the form of API v1."""
    return {
        **{key: value for key, value in body.items() if key != "items"},
        "dashboard_count": len(body["items"]),
        "dashboards": None,
    }


@serves("v1.create_dashboard_list")
def create(call: Call) -> ApiResponse:
    """Create a list."""
    body: Body = {
        "id": call.number("dashboard_lists", 300_001),
        "name": call.body["name"],
        "author": author(call),
        "created": iso(call.now),
        "modified": iso(call.now),
        "is_favorite": False,
        "type": "manual_dashboard_list",
        "items": [],
    }
    call.put(LISTS, str(body["id"]), body)
    return ApiResponse(list_response(body))


@serves("v1.get_dashboard_list")
def get(call: Call) -> ApiResponse:
    """Return one list."""
    return ApiResponse(list_response(find_list(call)))


@serves("v1.list_dashboard_lists")
def list_lists(call: Call) -> ApiResponse:
    """Return all lists."""
    return ApiResponse({"dashboard_lists": [list_response(body) for body in call.list(LISTS)]})


@serves("v1.update_dashboard_list")
def update(call: Call) -> ApiResponse:
    """Rename a list."""
    body = {**find_list(call), "name": call.body["name"], "modified": iso(call.now)}
    call.put(LISTS, str(body["id"]), body)
    return ApiResponse(list_response(body))


@serves("v1.delete_dashboard_list")
def delete(call: Call) -> ApiResponse:
    """Delete a list; its dashboards stay."""
    identifier = find_list(call)["id"]
    call.delete(LISTS, str(identifier))
    return ApiResponse({"deleted_dashboard_list_id": identifier})


def requested_items(call: Call) -> list[Body]:
    """Return type and id of the dashboards of the request."""
    return [
        {"type": dashboard["type"], "id": dashboard["id"]} for dashboard in (call.body or {}).get("dashboards") or []
    ]


@serves("v2.get_dashboard_list_items")
def get_items(call: Call) -> ApiResponse:
    """Return the dashboards of a list."""
    dashboards = []
    for item in find_list(call, "dashboard_list_id")["items"]:
        dashboard = call.get(DASHBOARDS, item["id"])
        details: Body = {key: dashboard[key] for key in ("title", "url", "is_read_only")} if dashboard else {}
        if dashboard:
            details |= {"created": dashboard["created_at"], "modified": dashboard["modified_at"], "popularity": 0}
            details |= {"tags": dashboard.get("tags"), "icon": None, "integration_id": None}
        dashboards.append({**item, **details, "author": author(call), "is_favorite": False, "is_shared": False})
    return ApiResponse({"dashboards": dashboards, "total": len(dashboards)})


@serves("v2.create_dashboard_list_items")
def add_items(call: Call) -> ApiResponse:
    """Add dashboards to a list."""
    body, requested = find_list(call, "dashboard_list_id"), requested_items(call)
    added = [item for item in requested if item not in body["items"]]
    body["items"] += added
    call.put(LISTS, str(body["id"]), body)
    return ApiResponse({"added_dashboards_to_list": added})


@serves("v2.update_dashboard_list_items")
def replace_items(call: Call) -> ApiResponse:
    """Replace the dashboards of a list."""
    body = {**find_list(call, "dashboard_list_id"), "items": requested_items(call)}
    call.put(LISTS, str(body["id"]), body)
    return ApiResponse({"dashboards": body["items"]})


@serves("v2.delete_dashboard_list_items")
def remove_items(call: Call) -> ApiResponse:
    """Remove dashboards from a list."""
    body, requested = find_list(call, "dashboard_list_id"), requested_items(call)
    removed = [item for item in body["items"] if item in requested]
    body["items"] = [item for item in body["items"] if item not in requested]
    call.put(LISTS, str(body["id"]), body)
    return ApiResponse({"deleted_dashboards_from_list": removed})
