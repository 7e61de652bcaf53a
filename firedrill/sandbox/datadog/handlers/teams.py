"""Teams and their members: https://docs.datadoghq.com/api/latest/teams/ ."""

import uuid
import zlib

from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, ROUTING_RULES, SCHEDULES, TEAMS, USERS, iso
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import (
    numbered_links,
    numbered_meta,
    numbered_page,
    offset_links,
    offset_meta,
    offset_page,
)
from firedrill.sandbox.datadog.store import Body

MEMBERSHIPS = "team_memberships"
LINKS = "team_links"
RULES = "team_notification_rules"
MEMBERS_PAGE = 100

Member = tuple[Body, Body]
"""A membership and its user."""


def find(call: Call, parameter: str = "team_id") -> Body:
    """Return the team of the path. Raises :class:`ApiError` 404."""
    identifier = call.path[parameter]
    if not is_uuid(identifier):
        raise ApiError(404, f"{identifier} is not a valid UUID not found")
    team = call.get(TEAMS, identifier)
    if team is None:
        raise ApiError(404, f"Team for ID {identifier} not found")
    return team


def team_response(call: Call, team: Body) -> Body:
    """Return a team with the numbers of its members and links."""
    members = [membership for membership in call.list(MEMBERSHIPS) if membership["team"] == team["id"]]
    links = [link for link in call.list(LINKS) if link["attributes"]["team_id"] == team["id"]]
    base = f"/api/v2/team/{team['id']}"
    attributes = {**team["attributes"], "user_count": len(members), "link_count": len(links)}
    related: Body = {
        "team_links": {
            "data": [{"type": "team_links", "id": link["id"]} for link in links],
            "links": {"related": f"{base}/links"},
        },
        "user_team_permissions": {"data": None, "links": {"related": f"{base}/permission-settings"}},
    }
    return {"id": team["id"], "type": "team", "attributes": attributes, "relationships": related}


def check_unique(call: Call, attributes: Body, own: str | None) -> None:
    """Raise :class:`ApiError` 409 for a handle or name that another team has."""
    for other in call.list(TEAMS):
        if other["id"] != own and other["attributes"]["handle"] == attributes["handle"]:
            raise ApiError(409, f"Team with handle {attributes['handle']} already exists")
        if other["id"] != own and other["attributes"]["name"] == attributes["name"]:
            raise ApiError(409, f"Team with name {attributes['name']} already exists")


@serves("v2.create_team")
def create(call: Call) -> ApiResponse:
    """Create a team."""
    requested = call.body["data"]["attributes"]
    check_unique(call, requested, None)
    identifier = str(uuid.uuid4())
    attributes: Body = {
        "avatar": None,
        "banner": zlib.crc32(identifier.encode()) % 16,
        "created_at": iso(call.now),
        "description": None,
        "handle": requested["handle"],
        "hidden_modules": [],
        "is_managed": False,
        "modified_at": iso(call.now),
        "name": requested["name"],
        "provisioned_by": None,
        "summary": None,
        "visible_modules": [],
        **{key: value for key, value in requested.items() if value is not None},
    }
    attributes["summary"] = attributes["summary"] or attributes["description"]
    team = {"id": identifier, "type": "team", "attributes": attributes}
    call.put(TEAMS, identifier, team)
    users = call.body["data"].get("relationships", {}).get("users", {}).get("data", [])
    for user in users:
        add_member(call, team, user["id"], None)
    return ApiResponse({"data": team_response(call, team)}, 201)


@serves("v2.get_team")
def get(call: Call) -> ApiResponse:
    """Return one team."""
    return ApiResponse({"data": team_response(call, find(call))})


@serves("v2.list_teams")
def list_teams(call: Call) -> ApiResponse:
    """Return teams by ``filter[keyword]`` and ``filter[me]``, a page of them."""
    words = call.query.get("filter[keyword]", "").lower()
    mine = call.flag("filter[me]")
    own = {membership["team"] for membership in call.list(MEMBERSHIPS) if membership["user"] == call.me["id"]}
    teams = [
        team
        for team in call.list(TEAMS)
        if (words in team["attributes"]["name"].lower() or words in team["attributes"]["handle"].lower())
        and (not mine or team["id"] in own)
    ]
    sort = call.query.get("sort", "")
    key = "user_count" if sort.removeprefix("-") == "user_count" else "name"
    bodies = sorted(
        (team_response(call, team) for team in teams), key=lambda team: str(team["attributes"][key]).lower()
    )
    if sort.startswith("-"):
        bodies.reverse()
    return ApiResponse(
        {
            "data": numbered_page(call, bodies),
            "meta": {"pagination": numbered_meta(call, len(bodies), 10)},
            "links": numbered_links(call, len(bodies), 10),
        }
    )


@serves("v2.update_team")
def update(call: Call) -> ApiResponse:
    """Change a team."""
    team, requested = find(call), call.body["data"]["attributes"]
    attributes = {**team["attributes"], **requested}
    if "summary" not in requested and team["attributes"]["summary"] == team["attributes"]["description"]:
        attributes["summary"] = attributes["description"]
    check_unique(call, attributes, team["id"])
    team["attributes"] = {**attributes, "modified_at": iso(call.now)}
    call.put(TEAMS, team["id"], team)
    return ApiResponse({"data": team_response(call, team)})


