"""Downtimes of API v1: https://docs.datadoghq.com/api/latest/downtimes/ ."""

from datetime import UTC, datetime

from firedrill.sandbox.datadog.account import DOWNTIMES, MONITORS, iso, org_number
from firedrill.sandbox.datadog.overlays.downtimes import RECURRENCES, WEEKDAYS, cancel, make, status
from firedrill.sandbox.datadog.overlays.monitor_downtimes import active, end_seconds, start_seconds
from firedrill.sandbox.datadog.overlays.monitors import person_number
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


def older(call: Call, body: Body) -> Body:
    """A downtime as API v1 answers it."""
    attributes, kept = body["attributes"], body["v1"]
    target = attributes["monitor_identifier"]
    canceled = attributes["canceled"]
    created = int(datetime.fromisoformat(attributes["created"]).timestamp())
    return {
        "id": kept["id"],
        "monitor_id": target.get("monitor_id"),
        "org_id": org_number(call.org),
        "start": start_seconds(body),
        "end": end_seconds(body),
        "canceled": int(datetime.fromisoformat(canceled).timestamp()) if canceled else None,
        "created": created,
        "modified": int(datetime.fromisoformat(attributes["modified"]).timestamp()),
        "message": attributes["message"],
        "active": status(call, body) == "active",
        "disabled": bool(canceled),
        "recurrence": kept.get("recurrence"),
        "timezone": attributes["display_timezone"],
        "parent_id": None,
        "child_id": None,
        "creator_id": person_number(call.me),
        "updater_id": None,
        "downtime_type": 0 if attributes["scope"] == "*" else 2,
        "status": status(call, body),
        "monitor_tags": target.get("monitor_tags") or ["*"],
        "mute_first_recovery_notification": attributes["mute_first_recovery_notification"],
        "notify_end_types": attributes["notify_end_types"],
        "notify_end_states": attributes["notify_end_states"],
        "uuid": body["id"],
        "scope": attributes["scope"].split(" AND "),
    }


def check_recurrence(given: Body) -> Body:
    """A recurrence of API v1. Raises :class:`ApiError` 400."""
    if given.get("type") not in RECURRENCES:
        raise ApiError(400, "Invalid recurrence type")
    if not set(given.get("week_days") or []) <= set(WEEKDAYS):
        raise ApiError(400, "Invalid set of days in week_days. Be sure that the first letter is capitalized.")
    if given.get("until_occurrences") and given.get("until_date"):
        raise ApiError(400, "You must provide only provide one of (until_occurrences, until_date)")
    members = ("type", "period", "week_days", "until_occurrences", "until_date")
    found = {key: given.get(key) for key in members}
    return found if given.get("rrule") is None else {**found, "rrule": given["rrule"]}


def older_attributes(call: Call, given: Body) -> Body:
    """What a body of API v1 says, as API v2 has it. Raises :class:`ApiError` 400."""
    scope = given.get("scope")
    if not scope:
        raise ApiError(400, "Invalid scope parameter")
    scope = scope if isinstance(scope, list) else [scope]
    start, end = given.get("start") or call.seconds, given.get("end")
    if end is not None and end <= start:
        raise ApiError(400, "End must be after start")
    if max(start, end or 0) > 253_402_300_799:
        raise ApiError(400, "Invalid start or end parameter")
    target: Body = {"monitor_tags": given.get("monitor_tags") or ["*"]}
    if given.get("monitor_id") is not None:
        target = {"monitor_id": given["monitor_id"]}
        if call.get(MONITORS, str(given["monitor_id"])) is None:
            raise ApiError(400, f"Monitor {given['monitor_id']} not found")
    moments = [datetime.fromtimestamp(one, UTC) if one is not None else None for one in (start, end)]
    found: Body = {
        "scope": " AND ".join(scope),
        "monitor_identifier": target,
        "schedule": {"start": iso(moments[0] or call.now), "end": iso(moments[1]) if moments[1] else None},
        "display_timezone": given.get("timezone") or "UTC",
        "message": given.get("message"),
        "mute_first_recovery_notification": bool(given.get("mute_first_recovery_notification")),
    }
    found |= {key: given[key] for key in ("notify_end_states", "notify_end_types") if given.get(key)}
    return found


@serves("v1.create_downtime", checked=True)
def create_older(call: Call) -> Answer:
    """Schedule a downtime through API v1."""
    attributes = older_attributes(call, call.body)
    recurrence = check_recurrence(call.body["recurrence"]) if call.body.get("recurrence") else None
    body = make(call, attributes)
    body["v1"]["recurrence"] = recurrence
    call.put(DOWNTIMES, body["id"], body)
    return Answer(older(call, body))


def find_older(call: Call) -> Body:
    """The downtime of the path of API v1. Raises :class:`ApiError` 404."""
    identifier = call.path["downtime_id"]
    for body in call.list(DOWNTIMES):
        if str(body["v1"]["id"]) == identifier:
            return body
    raise ApiError(404, "Downtime not found")


@serves("v1.get_downtime")
def get_older(call: Call) -> Answer:
    """One downtime through API v1."""
    return Answer(older(call, find_older(call)))


@serves("v1.list_downtimes")
def list_older(call: Call) -> Answer:
    """All downtimes through API v1."""
    current = call.flag("current_only")
    found = [older(call, body) for body in call.list(DOWNTIMES)]
    return Answer([body for body in found if not current or body["active"]])


@serves("v1.update_downtime")
def update_older(call: Call) -> Answer:
    """Change a downtime through API v1."""
    body = find_older(call)
    if body["attributes"]["canceled"]:
        raise ApiError(400, "A canceled downtime cannot be changed")
    known = older(call, body)
    body["attributes"] |= {**older_attributes(call, {**known, **call.body}), "modified": iso(call.now)}
    if call.body.get("recurrence"):
        body["v1"]["recurrence"] = check_recurrence(call.body["recurrence"])
    call.put(DOWNTIMES, body["id"], body)
    return Answer(older(call, body))


@serves("v1.cancel_downtime")
def delete_older(call: Call) -> Answer:
    """Cancel a downtime through API v1."""
    cancel(call, find_older(call))
    return NO_CONTENT


@serves("v1.cancel_downtimes_by_scope")
def cancel_by_scope(call: Call) -> Answer:
    """Cancel all active downtimes of a scope."""
    scope = call.body["scope"]
    found = [body for body in active(call) if body["attributes"]["scope"] == scope]
    if not found:
        raise ApiError(404, "No downtimes found for scope")
    for body in found:
        cancel(call, body)
    return Answer({"cancelled_ids": [body["v1"]["id"] for body in found]})
