"""Routing rules of on-call teams: https://docs.datadoghq.com/api/latest/on-call/ ."""

from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, ROUTING_RULES, TEAMS
from firedrill.sandbox.datadog.handlers.on_call_responses import not_found, respond
from firedrill.sandbox.datadog.http.handler import ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body


def check_team(call: Call, identifier: str) -> None:
    """Raise :class:`ApiError` 404 unless the team exists."""
    if call.get(TEAMS, identifier) is None:
        raise not_found("team", identifier)


@serves("v2.set_on_call_team_routing_rules")
def set_rules(call: Call) -> ApiResponse:
    """Replace the routing rules of a team."""
    team = call.path["team_id"]
    check_team(call, team)
    rules = []
    for n, requested in enumerate((call.body["data"].get("attributes") or {}).get("rules") or []):
        actions = requested.get("actions") or []
        policy = requested.get("policy_id") or next(
            (action["policy_id"] for action in actions if action.get("policy_id")), None
        )
        if policy is not None and call.get(ESCALATION_POLICIES, policy) is None:
            raise not_found("escalation_policy", policy)
        attributes: Body = {
            "actions": actions,
            "query": requested.get("query") or "",
            "urgency": requested.get("urgency")
            or next((action["urgency"] for action in actions if action.get("urgency")), "high"),
        }
        if requested.get("time_restriction") is not None:
            attributes["time_restriction"] = requested["time_restriction"]
        identifier = requested.get("id") or f"virtual-{team}-rule-{n}"
        related = {"policy": {"data": {"id": policy, "type": "policies"} if policy else None}}
        rules.append(
            {"id": identifier, "type": "team_routing_rules", "attributes": attributes, "relationships": related}
        )
    references = [{"id": rule["id"], "type": "team_routing_rules"} for rule in rules]
    data = {"id": team, "type": "team_routing_rules", "relationships": {"rules": {"data": references}}}
    body: Body = {"data": data, "included": rules}
    call.put(ROUTING_RULES, team, body)
    return respond(call, body)


@serves("v2.get_on_call_team_routing_rules")
def get_rules(call: Call) -> ApiResponse:
    """Return the routing rules of a team."""
    team = call.path["team_id"]
    check_team(call, team)
    empty = {"id": team, "type": "team_routing_rules", "relationships": {"rules": {"data": []}}}
    return respond(call, call.get(ROUTING_RULES, team) or {"data": empty, "included": []})
