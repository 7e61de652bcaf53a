"""Roles: https://docs.datadoghq.com/api/latest/roles/ ."""

import uuid

from firedrill.sandbox.datadog.account import ROLES, STANDARD_ROLES, USERS, iso, role_body
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import numbered_page
from firedrill.sandbox.datadog.store import Body


def find_role(call: Call) -> Body:
    """Return the role of the path. Raises :class:`ApiError` 404."""
    role = call.get(ROLES, call.path["role_id"])
    if role is None:
        raise ApiError(404, f"Role {call.path['role_id']} not found")
    return role


def read_response(call: Call, role: Body) -> Body:
    """Return a role as reads have it: one that the account made with who made and who changed it."""
    if role["attributes"].get("managed"):
        return role
    handle = call.me["attributes"]["handle"]
    authors = {"created_by_handle": handle, "modified_by_handle": handle}
    return {**role, "attributes": {**role["attributes"], **authors}}


@serves("v2.create_role")
def create_role(call: Call) -> ApiResponse:
    """Create a role."""
    data = call.body["data"]
    name = data["attributes"]["name"]
    if any(role["attributes"]["name"] == name for role in call.list(ROLES)):
        raise ApiError(409, f"Role {name} already exists")
    body = role_body(str(uuid.uuid4()), name, call.now)
    body["relationships"]["permissions"] = data.get("relationships", {}).get("permissions", {"data": []})
    body["attributes"]["receives_permissions_from"] = data["attributes"].get("receives_permissions_from", [])
    call.put(ROLES, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.get_role")
def get_role(call: Call) -> ApiResponse:
    """Return one role."""
    return ApiResponse({"data": read_response(call, find_role(call))})


@serves("v2.list_roles")
def list_roles(call: Call) -> ApiResponse:
    """Return roles whose name contains ``filter``, a page of them."""
    words = call.query.get("filter", "").lower()
    roles = [role for role in call.list(ROLES) if words in role["attributes"]["name"].lower()]
    shown = numbered_page(call, roles, "page[size]", "page[number]", 10)
    page = {"total_count": len(call.list(ROLES)), "total_filtered_count": len(roles)}
    return ApiResponse({"data": [read_response(call, role) for role in shown], "meta": {"page": page}})


@serves("v2.update_role")
def update_role(call: Call) -> ApiResponse:
    """Change a custom role."""
    role = find_role(call)
    if role["attributes"]["name"] in STANDARD_ROLES:
        raise ApiError(403, "Standard roles cannot be changed")
    data = call.body["data"]
    role["attributes"] |= {
        "name": data["attributes"].get("name", role["attributes"]["name"]),
        "modified_at": iso(call.now),
    }
    if "permissions" in data.get("relationships", {}):
        role["relationships"]["permissions"] = data["relationships"]["permissions"]
    call.put(ROLES, role["id"], role)
    return ApiResponse({"data": role})


@serves("v2.delete_role")
def delete_role(call: Call) -> ApiResponse:
    """Delete a role and take it from its users."""
    role = find_role(call)
    for user in call.list(USERS):
        roles = user["relationships"]["roles"]["data"]
        remaining = [entry for entry in roles if entry["id"] != role["id"]]
        if remaining != roles:
            user["relationships"]["roles"]["data"] = remaining
            call.put(USERS, user["id"], user)
    call.delete(ROLES, role["id"])
    return NO_CONTENT