@serves("v2.delete_team")
def delete(call: Call) -> ApiResponse:
    """Delete a team with its members, links and rules; take it from schedules and escalation policies."""
    team = find(call)
    identifier = team["id"]
    for kind in (MEMBERSHIPS, LINKS, RULES):
        for body in call.list(kind):
            if body.get("team", body.get("attributes", {}).get("team_id")) == identifier:
                call.delete(kind, f"{identifier}:{body['user']}" if kind == MEMBERSHIPS else body["id"])
    for kind in (SCHEDULES, ESCALATION_POLICIES):
        for body in call.list(kind):
            teams = body["data"]["relationships"]["teams"]["data"]
            remaining = [entry for entry in teams if entry["id"] != identifier]
            if remaining != teams:
                body["data"]["relationships"]["teams"]["data"] = remaining
                call.put(kind, body["data"]["id"], body)
    call.delete(ROUTING_RULES, identifier)
    call.delete(TEAMS, identifier)
    return NO_CONTENT


def user_response(user: Body) -> Body:
    """Return a user as responses include it beside a membership."""
    keys = ("disabled", "email", "handle", "icon", "name", "service_account", "status")
    return {"id": user["id"], "type": "users", "attributes": {key: user["attributes"][key] for key in keys}}


def membership_response(body: Body) -> Body:
    """Return a membership as responses have it."""
    return {key: body[key] for key in ("id", "type", "attributes", "relationships")}


def add_member(call: Call, team: Body, user: str, role: str | None) -> Body:
    """Add a user to a team. Raises :class:`ApiError` 404, 409."""
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
def create_membership(call: Call) -> ApiResponse:
    """Add a member."""
    team = find(call)
    data = call.body["data"]
    user = data.get("relationships", {}).get("user", {}).get("data", {}).get("id")
    if user is None:
        raise ApiError(400, "data.relationships.user: is required")
    body = add_member(call, team, user, (data.get("attributes") or {}).get("role"))
    member = call.get(USERS, user)
    return ApiResponse({"data": membership_response(body), "included": [user_response(member)] if member else []})


def find_membership(call: Call) -> Body:
    """Return the membership of the path. Raises :class:`ApiError` 404."""
    team, user = find(call), call.path["user_id"]
    membership = call.get(MEMBERSHIPS, f"{team['id']}:{user}")
    if membership is None:
        raise ApiError(404, f"User {user} is not a member of Team {team['id']} not found")
    return membership


def page_of_members(call: Call, members: list[Member]) -> tuple[list[Member], Body, Body]:
    """Return the page, its ``meta.pagination`` and its links: by number where the request asks so, else by offset."""
    total = len(members)
    if "page[size]" in call.query or "page[number]" in call.query:
        page = numbered_page(call, members, default=MEMBERS_PAGE)
        return page, numbered_meta(call, total, MEMBERS_PAGE), numbered_links(call, total, MEMBERS_PAGE)
    offset, limit = call.integer("page[offset]", 0), call.integer("page[limit]", MEMBERS_PAGE, 1)
    pagination = {
        **offset_meta(call, total),
        "prev_offset": max(0, offset - limit),
        "next_offset": offset + limit,
    }
    return offset_page(call, members), pagination, offset_links(call)


@serves("v2.get_team_memberships")
def list_memberships(call: Call) -> ApiResponse:
    """Return the members of a team by ``filter[keyword]``, paged."""
    team, words = find(call), call.query.get("filter[keyword]", "").lower()
    members = []
    for membership in call.list(MEMBERSHIPS):
        user = call.get(USERS, membership["user"])
        if membership["team"] == team["id"] and user is not None:
            texts = (user["attributes"]["name"] or "", user["attributes"]["email"])
            if any(words in text.lower() for text in texts):
                members.append((membership, user))
    page, pagination, links = page_of_members(call, members)
    body: Body = {
        "data": [membership_response(membership) for membership, _ in page],
        "meta": {"pagination": pagination},
        "links": links,
    }
    if page:
        body["included"] = [user_response(user) for _, user in page]
    return ApiResponse(body)


@serves("v2.update_team_membership", validated=False)
def update_membership(call: Call) -> ApiResponse:
    """Change a member's role: ``admin`` or none."""
    membership = find_membership(call)
    data = call.body.get("data") if isinstance(call.body, dict) else None
    attributes = data.get("attributes") if isinstance(data, dict) else None
    role = attributes.get("role") if isinstance(attributes, dict) else ""
    if role not in ("admin", None):
        fault = {"detail": "Not a valid choice.", "source": {"pointer": "/data/attributes/role"}}
        raise ApiError(400, str({"errors": [fault]}))
    membership["attributes"]["role"] = role
    call.put(MEMBERSHIPS, f"{membership['team']}:{membership['user']}", membership)
    user = call.get(USERS, membership["user"])
    return ApiResponse({"data": membership_response(membership), "included": [user_response(user)] if user else []})


@serves("v2.delete_team_membership")
def delete_membership(call: Call) -> ApiResponse:
    """Remove a member."""
    membership = find_membership(call)
    call.delete(MEMBERSHIPS, f"{membership['team']}:{membership['user']}")
    return NO_CONTENT
