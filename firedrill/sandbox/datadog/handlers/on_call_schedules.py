"""On-call schedules: https://docs.datadoghq.com/api/latest/on-call/ ."""

import copy
import uuid
from zoneinfo import ZoneInfo

from firedrill.sandbox.datadog.account import SCHEDULES, USERS
from firedrill.sandbox.datadog.handlers.on_call_responses import find, not_found, respond, teams_of
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body


def layer_body(call: Call, requested: Body, layer_ids: set[str]) -> tuple[Body, list[Body]]:
    """Return a layer and its members as responses include them. Raises :class:`ApiError` 400, 404."""
    interval = requested["interval"]
    if not (interval.get("days") or 0) and not (interval.get("seconds") or 0):
        raise generic_error(400, "layer interval must be greater than 0")
    if requested.get("id") is not None and requested["id"] not in layer_ids:
        raise not_found("layer", requested["id"])
    members = []
    for requested_member in requested["members"]:
        user = (requested_member.get("user") or {}).get("id")
        if user is not None and call.get(USERS, user) is None:
            raise not_found("user", user)
        member: Body = {"id": str(uuid.uuid4()), "type": "members"}
        member["relationships"] = {"user": {"data": {"id": user, "type": "users"} if user else None}}
        members.append(member)
    attributes = {key: value for key, value in requested.items() if key not in ("id", "members")}
    attributes.setdefault("restrictions", [])
    attributes["applied_rotation_start"] = attributes["rotation_start"]
    attributes["interval"] = {unit: number for unit, number in interval.items() if number}
    entry = {
        "id": requested.get("id") or str(uuid.uuid4()),
        "type": "layers",
        "attributes": copy.deepcopy(attributes),
        "relationships": {"members": {"data": [{"id": member["id"], "type": "members"} for member in members]}},
    }
    return entry, members


def check_time_zone(name: str) -> None:
    """Raise :class:`ApiError` 400 for a time zone that does not exist: nobody would be on call in it."""
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise generic_error(400, f"invalid time zone {name[:100]!r}") from error


def schedule_body(call: Call, identifier: str, old: Body | None) -> Body:
    """Return a schedule from the request; a place of a rotation that nobody has is not included.

    By one recording: TestAccOnCallScheduleLayerIDSwapNames.

    Raises:
        ApiError: 400, 404.
    """
    request_data = call.body["data"]
    attributes = request_data["attributes"]
    check_time_zone(attributes["time_zone"])
    layer_ids = {entry["id"] for entry in old["included"] if entry["type"] == "layers"} if old else set()
    layers = [layer_body(call, entry, layer_ids) for entry in attributes["layers"]]
    teams = teams_of(request_data)
    if old and "teams" not in request_data.get("relationships", {}):
        teams = old["data"]["relationships"]["teams"]["data"]
    data: Body = {
        "id": identifier,
        "type": "schedules",
        "attributes": {key: attributes[key] for key in ("name", "time_zone")},
        "relationships": {
            "layers": {"data": [{"id": entry["id"], "type": "layers"} for entry, _ in layers]},
            "teams": {"data": teams},
        },
    }
    included = [entry for entry, _ in layers]
    included += [member for _, members in layers for member in members if member["relationships"]["user"]["data"]]
    return {"data": data, "included": included}


@serves("v2.create_on_call_schedule")
def create_schedule(call: Call) -> ApiResponse:
    """Create a schedule."""
    body = schedule_body(call, str(uuid.uuid4()), None)
    call.put(SCHEDULES, body["data"]["id"], body)
    return respond(call, body, 201)


@serves("v2.get_on_call_schedule")
def get_schedule(call: Call) -> ApiResponse:
    """Return one schedule."""
    return respond(call, find(call, SCHEDULES, "schedule", "schedule_id"))


@serves("v2.update_on_call_schedule")
def update_schedule(call: Call) -> ApiResponse:
    """Replace a schedule; layers that are named by id keep it."""
    old = find(call, SCHEDULES, "schedule", "schedule_id")
    body = schedule_body(call, old["data"]["id"], old)
    call.put(SCHEDULES, body["data"]["id"], body)
    return respond(call, body)


@serves("v2.delete_on_call_schedule")
def delete_schedule(call: Call) -> ApiResponse:
    """Delete a schedule."""
    call.delete(SCHEDULES, find(call, SCHEDULES, "schedule", "schedule_id")["data"]["id"])
    return NO_CONTENT
