"""Degradations and maintenances of status pages: https://docs.datadoghq.com/api/latest/status-pages/ ."""

import uuid
from typing import Any

from firedrill.sandbox.datadog.forms import generic, zulu
from firedrill.sandbox.datadog.overlays.status_pages import EVENTS, all_components, find, listed, people
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body


def affected(page: Body, given: list[Body]) -> list[Body]:
    """Affected components with their names. Raises :class:`ApiError` 404."""
    names = {one["id"]: one["name"] for one in all_components(page)}
    missing = [one["id"] for one in given if one["id"] not in names]
    if missing:
        raise generic(404, f"component not found: {missing[0]}")
    return [{"id": one["id"], "name": names[one["id"]], "status": one["status"]} for one in given]


def announcement(
    call: Call, page: Body, status: str, text: str, parts: list[Body], *, started: str, **more: Any
) -> Body:
    """One update of a degradation or maintenance."""
    return {
        "id": str(uuid.uuid4()),
        "created_at": zulu(call),
        "modified_at": zulu(call),
        "started_at": started,
        **more,
        "status": status,
        "description": text,
        "components_affected": affected(page, parts),
    }


def put_event(call: Call, page: Body, kind: str, attributes: Body, identifier: str | None = None) -> Body:
    """Store a degradation or maintenance."""
    related = {**people(call), "status_page": {"data": {"id": page["id"], "type": "status_pages"}}}
    body = {
        "page": page["id"],
        "id": identifier or str(uuid.uuid4()),
        "type": kind,
        "attributes": attributes,
        "relationships": related,
    }
    call.put(EVENTS, body["id"], body)
    return {key: value for key, value in body.items() if key != "page"}


def find_event(call: Call, kind: str, parameter: str) -> Body:
    """The degradation or maintenance of the path. Raises :class:`ApiError` 404."""
    page, found = find(call), call.get(EVENTS, call.path[parameter])
    if found is None or found["page"] != page["id"] or found["type"] != kind:
        raise generic(404, f"{kind.removesuffix('s')} not found")
    return found


def degradation(call: Call, title: str, updates: list[Body], created: str) -> Body:
    """The attributes of a degradation, which its last update says."""
    last = updates[-1]
    return {
        "components_affected": last["components_affected"],
        "created_at": created,
        "description": last["description"],
        "modified_at": zulu(call),
        "status": last["status"],
        "title": title,
        "updates": updates,
    }


@serves("v2.create_degradation")
def degrade(call: Call) -> Answer:
    """Announce a degradation."""
    page, given = find(call), call.body["data"]["attributes"]
    update_ = announcement(
        call, page, given["status"], given.get("description") or "", given["components_affected"], started=zulu(call)
    )
    return Answer(
        {"data": put_event(call, page, "degradations", degradation(call, given["title"], [update_], zulu(call)))},
        201,
    )


@serves("v2.create_backfilled_degradation")
def backfill_degradation(call: Call) -> Answer:
    """Note a degradation of the past."""
    page, given = find(call), call.body["data"]["attributes"]
    updates = [
        announcement(
            call,
            page,
            one["status"],
            one.get("description") or "",
            one.get("components_affected") or [],
            started=one["started_at"],
        )
        for one in given["updates"]
    ]
    if not updates:
        raise generic(400, "updates: at least one is required")
    return Answer(
        {
            "data": put_event(
                call, page, "degradations", degradation(call, given["title"], updates, updates[0]["started_at"])
            )
        },
        201,
    )


@serves("v2.update_degradation")
def update_degradation(call: Call) -> Answer:
    """Add an update to a degradation."""
    page, old, given = find(call), find_event(call, "degradations", "degradation_id"), call.body["data"]["attributes"]
    known = old["attributes"]
    parts = given.get("components_affected") or known["components_affected"]
    update_ = announcement(
        call,
        page,
        given.get("status", known["status"]),
        given.get("description", known["description"]),
        parts,
        started=zulu(call),
    )
    attributes = degradation(
        call, given.get("title", known["title"]), [*known["updates"], update_], known["created_at"]
    )
    return Answer({"data": put_event(call, page, "degradations", attributes, old["id"])})


