"""Escalation policies: https://docs.datadoghq.com/api/latest/on-call/ ."""

import uuid
from typing import Any

from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, SCHEDULES, TEAMS, USERS
from firedrill.sandbox.datadog.handlers.on_call_responses import find, not_found, respond, teams_of
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body


def step_body(call: Call, requested: Body, step_ids: set[str]) -> tuple[Body, list[Body]]:
    """Return a step and the schedule targets that it includes. Raises :class:`ApiError` 400, 404."""
    if requested.get("id") is not None and requested["id"] not in step_ids:
        raise not_found("step", requested["id"])
    kinds = {"users": (USERS, "user"), "schedules": (SCHEDULES, "schedule"), "teams": (TEAMS, "team")}
    references: list[Body] = []
    configured: list[Body] = []
    for target in requested["targets"]:
        kind, identifier = target.get("type"), target.get("id")
        if kind in kinds and call.get(kinds[kind][0], str(identifier)) is None and kind != "teams":
            raise not_found(kinds[kind][1], str(identifier))
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
        "assignment": requested.get("assignment") or "default",
        "escalate_after_seconds": requested.get("escalate_after_seconds", 0),
    }
    body: Body = {
        "id": requested.get("id") or str(uuid.uuid4()),
        "type": "steps",
        "attributes": attributes,
        "relationships": {"targets": {"data": references}},
    }
    return body, configured


def policy_body(call: Call, identifier: str, old: Body | None) -> Body:
    """Return an escalation policy from the request. Raises :class:`ApiError` 400, 404."""
    request_data = call.body["data"]
    attributes = request_data["attributes"]
    step_ids = {entry["id"] for entry in old["included"] if entry["type"] == "steps"} if old else set()
    steps = [step_body(call, entry, step_ids) for entry in attributes["steps"]]
    teams = teams_of(request_data)
    if old and "teams" not in request_data.get("relationships", {}):
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
            "steps": {"data": [{"id": entry["id"], "type": "steps"} for entry, _ in steps]},
            "teams": {"data": teams},
        },
    }
    return {"data": data, "included": [part for entry, targets in steps for part in (entry, *targets)]}


def policy_response(call: Call, body: Body, status: int = 200) -> ApiResponse:
    """Return a policy; ``include=steps.targets`` adds users, schedules, teams and schedule targets."""
    response = respond(call, body, status)
    if "steps.targets" in call.query.get("include", ""):
        extra = [entry for entry in body["included"] if entry["type"] == "schedule_target"]
        entries: dict[tuple[str, str], Any] = {
            (entry["type"], entry["id"]): entry for entry in response.body["included"]
        }
        for entry in extra:
            entries.setdefault((entry["type"], entry["id"]), entry)
        order = ["steps", "schedule_target"]
        response.body["included"] = sorted(entries.values(), key=lambda entry: entry["type"] not in order)
    return response


@serves("v2.create_on_call_escalation_policy")
def create_policy(call: Call) -> ApiResponse:
    """Create an escalation policy."""
    body = policy_body(call, str(uuid.uuid4()), None)
    call.put(ESCALATION_POLICIES, body["data"]["id"], body)
    return policy_response(call, body, 201)


@serves("v2.get_on_call_escalation_policy")
def get_policy(call: Call) -> ApiResponse:
    """Return one escalation policy."""
    return policy_response(call, find(call, ESCALATION_POLICIES, "escalation_policy", "policy_id"))


@serves("v2.update_on_call_escalation_policy")
def update_policy(call: Call) -> ApiResponse:
    """Replace an escalation policy; steps that are named by id keep it."""
    old = find(call, ESCALATION_POLICIES, "escalation_policy", "policy_id")
    body = policy_body(call, old["data"]["id"], old)
    call.put(ESCALATION_POLICIES, body["data"]["id"], body)
    return policy_response(call, body)


@serves("v2.delete_on_call_escalation_policy")
def delete_policy(call: Call) -> ApiResponse:
    """Delete an escalation policy."""
    call.delete(ESCALATION_POLICIES, find(call, ESCALATION_POLICIES, "escalation_policy", "policy_id")["data"]["id"])
    return NO_CONTENT
