"""Users and roles: https://docs.datadoghq.com/api/latest/users/ , https://docs.datadoghq.com/api/latest/roles/ ."""

import uuid

from firedrill.sandbox.datadog.account import ROLES, STANDARD_ROLES, USERS, iso, org_uuid, role_body, user_body
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.paging import numbered_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


def find(call: Call) -> Body:
    """The user of the path. Raises :class:`ApiError` 404, 400."""
    identifier = call.path["user_id"]
    if not is_uuid(identifier):
        raise ApiError(400, f"Invalid user id: {identifier}")
    found = call.get(USERS, identifier)
    if found is None:
        raise ApiError(404, f"User {identifier} not found")
    return found


def roles_of(call: Call, user: Body) -> list[Body]:
    """The roles that a user has."""
    found = [call.get(ROLES, one["id"]) for one in user["relationships"]["roles"]["data"]]
    return [one for one in found if one is not None]


@serves("v2.create_user")
def create(call: Call) -> Answer:
    """Invite a person by e-mail; creating a disabled user again makes it active."""
    data = call.body["data"]
    email = data["attributes"]["email"].lower()
    if "@" not in email:
        raise ApiError(400, f"Invalid email: {email}")
    known = next((one for one in call.list(USERS) if one["attributes"]["email"] == email), None)
    if known is not None and not known["attributes"]["disabled"]:
        raise ApiError(409, f"User with handle {email} already exists")
    identifier = known["id"] if known else str(uuid.uuid4())
    attributes = data["attributes"]
    body = user_body(identifier, call.org, email, attributes.get("name"), attributes.get("title"), call.now)
    roles = data.get("relationships", {}).get("roles", {}).get("data", [])
    check_roles(call, roles)
    body["relationships"]["roles"]["data"] = [{"type": "roles", "id": one["id"]} for one in roles]
    call.put(USERS, identifier, body)
    return Answer({"data": body}, 201)


def check_roles(call: Call, roles: list[Body]) -> None:
    """Raise :class:`ApiError` 404 for a role that does not exist."""
    for one in roles:
        if call.get(ROLES, one["id"]) is None:
            raise ApiError(404, f"Role {one['id']} not found")


@serves("v2.get_user")
def get(call: Call) -> Answer:
    """One user with its roles."""
    found = find(call)
    return Answer({"data": found, "included": roles_of(call, found)})


@serves("v1.validate")
def validate_key(_: Call) -> Answer:
    """Whether an API key is one: every key that gets here names an organisation."""
    return Answer({"valid": True})


@serves("v2.get_current_user")
def current(call: Call) -> Answer:
    """Whose keys these are."""
    me = call.me
    org = {"type": "orgs", "id": org_uuid(call.org), "attributes": {"name": "Sandbox", "public_id": org_uuid(call.org)}}
    return Answer({"data": me, "included": [org, *roles_of(call, me)]})


@serves("v2.list_users")
def list_users(call: Call) -> Answer:
    """Users by ``filter`` (name, handle or e-mail contains) and ``filter[status]``, paged."""
    words = call.query.get("filter", "").lower()
    statuses = {one.strip().lower() for one in call.query.get("filter[status]", "").split(",") if one.strip()}
    everyone = call.list(USERS)
    found = []
    for user in everyone:
        attributes = user["attributes"]
        texts = (attributes["name"] or "", attributes["handle"], attributes["email"])
        if any(words in text.lower() for text in texts) and (not statuses or attributes["status"].lower() in statuses):
            found.append(user)
    descending = call.query.get("sort_dir", "asc") == "desc" or call.query.get("sort", "").startswith("-")
    key = call.query.get("sort", "name").removeprefix("-")
    found.sort(key=lambda user: str(user["attributes"].get(key) or "").lower(), reverse=descending)
    shown = numbered_page(call, found, "page[size]", "page[number]", 10)
    page = {"total_count": len(everyone), "total_filtered_count": len(found)}
    included = {role["id"]: role for user in shown for role in roles_of(call, user)}
    return Answer({"data": shown, "included": list(included.values()), "meta": {"page": page}})


