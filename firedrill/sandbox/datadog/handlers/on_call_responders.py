"""The users who are on call, by schedule and by team: https://docs.datadoghq.com/api/latest/on-call/ ."""

from datetime import datetime
from zoneinfo import ZoneInfo

from firedrill.notify.oncall import shift_at
from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, ROUTING_RULES, SCHEDULES
from firedrill.sandbox.datadog.handlers.on_call_responses import find, respond
from firedrill.sandbox.datadog.handlers.on_call_routing import check_team
from firedrill.sandbox.datadog.http.handler import ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body


def query_moment(call: Call, name: str) -> datetime:
    """Return a time of the query string, now by default. Raises :class:`ApiError` 400."""
    text = call.query.get(name)
    if not text:
        return call.now
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise generic_error(400, f"invalid {name}: {text[:100]}") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=call.now.tzinfo)


@serves("v2.get_schedule_on_call_user")
def get_schedule_user(call: Call) -> ApiResponse:
    """Return the user whom a schedule has on call at ``filter[at_ts]``, now by default; null when there is none."""
    body = find(call, SCHEDULES, "schedule", "schedule_id")
    zone = ZoneInfo(body["data"]["attributes"]["time_zone"])
    shift = shift_at(body, query_moment(call, "filter[at_ts]"))
    if shift is None:
        return ApiResponse({"data": None})
    start, end = shift.start.astimezone(zone).isoformat(), shift.end.astimezone(zone).isoformat()
    data: Body = {
        "id": f"{shift.user_id}-{start}-{end}",
        "type": "shifts",
        "attributes": {"start": start, "end": end},
        "relationships": {"user": {"data": {"id": shift.user_id, "type": "users"}}},
    }
    return respond(call, {"data": data, "included": []})


def users_of_target(call: Call, target: Body, included: dict[str, Body]) -> list[str]:
    """Return the ids of the users behind a step's target."""
    identifier, position = target["id"], "current"
    if target["type"] == "users":
        return [identifier]
    if target["type"] == "schedule_target":
        entry = included[identifier]
        identifier, position = entry["relationships"]["schedule"]["data"]["id"], entry["attributes"]["position"]
    if target["type"] in ("schedules", "schedule_target"):
        schedule = call.get(SCHEDULES, identifier)
        shift = shift_at(schedule, call.now, position=position) if schedule else None  # type: ignore[arg-type]  # a Position
        return [shift.user_id] if shift else []
    return []


@serves("v2.get_team_on_call_users")
def get_team_users(call: Call) -> ApiResponse:
    """Return the users whom a team's last routing rule would page.

    Those of the first step are responders, those of further steps are escalations.
    """
    team = call.path["team_id"]
    check_team(call, team)
    steps: list[list[str]] = []
    rules = (call.get(ROUTING_RULES, team) or {"included": []})["included"]
    policy_id = ((rules[-1]["relationships"]["policy"]["data"] or {}).get("id")) if rules else None
    policy = call.get(ESCALATION_POLICIES, policy_id) if policy_id else None
    if policy is not None:
        included = {entry["id"]: entry for entry in policy["included"]}
        for reference in policy["data"]["relationships"]["steps"]["data"]:
            targets = included[reference["id"]]["relationships"]["targets"]["data"]
            steps.append([user for target in targets for user in users_of_target(call, target, included)])
    escalations: list[Body] = []
    for n, users in enumerate(steps[1:]):
        data = [{"id": user, "type": "users"} for user in dict.fromkeys(users)]
        identifier = f"{policy_id}-step-{n + 1}"
        escalations.append(
            {"id": identifier, "type": "escalation_policy_steps", "relationships": {"responders": {"data": data}}}
        )
    responders = [{"id": user, "type": "users"} for user in dict.fromkeys(steps[0] if steps else [])]
    data_body: Body = {
        "id": f"{team}-{call.seconds}",
        "type": "team_oncall_responders",
        "relationships": {
            "escalations": {
                "data": [{"id": escalation["id"], "type": escalation["type"]} for escalation in escalations]
            },
            "responders": {"data": responders},
        },
    }
    return respond(call, {"data": data_body, "included": escalations})
