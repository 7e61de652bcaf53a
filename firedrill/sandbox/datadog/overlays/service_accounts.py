"""Service accounts (https://docs.datadoghq.com/api/latest/service-accounts/), and who has a role."""

import uuid

from firedrill.sandbox.datadog.account import USERS, user_body
from firedrill.sandbox.datadog.overlays.users import check_roles, find_role, roles_of
from firedrill.sandbox.datadog.paging import numbered_page
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


@serves("v2.create_service_account")
def create(call: Call) -> Answer:
    """Create an account that no person has: active at once, and nothing is sent to its address."""
    data = call.body["data"]
    attributes = data["attributes"]
    identifier, email = str(uuid.uuid4()), attributes["email"].lower()
    if "@" not in email:
        raise ApiError(400, f"Invalid email: {email}")
    body = user_body(identifier, call.org, email, attributes.get("name"), attributes.get("title"), call.now)
    body["attributes"] |= {"service_account": True, "handle": identifier, "status": "Active", "verified": True}
    roles = data.get("relationships", {}).get("roles", {}).get("data") or []
    check_roles(call, roles)
    body["relationships"]["roles"]["data"] = [{"type": "roles", "id": one["id"]} for one in roles]
    call.put(USERS, identifier, body)
    return Answer({"data": body, "included": roles_of(call, body)}, 201)


def holders(call: Call, role: Body) -> list[Body]:
    """Users that have a role."""
    return [user for user in call.list(USERS) if role["id"] in held(user)]


def held(user: Body) -> list[str]:
    """Ids of the roles that a user has."""
    return [one["id"] for one in user["relationships"]["roles"]["data"]]


def users(call: Call, role: Body) -> Body:
    """A page of the users that have a role."""
    found = holders(call, role)
    shown = numbered_page(call, found)
    page = {"total_count": len(found), "total_filtered_count": len(found)}
    return {"data": shown, "meta": {"page": page}}


@serves("v2.list_role_users")
def list_users(call: Call) -> Answer:
    """Who has a role."""
    return Answer(users(call, find_role(call)))


def named_user(call: Call) -> Body:
    """The user that the body names. Raises :class:`ApiError` 404."""
    identifier = call.body["data"]["id"]
    found = call.get(USERS, identifier)
    if found is None:
        raise ApiError(404, f"User {identifier} not found")
    return found


@serves("v2.add_user_to_role")
def add(call: Call) -> Answer:
    """Give a user a role."""
    role, user = find_role(call), named_user(call)
    if role["id"] not in held(user):
        user["relationships"]["roles"]["data"].append({"type": "roles", "id": role["id"]})
        call.put(USERS, user["id"], user)
    return Answer(users(call, role))


@serves("v2.remove_user_from_role")
def remove(call: Call) -> Answer:
    """Take a role from a user."""
    role, user = find_role(call), named_user(call)
    roles = user["relationships"]["roles"]
    roles["data"] = [one for one in roles["data"] if one["id"] != role["id"]]
    call.put(USERS, user["id"], user)
    return Answer(users(call, role))
