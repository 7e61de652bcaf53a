"""Which downtimes apply to a monitor now."""

from datetime import datetime
from typing import Any

from firedrill.sandbox.datadog.account import DOWNTIMES
from firedrill.sandbox.datadog.serving import Call
from firedrill.sandbox.datadog.store import Body


def active(call: Call) -> list[Body]:
    """Downtimes in effect now."""
    found = []
    for body in call.list(DOWNTIMES):
        schedule = body["attributes"]["schedule"] or {}
        window = schedule.get("current_downtime") or schedule
        begin, end = _moment(window.get("start")), _moment(window.get("end"))
        begun = begin is None or begin <= call.now
        if begun and (end is None or call.now < end) and not body["attributes"].get("canceled"):
            found.append(body)
    return found


def applies(downtime: Body, monitor: Body) -> bool:
    """Whether a downtime names a monitor: by id, or by tags that the monitor has all of."""
    target = downtime["attributes"]["monitor_identifier"]
    if target.get("monitor_id") is not None:
        return bool(target["monitor_id"] == monitor["id"])
    tags = target.get("monitor_tags") or ["*"]
    return tags == ["*"] or set(tags) <= set(monitor["tags"])


def silenced(call: Call, monitor: Body) -> dict[str, Any]:
    """``{scope: end}`` of the downtimes that name the monitor by its id."""
    return {
        body["attributes"]["scope"]: end_seconds(body)
        for body in active(call)
        if body["attributes"]["monitor_identifier"].get("monitor_id") == monitor["id"]
    }


def matching(call: Call, monitor: Body) -> list[Body]:
    """``matching_downtimes`` of a monitor."""
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
        for body in active(call)
        if applies(body, monitor)
    ]


def start_seconds(body: Body) -> int | None:
    """Start in epoch seconds."""
    return _seconds((body["attributes"]["schedule"] or {}).get("start"))


def end_seconds(body: Body) -> int | None:
    """End in epoch seconds; None lasts for ever."""
    return _seconds((body["attributes"]["schedule"] or {}).get("end"))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _seconds(text: str | None) -> int | None:
    moment = _moment(text)
    return None if moment is None else int(moment.timestamp())
