"""Downtimes, API v2 and the older v1 over the same objects: https://docs.datadoghq.com/api/latest/downtimes/ ."""

import copy
import re
import uuid
from datetime import UTC, datetime

from firedrill.sandbox.datadog.account import DOWNTIMES, MONITORS, iso
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.overlays.monitor_downtimes import active, applies, end_seconds, start_seconds
from firedrill.sandbox.datadog.paging import offset_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

ATTRIBUTES = (
    "message",
    "monitor_identifier",
    "scope",
    "schedule",
    "display_timezone",
    "notify_end_states",
    "notify_end_types",
    "mute_first_recovery_notification",
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RECURRENCES = ("days", "weeks", "months", "years", "rrule")


def parsed(text: str | None, name: str) -> datetime | None:
    """A moment of a body. Raises :class:`ApiError` 400."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ApiError(400, f"Invalid {name}: {text[:100]}") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def schedule(call: Call, given: Body | None) -> Body:
    """A schedule with its start filled in. Raises :class:`ApiError` 400."""
    given = copy.deepcopy(given or {})
    if given.get("recurrences"):
        found = {"timezone": "UTC", **given}
        found["recurrences"] = [{"start": None, **one} for one in given["recurrences"]]
        return found
    start, end = parsed(given.get("start"), "start") or call.now, parsed(given.get("end"), "end")
    if end is not None and end <= start:
        raise ApiError(400, "End must be after start")
    if end is not None and end <= call.now:
        raise ApiError(400, "End must be in the future")
    return {"start": iso(start), "end": iso(end) if end else None}


def check(call: Call, attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for a scope or monitor that is none."""
    scope = attributes["scope"]
    if scope != "*":
        terms = re.split(r"\s+(?:AND|OR)\s+|\s*,\s*", scope.strip())
        if not all(":" in term for term in terms):
            raise ApiError(400, "All values must have a key")
    identifier = attributes["monitor_identifier"].get("monitor_id")
    if identifier is not None and call.get(MONITORS, str(identifier)) is None:
        raise ApiError(400, f"Monitor {identifier} not found")


def status(call: Call, body: Body) -> str:
    """``scheduled``, ``active``, ``ended`` or ``canceled``."""
    if body["attributes"].get("canceled"):
        return "canceled"
    start, end = start_seconds(body), end_seconds(body)
    if start is not None and start > call.seconds:
        return "scheduled"
    return "ended" if end is not None and end <= call.seconds else "active"


def person(call: Call) -> Body:
    """The user beside a downtime."""
    me = call.me
    hidden = ("uuid", "mfa_enabled", "last_login_time")
    attributes = {key: value for key, value in me["attributes"].items() if key not in hidden}
    return {"type": "users", "id": me["id"], "attributes": attributes}


def shown(call: Call, body: Body) -> Body:
    """A downtime as API v2 answers it."""
    return {
        "type": "downtime",
        "id": body["id"],
        "attributes": {**body["attributes"], "status": status(call, body)},
        "relationships": body["relationships"],
    }


def make(call: Call, attributes: Body) -> Body:
    """Store a new downtime."""
    identifier = str(uuid.uuid1())
    monitor = attributes["monitor_identifier"].get("monitor_id")
    body: Body = {
        "id": identifier,
        "type": "downtime",
        "attributes": {
            "mute_first_recovery_notification": False,
            "notify_end_states": ["alert", "no data", "warn"],
            "notify_end_types": ["expired"],
            "display_timezone": "UTC",
            "message": None,
            **attributes,
            "created": iso(call.now),
            "modified": iso(call.now),
            "canceled": None,
        },
        "relationships": {
            "created_by": {"data": {"type": "users", "id": call.me["id"]}},
            "monitor": {"data": {"type": "monitors", "id": str(monitor)} if monitor else None},
        },
        "v1": {"id": call.number("downtimes", 2_000_000_001)},
    }
    call.put(DOWNTIMES, identifier, body)
    return body


@serves("v2.create_downtime")
def create(call: Call) -> Answer:
    """Schedule a downtime."""
    given = call.body["data"]["attributes"]
    check(call, given)
    attributes = {key: copy.deepcopy(given[key]) for key in ATTRIBUTES if given.get(key) is not None}
    attributes["schedule"] = schedule(call, given.get("schedule"))
    return Answer({"data": shown(call, make(call, attributes)), "included": [person(call)]})


def find(call: Call) -> Body:
    """The downtime of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path["downtime_id"]
    if not is_uuid(identifier):
        raise ApiError(400, "Invalid URL param: downtime_id must be an uuid")
    found = call.get(DOWNTIMES, identifier)
    if found is None:
        raise ApiError(404, f"Downtime {identifier} not found")
    return found


@serves("v2.get_downtime")
def get(call: Call) -> Answer:
    """One downtime."""
    answer: Body = {"data": shown(call, find(call))}
    if "created_by" in call.query.get("include", ""):
        answer["included"] = [person(call)]
    return Answer(answer)


@serves("v2.list_downtimes")
def list_downtimes(call: Call) -> Answer:
    """Downtimes, current ones only when asked, paged."""
    found = [shown(call, body) for body in call.list(DOWNTIMES)]
    if call.flag("current_only"):
        found = [body for body in found if body["attributes"]["status"] == "active"]
    else:
        found = [body for body in found if body["attributes"]["status"] != "canceled"]
    return Answer(
        {"data": offset_page(call, found, default=30), "meta": {"page": {"total_filtered_count": len(found)}}}
    )


@serves("v2.update_downtime")
def update(call: Call) -> Answer:
    """Change a downtime."""
    given = call.body["data"].get("attributes") or {}
    unknown = sorted(set(given) - set(ATTRIBUTES))
    if unknown:
        raise ApiError(400, f"Additional properties are not allowed ('{unknown[0]}' was unexpected)")
    body = find(call)
    if body["attributes"]["canceled"]:
        raise ApiError(400, "A canceled downtime cannot be changed")
    merged = {**body["attributes"], **copy.deepcopy(given)}
    check(call, merged)
    if "schedule" in given:
        merged["schedule"] = schedule(call, {**body["attributes"]["schedule"], **(given["schedule"] or {})})
    body["attributes"] = {**merged, "modified": iso(call.now)}
    call.put(DOWNTIMES, body["id"], body)
    return Answer({"data": shown(call, body), "included": [person(call)]})


def cancel(call: Call, body: Body) -> None:
    """End a downtime now; it can still be read for a while."""
    if body["attributes"]["canceled"] is None:
        body["attributes"] |= {"canceled": iso(call.now), "modified": iso(call.now)}
        call.put(DOWNTIMES, body["id"], body)


@serves("v2.cancel_downtime")
def delete(call: Call) -> Answer:
    """Cancel a downtime."""
    cancel(call, find(call))
    return NO_CONTENT


@serves("v2.list_monitor_downtimes")
def of_monitor(call: Call) -> Answer:
    """The downtimes that apply to a monitor now."""
    monitor = call.get(MONITORS, call.path["monitor_id"])
    if monitor is None:
        raise ApiError(404, f"Monitor with id {call.path['monitor_id']} not found")
    data = []
    for body in active(call):
        if applies(body, monitor):
            schedule_ = body["attributes"]["schedule"]
            attributes = {
                "start": schedule_.get("start"),
                "end": schedule_.get("end"),
                "scope": body["attributes"]["scope"],
                "groups": [],
            }
            data.append({"id": body["id"], "type": "downtime_match", "attributes": attributes})
    return Answer({"data": data, "meta": {"page": {"total_filtered_count": len(data)}}})
