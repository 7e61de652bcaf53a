"""Downtimes, and which of them apply to a monitor: https://docs.datadoghq.com/api/latest/downtimes/ ."""

import copy
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from firedrill.sandbox.datadog.account import DOWNTIMES, MONITORS, iso
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import offset_page
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


UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DURATION = re.compile(r"(\d{1,6})([mhdw])")
FREQUENCY = re.compile(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)", re.IGNORECASE)


def parse_moment(text: str | None, name: str) -> datetime | None:
    """Return a time of the request; without a zone it is UTC. Raises :class:`ApiError` 400."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ApiError(400, f"Invalid {name}: {text[:100]}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def local_start(call: Call, timezone: str) -> str:
    """Return the start of a recurrence that names none: now, as a clock of the zone shows it.

    By one recording: TestAccDowntimeScheduleChanged.

    Raises:
        ApiError: 400 for an unknown zone.
    """
    try:
        return call.now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None).isoformat(timespec="seconds")
    except (ValueError, KeyError, OSError) as error:
        raise ApiError(400, f"Invalid timezone: {timezone[:100]}") from error


def schedule_body(call: Call, requested: Body | None) -> Body:
    """Return a schedule with its start filled in. Raises :class:`ApiError` 400."""
    requested = copy.deepcopy(requested or {})
    if requested.get("recurrences"):
        recurring = {"timezone": "UTC", **requested}
        begin = local_start(call, str(recurring["timezone"]))
        for recurrence in recurring["recurrences"]:
            recurrence["start"] = recurrence.get("start") or begin
        return recurring
    start, end = parse_moment(requested.get("start"), "start") or call.now, parse_moment(requested.get("end"), "end")
    if end is not None and end <= start:
        raise ApiError(400, "End must be after start")
    if end is not None and end <= call.now:
        raise ApiError(400, "End must be in the future")
    return {"start": iso(start), "end": iso(end) if end else None}


def current_window(schedule: Body, now: datetime) -> Body | None:
    """Return the occurrence of a recurring schedule that lasts now or comes next; None where there is none."""
    windows = []
    for recurrence in schedule.get("recurrences") or []:
        length, rule = DURATION.fullmatch(str(recurrence.get("duration"))), str(recurrence.get("rrule"))
        if length is None or not FREQUENCY.search(rule):
            continue
        try:
            zone, lasts = ZoneInfo(schedule.get("timezone") or "UTC"), timedelta(**{UNITS[length[2]]: int(length[1])})
            local = now.astimezone(zone).replace(tzinfo=None, microsecond=0)
            first = datetime.fromisoformat(recurrence.get("start") or local.isoformat()).replace(tzinfo=None)
            begin = rrulestr(rule, dtstart=first, ignoretz=True).after(local - lasts)
            if begin is not None:
                start = begin.replace(tzinfo=zone).astimezone(UTC)
                windows.append((start, start + lasts))
        except (ValueError, OverflowError, KeyError, OSError):
            continue
    if not windows:
        return None
    start, end = min(windows)
    return {"start": start.isoformat(), "end": end.isoformat()}


def shown_schedule(schedule: Body | None, now: datetime) -> Body | None:
    """Return a schedule as responses have it: a recurring one with its present or next occurrence.

    By one recording: TestAccDowntimeScheduleBasicRecurring_Import.
    """
    window = current_window(schedule or {}, now)
    return schedule if window is None else {**(schedule or {}), "current_downtime": window}


def check(call: Call, attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for a scope without keys or a monitor that does not exist."""
    scope = attributes["scope"]
    if scope != "*":
        keyed = re.sub(r"(:\s*)\([^()]*\)", r"\1values", scope)  # env:(staging OR prod): one key for all its values
        terms = re.split(r"\s+(?:AND|OR)\s+|\s*,\s*", keyed.strip())
        if not all(":" in term for term in terms):
            raise ApiError(400, "All values must have a key")
    identifier = attributes["monitor_identifier"].get("monitor_id")
    if identifier is not None and call.get(MONITORS, str(identifier)) is None:
        raise ApiError(400, f"Monitor {identifier} not found")


def downtime_status(call: Call, body: Body) -> str:
    """Return ``scheduled``, ``active``, ``ended`` or ``canceled``."""
    if body["attributes"].get("canceled"):
        return "canceled"
    window = current_window(body["attributes"]["schedule"] or {}, call.now) or {}
    start = _seconds(window.get("start")) or start_seconds(body)
    end = _seconds(window.get("end")) or end_seconds(body)
    if start is not None and start > call.seconds:
        return "scheduled"
    return "ended" if end is not None and end <= call.seconds else "active"


def author(call: Call) -> Body:
    """Return the caller as responses include it."""
    me = call.me
    hidden = ("uuid", "mfa_enabled", "last_login_time")
    attributes = {key: value for key, value in me["attributes"].items() if key not in hidden}
    return {"type": "users", "id": me["id"], "attributes": attributes}


def downtime_response(call: Call, body: Body) -> Body:
    """Return a downtime in the form of API v2."""
    schedule = shown_schedule(body["attributes"]["schedule"], call.now)
    return {
        "type": "downtime",
        "id": body["id"],
        "attributes": {**body["attributes"], "schedule": schedule, "status": downtime_status(call, body)},
        "relationships": body["relationships"],
    }


