"""Users who have a role: https://docs.datadoghq.com/api/latest/roles/ ."""

from firedrill.sandbox.datadog.account import USERS
from firedrill.sandbox.datadog.handlers.roles import find_role
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import numbered_page
from firedrill.sandbox.datadog.store import Body


def members_of(call: Call, role: Body) -> list[Body]:
    """Return the users who have a role."""
    return [user for user in call.list(USERS) if role["id"] in role_ids(user)]


def role_ids(user: Body) -> list[str]:
    """Return the ids of the roles of a user."""
    return [role["id"] for role in user["relationships"]["roles"]["data"]]


def members_page(call: Call, role: Body) -> Body:
    """Return a page of the users who have a role."""
    members = members_of(call, role)
    shown = numbered_page(call, members)
    page = {"total_count": len(members), "total_filtered_count": len(members)}
    return {"data": shown, "meta": {"page": page}}


@serves("v2.list_role_users")
def list_members(call: Call) -> ApiResponse:
    """Return the users who have a role."""
    return ApiResponse(members_page(call, find_role(call)))


def find_user(call: Call) -> Body:
    """Return the user that the body names. Raises :class:`ApiError` 404."""
    identifier = call.body["data"]["id"]
    user = call.get(USERS, identifier)
    if user is None:
        raise ApiError(404, f"User {identifier} not found")
    return user


@serves("v2.add_user_to_role")
def add_member(call: Call) -> ApiResponse:
    """Give a user a role."""
    role, user = find_role(call), find_user(call)
    if role["id"] not in role_ids(user):
        user["relationships"]["roles"]["data"].append({"type": "roles", "id": role["id"]})
        call.put(USERS, user["id"], user)
    return ApiResponse(members_page(call, role))


@serves("v2.remove_user_from_role")
def remove_member(call: Call) -> ApiResponse:
    """Take a role from a user."""
    role, user = find_role(call), find_user(call)
    roles = user["relationships"]["roles"]
    roles["data"] = [entry for entry in roles["data"] if entry["id"] != role["id"]]
    call.put(USERS, user["id"], user)
    return ApiResponse(members_page(call, role))
