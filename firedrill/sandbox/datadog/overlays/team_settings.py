"""Links, permissions and notification rules of teams: https://docs.datadoghq.com/api/latest/teams/ ."""

import uuid

from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.overlays.teams import LINKS, PERMISSIONS, RULES, SETTINGS, find
from firedrill.sandbox.datadog.paging import (
    offset_meta,
    offset_page,
)
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


def find_link(call: Call) -> Body:
    """The link of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["link_id"]
    if not is_uuid(identifier):
        raise ApiError(404, f"{identifier} is not a valid UUID not found")
    team = find(call)
    found = call.get(LINKS, identifier)
    if found is None or found["attributes"]["team_id"] != team["id"]:
        raise ApiError(404, f"Link for ID {identifier} not found")
    return found


def check_link(attributes: Body) -> None:
    """Raise :class:`ApiError` 422 for an empty label or address."""
    for key in ("label", "url"):
        if not attributes[key].strip():
            raise ApiError(422, f"{key} cannot be empty")


@serves("v2.create_team_link", refused=422)
def create_link(call: Call) -> Answer:
    """Add a link to a team."""
    team, given = find(call), call.body["data"]["attributes"]
    check_link(given)
    identifier = str(uuid.uuid1())
    attributes = {
        "team_id": team["id"],
        "label": given["label"],
        "url": given["url"],
        "position": given.get("position", 0),
    }
    body = {"type": "team_links", "id": identifier, "attributes": attributes}
    call.put(LINKS, identifier, body)
    return Answer({"data": body})


@serves("v2.get_team_link")
def get_link(call: Call) -> Answer:
    """One link."""
    return Answer({"data": find_link(call)})


@serves("v2.get_team_links")
def list_links(call: Call) -> Answer:
    """The links of a team by position."""
    team = find(call)
    found = [one for one in call.list(LINKS) if one["attributes"]["team_id"] == team["id"]]
    return Answer({"data": sorted(found, key=lambda one: int(one["attributes"]["position"]))})


@serves("v2.update_team_link", refused=422)
def update_link(call: Call) -> Answer:
    """Change a link."""
    link = find_link(call)
    link["attributes"] |= call.body["data"]["attributes"]
    check_link(link["attributes"])
    call.put(LINKS, link["id"], link)
    return Answer({"data": link})


@serves("v2.delete_team_link")
def delete_link(call: Call) -> Answer:
    """Remove a link."""
    call.delete(LINKS, find_link(call)["id"])
    return NO_CONTENT


def setting(call: Call, team: str, action: str) -> Body:
    """A permission setting of a team."""
    value, title, options = SETTINGS[action]
    identifier = f"TeamPermission-{team}-{action}"
    known = call.get(PERMISSIONS, identifier)
    attributes = {
        "action": action,
        "value": known["value"] if known else value,
        "title": title,
        "editable": True,
        "options": options,
    }
    return {"type": "team_permission_settings", "attributes": attributes, "id": identifier}


@serves("v2.get_team_permission_settings")
def list_settings(call: Call) -> Answer:
    """Who may do what with a team."""
    team = find(call)
    return Answer({"data": [setting(call, team["id"], action) for action in SETTINGS]})


@serves("v2.update_team_permission_setting")
def update_setting(call: Call) -> Answer:
    """Change who may do something with a team."""
    action = call.path["action"]
    if action not in SETTINGS:
        raise ApiError(404, f'Invalid action type "{action}". Valid actions: {", ".join(SETTINGS)} not found')
    team = find(call)
    value = call.body["data"].get("attributes", {}).get("value")
    if value not in SETTINGS[action][2]:
        raise ApiError(400, f"Invalid value {value!r}: one of {', '.join(SETTINGS[action][2])}")
    identifier = f"TeamPermission-{team['id']}-{action}"
    call.put(PERMISSIONS, identifier, {"id": identifier, "team": team["id"], "value": value})
    return Answer({"data": setting(call, team["id"], action)})


def find_rule(call: Call) -> Body:
    """The notification rule of the path. Raises :class:`ApiError` 404."""
    team, identifier = find(call), call.path["rule_id"]
    found = call.get(RULES, identifier)
    if found is None or found["team"] != team["id"]:
        raise ApiError(404, {"status": "404", "detail": f"rule ID {identifier} was not found in team ID {team['id']}"})
    return found


def rule(body: Body) -> Body:
    """A notification rule as it is answered."""
    return {"id": body["id"], "type": "team_notification_rules", "attributes": body["attributes"]}


@serves("v2.create_team_notification_rule")
def create_rule(call: Call) -> Answer:
    """Say where a team wants to hear of its alerts; a team has one such rule."""
    team, identifier = find(call), str(uuid.uuid4())
    if any(one["team"] == team["id"] for one in call.list(RULES)):
        raise ApiError(409, {"status": "409", "title": "Conflict", "detail": "team already has a notification rule"})
    body = {"id": identifier, "team": team["id"], "attributes": call.body["data"]["attributes"]}
    call.put(RULES, identifier, body)
    return Answer({"data": rule(body)}, 201)


@serves("v2.get_team_notification_rule")
def get_rule(call: Call) -> Answer:
    """One rule."""
    return Answer({"data": rule(find_rule(call))})


@serves("v2.get_team_notification_rules")
def list_rules(call: Call) -> Answer:
    """The rules of a team."""
    team = find(call)
    found = [rule(one) for one in call.list(RULES) if one["team"] == team["id"]]
    return Answer({"data": offset_page(call, found), "meta": {"page": offset_meta(call, len(found))}})


@serves("v2.update_team_notification_rule")
def update_rule(call: Call) -> Answer:
    """Replace a rule."""
    if call.body["data"].get("id") not in (None, call.path["rule_id"]):
        detail = "rule id does not match with team's rule id"
        raise ApiError(409, {"status": "409", "title": "Conflict", "detail": detail})
    body = {**find_rule(call), "attributes": call.body["data"]["attributes"]}
    call.put(RULES, body["id"], body)
    return Answer({"data": rule(body)})


@serves("v2.delete_team_notification_rule")
def delete_rule(call: Call) -> Answer:
    """Delete a rule."""
    call.delete(RULES, find_rule(call)["id"])
    return NO_CONTENT
