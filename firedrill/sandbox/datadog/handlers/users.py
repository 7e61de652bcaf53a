"""Users, and the check of an API key: https://docs.datadoghq.com/api/latest/users/ ."""

import uuid
from datetime import timedelta

from firedrill.sandbox.datadog.account import ROLES, USERS, iso, user_body
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import numbered_page
from firedrill.sandbox.datadog.store import Body

MAX_PAGE_SIZE = 1000
"""What a list says that a page may hold."""


def find(call: Call) -> Body:
    """Return the user of the path. Raises :class:`ApiError` 404, 400."""
    identifier = call.path["user_id"]
    if not is_uuid(identifier):
        raise ApiError(400, f"Invalid user id: {identifier}")
    user = call.get(USERS, identifier)
    if user is None:
        raise ApiError(404, f"User {identifier} not found")
    return user


def roles_of(call: Call, user: Body) -> list[Body]:
    """Return the roles that a user has."""
    roles = [call.get(ROLES, entry["id"]) for entry in user["relationships"]["roles"]["data"]]
    return [entry for entry in roles if entry is not None]


@serves("v2.create_user")
def create(call: Call) -> ApiResponse:
    """Invite a person by e-mail; a disabled user becomes active again.

    The stack creates no users, but the recordings of team memberships, schedules and roles begin with one.
    """
    data = call.body["data"]
    email = data["attributes"]["email"].lower()
    if "@" not in email:
        raise ApiError(400, f"Invalid email: {email}")
    existing = next((user for user in call.list(USERS) if user["attributes"]["email"] == email), None)
    if existing is not None and not existing["attributes"]["disabled"]:
        raise ApiError(409, f"User with handle {email} already exists")
    identifier = existing["id"] if existing else str(uuid.uuid4())
    attributes = data["attributes"]
    body = user_body(identifier, call.org, email, attributes.get("name"), attributes.get("title"), call.now)
    roles = data.get("relationships", {}).get("roles", {}).get("data", [])
    check_roles(call, roles)
    body["relationships"]["roles"]["data"] = [{"type": "roles", "id": role["id"]} for role in roles]
    call.put(USERS, identifier, body)
    return ApiResponse({"data": body}, 201)


def check_roles(call: Call, roles: list[Body]) -> None:
    """Raise :class:`ApiError` 404 for a role that does not exist."""
    for role in roles:
        if call.get(ROLES, role["id"]) is None:
            raise ApiError(404, f"Role {role['id']} not found")


@serves("v2.send_invitations")
def invite(call: Call) -> ApiResponse:
    """Invite users by e-mail. The invitations are not stored and nothing is sent."""
    users = [entry.get("relationships", {}).get("user", {}).get("data") or {} for entry in call.body["data"]]
    missing = [str(user.get("id")) for user in users if call.get(USERS, str(user.get("id"))) is None]
    if missing:
        raise ApiError(404, f"User {missing[0]} not found")
    return ApiResponse({"data": [invitation(call, user["id"]) for user in users]}, 201)


def invitation(call: Call, user: str) -> Body:
    """Return the invitation of a user, which lasts for two days."""
    identifier = str(uuid.uuid1())
    attributes = {
        "uuid": identifier,
        "login_method": None,
        "invite_type": "basic_invite",
        "created_at": iso(call.now),
        "expires_at": iso(call.now + timedelta(days=2)),
    }
    related = {"user": {"data": {"type": "users", "id": user}}}
    return {"type": "user_invitations", "id": identifier, "attributes": attributes, "relationships": related}


@serves("v2.get_user")
def get(call: Call) -> ApiResponse:
    """Return one user with its roles."""
    user = find(call)
    return ApiResponse({"data": detailed(user), "included": roles_of(call, user)})


def detailed(user: Body) -> Body:
    """Return a user as the request for one user has it: with the roles in teams, which a new user lacks."""
    return {**user, "relationships": {**user["relationships"], "team_roles": {"data": []}}}


@serves("v1.validate")
def validate_key(_: Call) -> ApiResponse:
    """Return that the API key is valid: every key names an organisation."""
    return ApiResponse({"valid": True})


def listed(user: Body) -> Body:
    """Return a user as lists have it: a service account without a title has an empty one."""
    attributes = user["attributes"]
    if not attributes["service_account"] or attributes["title"] is not None:
        return user
    return {**user, "attributes": {**attributes, "title": ""}}


@serves("v2.list_users")
def list_users(call: Call) -> ApiResponse:
    """Return users by ``filter`` (in name, handle or e-mail) and ``filter[status]``, a page of them."""
    words = call.query.get("filter", "").lower()
    statuses = {part.strip().lower() for part in call.query.get("filter[status]", "").split(",") if part.strip()}
    everyone = call.list(USERS)
    users = []
    for user in everyone:
        attributes = user["attributes"]
        texts = (attributes["name"] or "", attributes["handle"], attributes["email"])
        if any(words in text.lower() for text in texts) and (not statuses or attributes["status"].lower() in statuses):
            users.append(user)
    descending = call.query.get("sort_dir", "asc") == "desc" or call.query.get("sort", "").startswith("-")
    key = call.query.get("sort", "name").removeprefix("-")
    users.sort(key=lambda user: str(user["attributes"].get(key) or "").lower(), reverse=descending)
    shown = numbered_page(call, users, "page[size]", "page[number]", 10)
    page = {"total_count": len(everyone), "total_filtered_count": len(users), "max_page_size": MAX_PAGE_SIZE}
    included = {role["id"]: role for user in shown for role in roles_of(call, user)}
    return ApiResponse(
        {"data": [listed(user) for user in shown], "included": list(included.values()), "meta": {"page": page}}
    )


@serves("v2.update_user")
def update(call: Call) -> ApiResponse:
    """Change name, title, e-mail or whether a user is disabled."""
    user = find(call)
    attributes = call.body["data"].get("attributes", {})
    if call.body["data"]["id"] != user["id"]:
        raise ApiError(422, "The id of the body is not that of the path")
    user["attributes"] |= {key: attributes[key] for key in ("name", "title", "disabled", "email") if key in attributes}
    user["attributes"]["modified_at"] = iso(call.now)
    if user["attributes"]["disabled"]:
        user["attributes"]["status"] = "Disabled"
    elif user["attributes"]["status"] == "Disabled":
        user["attributes"]["status"] = "Active" if user["attributes"]["verified"] else "Pending"
    call.put(USERS, user["id"], user)
    return ApiResponse({"data": user, "included": roles_of(call, user)})


@serves("v2.disable_user")
def disable(call: Call) -> ApiResponse:
    """Disable a user; the API deletes none."""
    user = find(call)
    if user["attributes"]["disabled"]:
        raise ApiError(404, f"User {user['id']} not found")
    user["attributes"] |= {"disabled": True, "status": "Disabled", "modified_at": iso(call.now)}
    call.put(USERS, user["id"], user)
    return NO_CONTENT
