"""On-call schedules and escalation policies: https://docs.datadoghq.com/api/latest/on-call/ .

Bodies nest layers and steps; answers refer to them by id and put them under ``included`` as far as ``include`` asks.
"""

import copy
import uuid
from typing import Any

from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, SCHEDULES, TEAMS, USERS
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


def missing(what: str, identifier: str) -> ApiError:
    """The form of this family's 404."""
    return ApiError(404, {"title": "Generic Error", "detail": f"{what}[{identifier}] not found"})


def invalid(detail: str) -> ApiError:
    """The form of this family's 400."""
    return ApiError(400, {"title": "Generic Error", "detail": detail})


def find(call: Call, kind: str, what: str, parameter: str) -> Body:
    """The object of the path. Raises :class:`ApiError` 404."""
    found = call.get(kind, call.path[parameter])
    if found is None:
        raise missing(what, call.path[parameter])
    return found


def short_user(call: Call, identifier: str) -> Body | None:
    """A user as on-call answers include it."""
    user = call.get(USERS, identifier)
    if user is None:
        return None
    given = user["attributes"]
    attributes = {"email": given["email"], "name": given["name"] or "", "status": given["status"].lower()}
    return {"id": identifier, "type": "users", "attributes": attributes}


def short_team(call: Call, identifier: str) -> Body | None:
    """A team as on-call answers include it."""
    team = call.get(TEAMS, identifier)
    if team is None:
        return None
    given = team["attributes"]
    attributes = {key: given.get(key) or "" for key in ("avatar", "description", "handle", "name")}
    return {"id": identifier, "type": "teams", "attributes": attributes}


def included(call: Call, body: Body) -> list[Body]:
    """What ``include`` asks for: paths like ``layers.members.user`` name relationships from the object on.

    The object's own parts come first, each step with its targets, then what they refer to.
    """
    known = {(one["type"], one["id"]): one for one in body["included"]}
    found: dict[tuple[str, str], Body] = {}
    for path in call.query.get("include", "").split(","):
        level = [body["data"]]
        for name in filter(None, path.split(".")):
            level = [one for outer in level for one in related(call, outer, name, known)]
            found.update({(one["type"], one["id"]): one for one in level})
    own = {place: number for number, place in enumerate(known)}
    return sorted(found.values(), key=lambda one: own.get((one["type"], one["id"]), len(own)))


def related(call: Call, outer: Body, name: str, known: dict[tuple[str, str], Body]) -> list[Body]:
    """The objects that a relationship of an object names."""
    data = outer.get("relationships", {}).get(name, {}).get("data") or []
    references = data if isinstance(data, list) else [data]
    found = []
    for one in references:
        match one["type"]:
            case "users":
                entry = short_user(call, one["id"])
            case "teams":
                entry = short_team(call, one["id"])
            case "schedules":
                entry = (call.get(SCHEDULES, one["id"]) or {}).get("data")
            case "policies":
                entry = (call.get(ESCALATION_POLICIES, one["id"]) or {}).get("data")
            case _:
                entry = known.get((one["type"], one["id"]))
        if entry is not None:
            found.append(entry)
    return found


def answer(call: Call, body: Body, status: int = 200) -> Answer:
    """An object with what ``include`` asks for."""
    found: Body = {"data": body["data"]}
    if call.query.get("include"):
        found["included"] = included(call, body)
    return Answer(found, status)


def teams_of(given: Body) -> list[Body]:
    """The teams of a body."""
    references = given.get("relationships", {}).get("teams", {}).get("data") or []
    return [{"id": one["id"], "type": "teams"} for one in references]


def layer(call: Call, given: Body, known: set[str]) -> tuple[Body, list[Body]]:
    """A layer and its members as they are included. Raises :class:`ApiError` 400, 404."""
    interval = given["interval"]
    if not (interval.get("days") or 0) and not (interval.get("seconds") or 0):
        raise invalid("layer interval must be greater than 0")
    if given.get("id") is not None and given["id"] not in known:
        raise missing("layer", given["id"])
    members = []
    for one in given["members"]:
        user = (one.get("user") or {}).get("id")
        if user is not None and call.get(USERS, user) is None:
            raise missing("user", user)
        member: Body = {"id": str(uuid.uuid4()), "type": "members"}
        member["relationships"] = {"user": {"data": {"id": user, "type": "users"} if user else None}}
        members.append(member)
    attributes = {key: value for key, value in given.items() if key not in ("id", "members")}
    attributes.setdefault("restrictions", [])
    entry = {
        "id": given.get("id") or str(uuid.uuid4()),
        "type": "layers",
        "attributes": copy.deepcopy(attributes),
        "relationships": {"members": {"data": [{"id": one["id"], "type": "members"} for one in members]}},
    }
    return entry, members


def schedule(call: Call, identifier: str, old: Body | None) -> Body:
    """A schedule from a body. Raises :class:`ApiError`."""
    given = call.body["data"]
    attributes = given["attributes"]
    known = {one["id"] for one in old["included"] if one["type"] == "layers"} if old else set()
    made = [layer(call, one, known) for one in attributes["layers"]]
    teams = teams_of(given)
    if old and "teams" not in given.get("relationships", {}):
        teams = old["data"]["relationships"]["teams"]["data"]
    data: Body = {
        "id": identifier,
        "type": "schedules",
        "attributes": {key: attributes[key] for key in ("name", "time_zone")},
        "relationships": {
            "layers": {"data": [{"id": one["id"], "type": "layers"} for one, _ in made]},
            "teams": {"data": teams},
        },
    }
    return {"data": data, "included": [part for one, members in made for part in (one, *members)]}


