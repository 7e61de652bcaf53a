"""Notification rules of teams: https://docs.datadoghq.com/api/latest/teams/ ."""

import uuid

from firedrill.sandbox.datadog.handlers.teams import RULES, find
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import offset_meta, offset_page
from firedrill.sandbox.datadog.store import Body


def find_rule(call: Call) -> Body:
    """Return the notification rule of the path. Raises :class:`ApiError` 404."""
    team, identifier = find(call), call.path["rule_id"]
    rule = call.get(RULES, identifier)
    if rule is None or rule["team"] != team["id"]:
        raise ApiError(404, {"status": "404", "detail": f"rule ID {identifier} was not found in team ID {team['id']}"})
    return rule


def rule_response(body: Body) -> Body:
    """Return a notification rule as responses have it."""
    return {"id": body["id"], "type": "team_notification_rules", "attributes": body["attributes"]}


@serves("v2.create_team_notification_rule")
def create_rule(call: Call) -> ApiResponse:
    """Create the notification rule of a team, which has one at most."""
    team, identifier = find(call), str(uuid.uuid4())
    if any(other["team"] == team["id"] for other in call.list(RULES)):
        raise ApiError(409, {"status": "409", "title": "Conflict", "detail": "team already has a notification rule"})
    body = {"id": identifier, "team": team["id"], "attributes": call.body["data"]["attributes"]}
    call.put(RULES, identifier, body)
    return ApiResponse({"data": rule_response(body)}, 201)


@serves("v2.get_team_notification_rule")
def get_rule(call: Call) -> ApiResponse:
    """Return one rule."""
    return ApiResponse({"data": rule_response(find_rule(call))})


@serves("v2.get_team_notification_rules")
def list_rules(call: Call) -> ApiResponse:
    """Return the rules of a team."""
    team = find(call)
    rules = [rule_response(body) for body in call.list(RULES) if body["team"] == team["id"]]
    return ApiResponse({"data": offset_page(call, rules), "meta": {"page": offset_meta(call, len(rules))}})


@serves("v2.update_team_notification_rule")
def update_rule(call: Call) -> ApiResponse:
    """Replace a rule."""
    if call.body["data"].get("id") not in (None, call.path["rule_id"]):
        detail = "rule id does not match with team's rule id"
        raise ApiError(409, {"status": "409", "title": "Conflict", "detail": detail})
    body = {**find_rule(call), "attributes": call.body["data"]["attributes"]}
    call.put(RULES, body["id"], body)
    return ApiResponse({"data": rule_response(body)})


@serves("v2.delete_team_notification_rule")
def delete_rule(call: Call) -> ApiResponse:
    """Delete a rule."""
    call.delete(RULES, find_rule(call)["id"])
    return NO_CONTENT