def create_downtime(call: Call, attributes: Body) -> Body:
    """Store a new downtime with the defaults of the server."""
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
            **{key: value for key, value in attributes.items() if (key, value) != ("display_timezone", "")},
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
def create(call: Call) -> ApiResponse:
    """Schedule a downtime."""
    requested = call.body["data"]["attributes"]
    check(call, requested)
    attributes = {key: copy.deepcopy(requested[key]) for key in ATTRIBUTES if requested.get(key) is not None}
    attributes["schedule"] = schedule_body(call, requested.get("schedule"))
    return ApiResponse({"data": downtime_response(call, create_downtime(call, attributes)), "included": [author(call)]})


def find(call: Call) -> Body:
    """Return the downtime of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path["downtime_id"]
    if not is_uuid(identifier):
        raise ApiError(400, "Invalid URL param: downtime_id must be an uuid")
    downtime = call.get(DOWNTIMES, identifier)
    if downtime is None:
        raise ApiError(404, f"Downtime {identifier} not found")
    return downtime


@serves("v2.get_downtime")
def get(call: Call) -> ApiResponse:
    """Return one downtime."""
    body: Body = {"data": downtime_response(call, find(call))}
    if "created_by" in call.query.get("include", ""):
        body["included"] = [author(call)]
    return ApiResponse(body)


@serves("v2.list_downtimes")
def list_downtimes(call: Call) -> ApiResponse:
    """Return downtimes, a page of them; with ``current_only`` the active ones."""
    downtimes = [downtime_response(call, body) for body in call.list(DOWNTIMES)]
    if call.flag("current_only"):
        downtimes = [body for body in downtimes if body["attributes"]["status"] == "active"]
    else:
        downtimes = [body for body in downtimes if body["attributes"]["status"] != "canceled"]
    return ApiResponse(
        {"data": offset_page(call, downtimes, default=30), "meta": {"page": {"total_filtered_count": len(downtimes)}}}
    )


@serves("v2.update_downtime")
def update(call: Call) -> ApiResponse:
    """Change a downtime."""
    requested = call.body["data"].get("attributes") or {}
    unknown = sorted(set(requested) - set(ATTRIBUTES))
    if unknown:
        raise ApiError(400, f"Additional properties are not allowed ('{unknown[0]}' was unexpected)")
    body = find(call)
    if body["attributes"]["canceled"]:
        raise ApiError(400, "A canceled downtime cannot be changed")
    merged = {**body["attributes"], **copy.deepcopy(requested)}
    check(call, merged)
    if "schedule" in requested:
        merged["schedule"] = schedule_body(call, {**body["attributes"]["schedule"], **(requested["schedule"] or {})})
    body["attributes"] = {**merged, "modified": iso(call.now)}
    call.put(DOWNTIMES, body["id"], body)
    return ApiResponse({"data": downtime_response(call, body), "included": [author(call)]})


@serves("v2.cancel_downtime")
def cancel(call: Call) -> ApiResponse:
    """Cancel a downtime, which ends it now; it can still be read."""
    body = find(call)
    if body["attributes"]["canceled"] is None:
        body["attributes"] |= {"canceled": iso(call.now), "modified": iso(call.now)}
        call.put(DOWNTIMES, body["id"], body)
    return NO_CONTENT


def active_downtimes(call: Call) -> list[Body]:
    """Return the downtimes in effect now."""
    downtimes = []
    for body in call.list(DOWNTIMES):
        schedule = body["attributes"]["schedule"] or {}
        window = current_window(schedule, call.now) or schedule
        begin, end = _moment(window.get("start")), _moment(window.get("end"))
        begun = begin is None or begin <= call.now
        if begun and (end is None or call.now < end) and not body["attributes"].get("canceled"):
            downtimes.append(body)
    return downtimes


def applies_to(downtime: Body, monitor: Body) -> bool:
    """Return whether a downtime targets a monitor: by its id, or by tags that the monitor has all of."""
    target = downtime["attributes"]["monitor_identifier"]
    if target.get("monitor_id") is not None:
        return bool(target["monitor_id"] == monitor["id"])
    tags = target.get("monitor_tags") or ["*"]
    return tags == ["*"] or set(tags) <= set(monitor["tags"])


def silenced_scopes(call: Call, monitor: Body) -> dict[str, Any]:
    """Return ``{scope: end}`` of the active downtimes that name the monitor by its id."""
    return {
        body["attributes"]["scope"]: end_seconds(body)
        for body in active_downtimes(call)
        if body["attributes"]["monitor_identifier"].get("monitor_id") == monitor["id"]
    }


def matching_downtimes(call: Call, monitor: Body) -> list[Body]:
    """Return a monitor's ``matching_downtimes``."""
    return [
        {
            "id": body["v1"]["id"],
            "active": True,
            "monitor_id": body["attributes"]["monitor_identifier"].get("monitor_id"),
            "start": start_seconds(body),
            "end": end_seconds(body),
            "scope": body["attributes"]["scope"].split(" AND "),
            "groups": ["total"],
        }
        for body in active_downtimes(call)
        if applies_to(body, monitor)
    ]


def start_seconds(body: Body) -> int | None:
    """Return the start in epoch seconds."""
    return _seconds((body["attributes"]["schedule"] or {}).get("start"))


def end_seconds(body: Body) -> int | None:
    """Return the end in epoch seconds; None lasts for ever."""
    return _seconds((body["attributes"]["schedule"] or {}).get("end"))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _seconds(text: str | None) -> int | None:
    moment = _moment(text)
    return None if moment is None else int(moment.timestamp())
