"""Teams, their members, links, permissions, notification rules: https://docs.datadoghq.com/api/latest/teams/ ."""

import uuid
import zlib

from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, ROUTING_RULES, SCHEDULES, TEAMS, USERS, iso
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.paging import (
    numbered_links,
    numbered_meta,
    numbered_page,
    offset_links,
    offset_meta,
    offset_page,
)
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

MEMBERSHIPS = "team_memberships"
LINKS = "team_links"
PERMISSIONS = "team_permissions"
RULES = "team_notification_rules"
CONNECTIONS = "team_connections"
SYNC = "team_sync"
HIERARCHY = "team_hierarchy_links"
SETTINGS = {
    "manage_membership": (
        "organization",
        "Add and Remove Members",
        ["user_access_manage", "admins", "members", "organization"],
    ),
    "edit": ("members", "Edit Team Details", ["teams_manage", "admins", "members"]),
}
"""Default value, title and options of each permission setting."""


def find(call: Call, parameter: str = "team_id") -> Body:
    """The team of the path. Raises :class:`ApiError` 404."""
    identifier = call.path[parameter]
    if not is_uuid(identifier):
        raise ApiError(404, f"{identifier} is not a valid UUID not found")
    found = call.get(TEAMS, identifier)
    if found is None:
        raise ApiError(404, f"Team for ID {identifier} not found")
    return found


def shown(call: Call, team: Body) -> Body:
    """A team with what is counted."""
    members = [one for one in call.list(MEMBERSHIPS) if one["team"] == team["id"]]
    links = [one for one in call.list(LINKS) if one["attributes"]["team_id"] == team["id"]]
    base = f"/api/v2/team/{team['id']}"
    attributes = {**team["attributes"], "user_count": len(members), "link_count": len(links)}
    related: Body = {
        "team_links": {
            "data": [{"type": "team_links", "id": one["id"]} for one in links],
            "links": {"related": f"{base}/links"},
        },
        "user_team_permissions": {"data": None, "links": {"related": f"{base}/permission-settings"}},
    }
    return {"id": team["id"], "type": "team", "attributes": attributes, "relationships": related}


def check(call: Call, attributes: Body, own: str | None) -> None:
    """Raise :class:`ApiError` 409 for a handle or name that another team has."""
    for other in call.list(TEAMS):
        if other["id"] != own and other["attributes"]["handle"] == attributes["handle"]:
            raise ApiError(409, f"Team with handle {attributes['handle']} already exists")
        if other["id"] != own and other["attributes"]["name"] == attributes["name"]:
            raise ApiError(409, f"Team with name {attributes['name']} already exists")


@serves("v2.create_team")
def create(call: Call) -> Answer:
    """Create a team."""
    given = call.body["data"]["attributes"]
    check(call, given, None)
    identifier = str(uuid.uuid4())
    attributes: Body = {
        "avatar": None,
        "banner": zlib.crc32(identifier.encode()) % 16,
        "created_at": iso(call.now),
        "description": None,
        "handle": given["handle"],
        "hidden_modules": [],
        "is_managed": False,
        "modified_at": iso(call.now),
        "name": given["name"],
        "summary": None,
        "visible_modules": [],
        **{key: value for key, value in given.items() if value is not None},
    }
    team = {"id": identifier, "type": "team", "attributes": attributes}
    call.put(TEAMS, identifier, team)
    users = call.body["data"].get("relationships", {}).get("users", {}).get("data", [])
    for user in users:
        add_member(call, team, user["id"], None)
    return Answer({"data": shown(call, team)}, 201)


@serves("v2.get_team")
def get(call: Call) -> Answer:
    """One team."""
    return Answer({"data": shown(call, find(call))})


@serves("v2.list_teams")
def list_teams(call: Call) -> Answer:
    """Teams by ``filter[keyword]``, ``filter[me]``, paged."""
    words = call.query.get("filter[keyword]", "").lower()
    mine = call.flag("filter[me]")
    own = {one["team"] for one in call.list(MEMBERSHIPS) if one["user"] == call.me["id"]}
    found = [
        team
        for team in call.list(TEAMS)
        if (words in team["attributes"]["name"].lower() or words in team["attributes"]["handle"].lower())
        and (not mine or team["id"] in own)
    ]
    key = {"user_count": "user_count"}.get(call.query.get("sort", "").removeprefix("-"), "name")
    bodies = sorted((shown(call, team) for team in found), key=lambda team: str(team["attributes"][key]).lower())
    if call.query.get("sort", "").startswith("-"):
        bodies.reverse()
    return Answer(
        {
            "data": numbered_page(call, bodies),
            "meta": {"pagination": numbered_meta(call, len(bodies), 10)},
            "links": numbered_links(call, len(bodies), 10),
        }
    )


@serves("v2.update_team")
def update(call: Call) -> Answer:
    """Change a team."""
    team = find(call)
    attributes = {**team["attributes"], **call.body["data"]["attributes"]}
    check(call, attributes, team["id"])
    team["attributes"] = {**attributes, "modified_at": iso(call.now)}
    call.put(TEAMS, team["id"], team)
    return Answer({"data": shown(call, team)})