def maintenance(call: Call, given: Body, updates: list[Body], status: str) -> Body:
    """The attributes of a maintenance."""
    return {
        "completed_date": given["completed_date"],
        "completed_description": given["completed_description"],
        "components_affected": updates[-1]["components_affected"],
        "in_progress_description": given["in_progress_description"],
        "modified_at": zulu(call),
        "published_date": given.get("published_date") or zulu(call),
        "scheduled_description": given["scheduled_description"],
        "start_date": given["start_date"],
        "status": status,
        "title": given["title"],
        "updates": updates,
    }


@serves("v2.create_maintenance")
def maintain(call: Call) -> Answer:
    """Announce a maintenance."""
    page, given = find(call), call.body["data"]["attributes"]
    first = announcement(
        call,
        page,
        "scheduled",
        given["scheduled_description"],
        given["components_affected"],
        started=zulu(call),
        manual_transition=False,
    )
    return Answer({"data": put_event(call, page, "maintenances", maintenance(call, given, [first], "scheduled"))}, 201)


@serves("v2.create_backfilled_maintenance")
def backfill_maintenance(call: Call) -> Answer:
    """Note a maintenance of the past."""
    page, given = find(call), call.body["data"]["attributes"]
    if not given["updates"]:
        raise generic(400, "updates: at least one is required")
    updates = [
        announcement(
            call,
            page,
            one["status"],
            one.get("description") or "",
            one.get("components_affected") or [],
            started=one["started_at"],
            manual_transition=False,
        )
        for one in given["updates"]
    ]
    said = {one["status"]: one["description"] for one in updates}
    described = {
        "title": given["title"],
        "completed_date": updates[-1]["started_at"],
        "completed_description": said.get("completed", ""),
        "in_progress_description": said.get("in_progress", ""),
        "scheduled_description": said.get("scheduled", ""),
        "published_date": updates[0]["started_at"],
        "start_date": updates[0]["started_at"],
    }
    return Answer(
        {"data": put_event(call, page, "maintenances", maintenance(call, described, updates, updates[-1]["status"]))},
        201,
    )


@serves("v2.update_maintenance")
def update_maintenance(call: Call) -> Answer:
    """Change a maintenance."""
    page, old, given = find(call), find_event(call, "maintenances", "maintenance_id"), call.body["data"]["attributes"]
    attributes = {**old["attributes"], **given, "modified_at": zulu(call)}
    if given.get("components_affected"):
        attributes["components_affected"] = affected(page, given["components_affected"])
    return Answer({"data": put_event(call, page, "maintenances", attributes, old["id"])})


def event_answer(found: Body) -> Body:
    """A degradation or maintenance as it is answered."""
    return {key: value for key, value in found.items() if key != "page"}


@serves("v2.get_degradation")
def get_degradation(call: Call) -> Answer:
    """One degradation."""
    return Answer({"data": event_answer(find_event(call, "degradations", "degradation_id"))})


@serves("v2.get_maintenance")
def get_maintenance(call: Call) -> Answer:
    """One maintenance."""
    return Answer({"data": event_answer(find_event(call, "maintenances", "maintenance_id"))})


@serves("v2.list_degradations")
def list_degradations(call: Call) -> Answer:
    """Degradations of all pages."""
    return listed(call, [event_answer(one) for one in call.list(EVENTS) if one["type"] == "degradations"])


@serves("v2.list_maintenances")
def list_maintenances(call: Call) -> Answer:
    """Maintenances of all pages."""
    return listed(call, [event_answer(one) for one in call.list(EVENTS) if one["type"] == "maintenances"])


@serves("v2.delete_degradation")
def delete_degradation(call: Call) -> Answer:
    """Delete a degradation."""
    call.delete(EVENTS, find_event(call, "degradations", "degradation_id")["id"])
    return NO_CONTENT
