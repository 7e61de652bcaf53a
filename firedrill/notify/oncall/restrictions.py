"""Weekly time restrictions of schedules and routing rules; each window is ``[start, end)`` on the clock of a zone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK = 7 * 24 * 3600


def second_of_week(day: str, clock: str) -> int:
    """Return the seconds from Monday 00:00 to a weekday and time (``09:00`` or ``09:00:00``)."""
    parts = [int(part) for part in clock.split(":")]
    hour, minute, second = (*parts, 0, 0)[:3]
    return DAYS.index(day.lower()) * 86400 + hour * 3600 + minute * 60 + second


def inside(restrictions: Sequence[Mapping[str, Any]], local: datetime) -> bool:
    """Return whether a local time is in a window; no windows mean no restriction. Windows may wrap the week."""
    if not restrictions:
        return True
    now = local.weekday() * 86400 + local.hour * 3600 + local.minute * 60 + local.second
    for window in restrictions:
        start = second_of_week(window["start_day"], window["start_time"])
        end = second_of_week(window["end_day"], window["end_time"])
        length = (end - start) % WEEK or WEEK
        if (now - start) % WEEK < length:
            return True
    return False


def next_inside(restrictions: Sequence[Mapping[str, Any]], local: datetime) -> datetime:
    """Return the first local time at or after ``local`` that is inside a window."""
    if inside(restrictions, local):
        return local
    now = local.weekday() * 86400 + local.hour * 3600 + local.minute * 60 + local.second
    starts = (second_of_week(window["start_day"], window["start_time"]) for window in restrictions)
    wait = min((start - now) % WEEK for start in starts)
    return local.replace(microsecond=0) + timedelta(seconds=wait)
