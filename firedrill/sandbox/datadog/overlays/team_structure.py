"""Links between teams, and to teams of other systems: https://docs.datadoghq.com/api/latest/teams/ ."""

import uuid

from firedrill.sandbox.datadog.account import TEAMS, iso
from firedrill.sandbox.datadog.overlays.teams import CONNECTIONS, HIERARCHY, SYNC
from firedrill.sandbox.datadog.paging import numbered_meta, numbered_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

SHORT = ("avatar", "banner", "handle", "is_managed", "name", "summary")


def linked_teams(call: Call, link: Body) -> list[Body]:
    """The two teams of a link in short."""
    found = []
    for side in ("parent_team", "sub_team"):
        team = call.get(TEAMS, link["relationships"][side]["data"]["id"])
        if team is not None:
            attributes = {key: team["attributes"].get(key) for key in SHORT}
            attributes |= {"is_open_membership": False, "link_count": 0, "user_count": 0}
            found.append({"id": team["id"], "type": "team", "attributes": attributes})
    return found


@serves("v2.add_team_hierarchy_link")
def add(call: Call) -> Answer:
    """Make a team part of another."""
    related = call.body["data"]["relationships"]
    parent, sub = related["parent_team"]["data"]["id"], related["sub_team"]["data"]["id"]
    for identifier in (parent, sub):
        if call.get(TEAMS, identifier) is None:
            raise ApiError(404, f"Not Found: team {identifier} not found")
    if parent == sub:
        raise ApiError(400, "Bad Request: a team cannot be a member team of itself")
    if any(
        (one["relationships"]["parent_team"]["data"]["id"], one["relationships"]["sub_team"]["data"]["id"])
        == (parent, sub)
        for one in call.list(HIERARCHY)
    ):
        raise ApiError(
            409,
            f"Conflict: could not add team {sub} as a member team of team {parent}: team hierarchy link between super "
            f"team {parent} and member team {sub} already exists",
        )
    identifier = str(uuid.uuid4())
    body = {
        "id": identifier,
        "type": "team_hierarchy_links",
        "attributes": {"created_at": iso(call.now), "provisioned_by": ""},
        "relationships": {
            "parent_team": {"data": {"id": parent, "type": "team"}},
            "sub_team": {"data": {"id": sub, "type": "team"}},
        },
    }
    call.put(HIERARCHY, identifier, body)
    return Answer({"data": body, "included": linked_teams(call, body)})


@serves("v2.get_team_hierarchy_link")
def get(call: Call) -> Answer:
    """One link."""
    identifier = call.path["link_id"]
    found = call.get(HIERARCHY, identifier)
    if found is None:
        raise ApiError(404, f"Not Found: team hierarchy link not found (linkId={identifier})")
    links = {"self": f"https://api.datadoghq.com/api/v2/team-hierarchy-links/{identifier}"}
    return Answer({"data": found, "links": links, "included": linked_teams(call, found)[::-1]})


@serves("v2.list_team_hierarchy_links")
def list_links(call: Call) -> Answer:
    """Links by ``filter[parent_team]`` and ``filter[sub_team]``."""
    found = call.list(HIERARCHY)
    for side in ("parent_team", "sub_team"):
        wanted = call.query.get(f"filter[{side}]")
        found = [one for one in found if wanted in (None, one["relationships"][side]["data"]["id"])]
    shown = numbered_page(call, found)
    return Answer({"data": shown, "meta": {"pagination": numbered_meta(call, len(found), 10)}})


@serves("v2.remove_team_hierarchy_link")
def remove(call: Call) -> Answer:
    """Remove a link."""
    identifier = call.path["link_id"]
    if not call.delete(HIERARCHY, identifier):
        raise ApiError(404, f"Not Found: link with id {identifier} not found")
    return NO_CONTENT


@serves("v2.create_team_connections")
def connect(call: Call) -> Answer:
    """Connect teams with teams of other systems."""
    made = []
    for one in call.body["data"]:
        team = one.get("relationships", {}).get("team", {}).get("data", {}).get("id")
        if team is None or call.get(TEAMS, team) is None:
            raise ApiError(404, {"status": "404", "title": "Not Found", "detail": f"team {team} not found"})
        body = {**one, "id": str(uuid.uuid1()), "type": "team_connection"}
        call.put(CONNECTIONS, body["id"], body)
        made.append(body)
    return Answer({"data": made}, 201)


@serves("v2.list_team_connections")
def list_connections(call: Call) -> Answer:
    """Connections by ``filter[sources]`` and ``filter[team_ids]``, paged."""
    sources, teams = call.query.get("filter[sources]", ""), call.query.get("filter[team_ids]", "")
    found = [
        one
        for one in call.list(CONNECTIONS)
        if (not sources or one["attributes"]["source"] in sources.split(","))
        and (not teams or one["relationships"]["team"]["data"]["id"] in teams.split(","))
    ]
    return Answer({"data": numbered_page(call, found), "meta": {"page": numbered_meta(call, len(found), 10)}})


@serves("v2.delete_team_connections")
def disconnect(call: Call) -> Answer:
    """Remove connections."""
    for one in call.body["data"]:
        if not call.delete(CONNECTIONS, one["id"]):
            detail = 'attribute "id" one or more team connection ids are not present'
            raise ApiError(400, {"status": "400", "title": "Bad Request", "detail": detail})
    return NO_CONTENT


@serves("v2.sync_teams")
def sync(call: Call) -> Answer:
    """Keep how teams follow another system."""
    given = call.body["data"]["attributes"]
    selection = [{"operation": "include", "scope": "subtree", **one} for one in given.get("selection_state") or []]
    attributes = {"frequency": "once", "sync_membership": False, **given, "selection_state": selection}
    body = {"id": str(uuid.uuid4()), "type": "team_sync_bulk", "attributes": attributes}
    call.put(SYNC, given["source"], body)
    return NO_CONTENT


@serves("v2.get_team_sync")
def get_sync(call: Call) -> Answer:
    """How teams follow the system ``filter[source]``."""
    source = call.query.get("filter[source]", "")
    found = call.get(SYNC, source)
    if found is None:
        raise ApiError(404, f"No team sync configuration for source {source!r} not found")
    return Answer({"data": [found]})