@serves("v2.delete_team")
def delete(call: Call) -> Answer:
    """Delete a team with its members, links and rules; schedules and policies lose it."""
    team = find(call)
    identifier = team["id"]
    for kind in (MEMBERSHIPS, LINKS, RULES, PERMISSIONS):
        for one in call.list(kind):
            if one.get("team", one.get("attributes", {}).get("team_id")) == identifier:
                call.delete(kind, f"{identifier}:{one['user']}" if kind == MEMBERSHIPS else one["id"])
    for one in call.list(HIERARCHY):
        if identifier in (related["data"]["id"] for related in one["relationships"].values()):
            call.delete(HIERARCHY, one["id"])
    for kind in (SCHEDULES, ESCALATION_POLICIES):
        for one in call.list(kind):
            held = one["data"]["relationships"]["teams"]["data"]
            kept = [entry for entry in held if entry["id"] != identifier]
            if kept != held:
                one["data"]["relationships"]["teams"]["data"] = kept
                call.put(kind, one["data"]["id"], one)
    call.delete(ROUTING_RULES, identifier)
    call.delete(TEAMS, identifier)
    return NO_CONTENT


def member_user(user: Body) -> Body:
    """A user beside its membership."""
    keys = ("disabled", "email", "handle", "icon", "name", "service_account", "status")
    return {"id": user["id"], "type": "users", "attributes": {key: user["attributes"][key] for key in keys}}


def membership(one: Body) -> Body:
    """A membership as it is answered."""
    return {key: one[key] for key in ("id", "type", "attributes", "relationships")}


def add_member(call: Call, team: Body, user: str, role: str | None) -> Body:
    """Make a user a member. Raises :class:`ApiError` 404, 409."""
    if call.get(USERS, user) is None:
        raise ApiError(404, f"User for ID {user} not found")
    key = f"{team['id']}:{user}"
    if call.get(MEMBERSHIPS, key) is not None:
        raise ApiError(409, f"User {user} is already a member of Team {team['id']}")
    number = int(user.replace("-", "")[:7], 16)
    body: Body = {
        "team": team["id"],
        "user": user,
        "id": f"TeamMembership-{team['id']}-{number}",
        "type": "team_memberships",
        "attributes": {"provisioned_by": None, "provisioned_by_id": call.me["id"], "role": role},
        "relationships": {"user": {"data": {"id": user, "type": "users"}}},
    }
    call.put(MEMBERSHIPS, key, body)
    return body


@serves("v2.create_team_membership")
def create_membership(call: Call) -> Answer:
    """Add a member."""
    team = find(call)
    data = call.body["data"]
    user = data.get("relationships", {}).get("user", {}).get("data", {}).get("id")
    if user is None:
        raise ApiError(400, "data.relationships.user: is required")
    body = add_member(call, team, user, (data.get("attributes") or {}).get("role"))
    known = call.get(USERS, user)
    return Answer({"data": membership(body), "included": [member_user(known)] if known else []})


def find_membership(call: Call) -> Body:
    """The membership of the path. Raises :class:`ApiError` 404."""
    team, user = find(call), call.path["user_id"]
    found = call.get(MEMBERSHIPS, f"{team['id']}:{user}")
    if found is None:
        raise ApiError(404, f"User {user} is not a member of Team {team['id']} not found")
    return found


@serves("v2.get_team_memberships")
def list_memberships(call: Call) -> Answer:
    """The members of a team by ``filter[keyword]``, paged."""
    team, words = find(call), call.query.get("filter[keyword]", "").lower()
    found = []
    for one in call.list(MEMBERSHIPS):
        user = call.get(USERS, one["user"])
        if one["team"] == team["id"] and user is not None:
            texts = (user["attributes"]["name"] or "", user["attributes"]["email"])
            if any(words in text.lower() for text in texts):
                found.append((one, user))
    page = offset_page(call, found)
    answer: Body = {
        "data": [membership(one) for one, _ in page],
        "meta": {
            "pagination": {
                **offset_meta(call, len(found)),
                "prev_offset": max(0, call.integer("page[offset]", 0) - call.integer("page[limit]", 100, 1)),
                "next_offset": call.integer("page[offset]", 0) + call.integer("page[limit]", 100, 1),
            }
        },
        "links": offset_links(call),
    }
    if page:
        answer["included"] = [member_user(user) for _, user in page]
    return Answer(answer)


@serves("v2.update_team_membership", checked=False)
def update_membership(call: Call) -> Answer:
    """Change a member's role: ``admin`` or none."""
    one = find_membership(call)
    data = call.body.get("data") if isinstance(call.body, dict) else None
    attributes = data.get("attributes") if isinstance(data, dict) else None
    role = attributes.get("role") if isinstance(attributes, dict) else ""
    if role not in ("admin", None):
        fault = {"detail": "Not a valid choice.", "source": {"pointer": "/data/attributes/role"}}
        raise ApiError(400, str({"errors": [fault]}))
    one["attributes"]["role"] = role
    call.put(MEMBERSHIPS, f"{one['team']}:{one['user']}", one)
    user = call.get(USERS, one["user"])
    return Answer({"data": membership(one), "included": [member_user(user)] if user else []})


@serves("v2.delete_team_membership")
def delete_membership(call: Call) -> Answer:
    """Remove a member."""
    one = find_membership(call)
    call.delete(MEMBERSHIPS, f"{one['team']}:{one['user']}")
    return NO_CONTENT


@serves("v2.get_user_memberships")
def user_memberships(call: Call) -> Answer:
    """The teams of a user."""
    user = call.path["user_uuid"]
    if call.get(USERS, user) is None:
        raise ApiError(404, f"User for ID {user} not found")
    return Answer({"data": [membership(one) for one in call.list(MEMBERSHIPS) if one["user"] == user]})