@serves("v2.create_on_call_schedule")
def create_schedule(call: Call) -> Answer:
    """Create a schedule."""
    body = schedule(call, str(uuid.uuid4()), None)
    call.put(SCHEDULES, body["data"]["id"], body)
    return answer(call, body, 201)


@serves("v2.get_on_call_schedule")
def get_schedule(call: Call) -> Answer:
    """One schedule."""
    return answer(call, find(call, SCHEDULES, "schedule", "schedule_id"))


@serves("v2.update_on_call_schedule")
def update_schedule(call: Call) -> Answer:
    """Replace a schedule; layers named by id stay the same ones."""
    old = find(call, SCHEDULES, "schedule", "schedule_id")
    body = schedule(call, old["data"]["id"], old)
    call.put(SCHEDULES, body["data"]["id"], body)
    return answer(call, body)


@serves("v2.delete_on_call_schedule")
def delete_schedule(call: Call) -> Answer:
    """Delete a schedule."""
    call.delete(SCHEDULES, find(call, SCHEDULES, "schedule", "schedule_id")["data"]["id"])
    return NO_CONTENT


def step(call: Call, given: Body, known: set[str]) -> tuple[Body, list[Body]]:
    """A step and the configured targets it needs, as they are included. Raises :class:`ApiError` 400, 404."""
    if given.get("id") is not None and given["id"] not in known:
        raise missing("step", given["id"])
    kinds = {"users": (USERS, "user"), "schedules": (SCHEDULES, "schedule"), "teams": (TEAMS, "team")}
    references: list[Body] = []
    configured: list[Body] = []
    for target in given["targets"]:
        kind, identifier = target.get("type"), target.get("id")
        if kind in kinds and call.get(kinds[kind][0], str(identifier)) is None and kind != "teams":
            raise missing(kinds[kind][1], str(identifier))
        position = (target.get("config") or {}).get("schedule", {}).get("position", "current")
        if kind == "schedules" and position != "current":
            entry_id = f"{identifier}_{position}"
            entry: Body = {"id": entry_id, "type": "schedule_target", "attributes": {"position": position}}
            entry["relationships"] = {"schedule": {"data": {"id": identifier, "type": "schedules"}}}
            configured.append(entry)
            references.append({"id": entry_id, "type": "schedule_target"})
        else:
            references.append({"id": identifier, "type": kind})
    attributes: Body = {
        "assignment": given.get("assignment") or "default",
        "escalate_after_seconds": given.get("escalate_after_seconds", 0),
    }
    made: Body = {
        "id": given.get("id") or str(uuid.uuid4()),
        "type": "steps",
        "attributes": attributes,
        "relationships": {"targets": {"data": references}},
    }
    return made, configured


def policy_body(call: Call, identifier: str, old: Body | None) -> Body:
    """An escalation policy from a body. Raises :class:`ApiError`."""
    given = call.body["data"]
    attributes = given["attributes"]
    known = {one["id"] for one in old["included"] if one["type"] == "steps"} if old else set()
    made = [step(call, one, known) for one in attributes["steps"]]
    teams = teams_of(given)
    if old and "teams" not in given.get("relationships", {}):
        teams = old["data"]["relationships"]["teams"]["data"]
    data: Body = {
        "id": identifier,
        "type": "policies",
        "attributes": {
            "name": attributes["name"],
            "resolve_page_on_policy_end": attributes.get("resolve_page_on_policy_end", False),
            "retries": attributes.get("retries", 0),
        },
        "relationships": {
            "steps": {"data": [{"id": one["id"], "type": "steps"} for one, _ in made]},
            "teams": {"data": teams},
        },
    }
    return {"data": data, "included": [part for one, more in made for part in (one, *more)]}


def policy_answer(call: Call, body: Body, status: int = 200) -> Answer:
    """A policy: ``include=steps.targets`` brings users, schedules and teams, and the schedules of positions."""
    found = answer(call, body, status)
    if "steps.targets" in call.query.get("include", ""):
        extra = [one for one in body["included"] if one["type"] == "schedule_target"]
        known: dict[tuple[str, str], Any] = {(one["type"], one["id"]): one for one in found.body["included"]}
        for one in extra:
            known.setdefault((one["type"], one["id"]), one)
        order = ["steps", "schedule_target"]
        found.body["included"] = sorted(known.values(), key=lambda one: one["type"] not in order)
    return found


@serves("v2.create_on_call_escalation_policy")
def create_policy(call: Call) -> Answer:
    """Create an escalation policy."""
    body = policy_body(call, str(uuid.uuid4()), None)
    call.put(ESCALATION_POLICIES, body["data"]["id"], body)
    return policy_answer(call, body, 201)


@serves("v2.get_on_call_escalation_policy")
def get_policy(call: Call) -> Answer:
    """One escalation policy."""
    return policy_answer(call, find(call, ESCALATION_POLICIES, "escalation_policy", "policy_id"))


@serves("v2.update_on_call_escalation_policy")
def update_policy(call: Call) -> Answer:
    """Replace an escalation policy; steps named by id stay the same ones."""
    old = find(call, ESCALATION_POLICIES, "escalation_policy", "policy_id")
    body = policy_body(call, old["data"]["id"], old)
    call.put(ESCALATION_POLICIES, body["data"]["id"], body)
    return policy_answer(call, body)


@serves("v2.delete_on_call_escalation_policy")
def delete_policy(call: Call) -> Answer:
    """Delete an escalation policy."""
    call.delete(ESCALATION_POLICIES, find(call, ESCALATION_POLICIES, "escalation_policy", "policy_id")["data"]["id"])
    return NO_CONTENT