@serves("v2.update_user")
def update(call: Call) -> Answer:
    """Change name, title or whether a user is disabled."""
    user = find(call)
    given = call.body["data"].get("attributes", {})
    if call.body["data"]["id"] != user["id"]:
        raise ApiError(422, "The id of the body is not that of the path")
    user["attributes"] |= {key: given[key] for key in ("name", "title", "disabled", "email") if key in given}
    user["attributes"]["modified_at"] = iso(call.now)
    if user["attributes"]["disabled"]:
        user["attributes"]["status"] = "Disabled"
    call.put(USERS, user["id"], user)
    return Answer({"data": user, "included": roles_of(call, user)})


@serves("v2.disable_user")
def disable(call: Call) -> Answer:
    """Users are never deleted, only disabled."""
    user = find(call)
    user["attributes"] |= {"disabled": True, "status": "Disabled", "modified_at": iso(call.now)}
    call.put(USERS, user["id"], user)
    return NO_CONTENT


@serves("v2.send_invitations")
def invite(call: Call) -> Answer:
    """Send invitations (no mail leaves this machine)."""
    data = []
    for one in call.body["data"]:
        user = one["relationships"]["user"]["data"]["id"]
        if call.get(USERS, user) is None:
            raise ApiError(404, f"User {user} not found")
        identifier = str(uuid.uuid4())
        attributes = {
            "uuid": identifier,
            "invite_type": "basic_invite",
            "created_at": iso(call.now),
            "login_method": None,
        }
        data.append(
            {
                "type": "user_invitations",
                "id": identifier,
                "attributes": attributes,
                "relationships": {"user": {"data": {"type": "users", "id": user}}},
            }
        )
    return Answer({"data": data}, 201)


def find_role(call: Call) -> Body:
    """The role of the path. Raises :class:`ApiError` 404."""
    found = call.get(ROLES, call.path["role_id"])
    if found is None:
        raise ApiError(404, f"Role {call.path['role_id']} not found")
    return found


@serves("v2.create_role")
def create_role(call: Call) -> Answer:
    """Create a role."""
    data = call.body["data"]
    name = data["attributes"]["name"]
    if any(one["attributes"]["name"] == name for one in call.list(ROLES)):
        raise ApiError(409, f"Role {name} already exists")
    body = role_body(str(uuid.uuid4()), name, call.now)
    body["relationships"]["permissions"] = data.get("relationships", {}).get("permissions", {"data": []})
    body["attributes"]["receives_permissions_from"] = data["attributes"].get("receives_permissions_from", [])
    call.put(ROLES, body["id"], body)
    return Answer({"data": body})


@serves("v2.get_role")
def get_role(call: Call) -> Answer:
    """One role."""
    return Answer({"data": find_role(call)})


@serves("v2.list_roles")
def list_roles(call: Call) -> Answer:
    """Roles by ``filter``, paged."""
    words = call.query.get("filter", "").lower()
    found = [one for one in call.list(ROLES) if words in one["attributes"]["name"].lower()]
    shown = numbered_page(call, found, "page[size]", "page[number]", 10)
    page = {"total_count": len(call.list(ROLES)), "total_filtered_count": len(found)}
    return Answer({"data": shown, "meta": {"page": page}})


@serves("v2.update_role")
def update_role(call: Call) -> Answer:
    """Change a role of one's own."""
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
    return Answer({"data": role})


@serves("v2.delete_role")
def delete_role(call: Call) -> Answer:
    """Delete a role; users lose it."""
    role = find_role(call)
    for user in call.list(USERS):
        held = user["relationships"]["roles"]["data"]
        kept = [one for one in held if one["id"] != role["id"]]
        if kept != held:
            user["relationships"]["roles"]["data"] = kept
            call.put(USERS, user["id"], user)
    call.delete(ROLES, role["id"])
    return NO_CONTENT
