"""Shifts of a query into the past (docs: dashboards/functions/timeshift)."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from dateutil.relativedelta import relativedelta

from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.tree import Call, Expression, QuotedString, walk

DAY = 86400
SHIFTS = {"hour_before": 3600, "day_before": DAY, "week_before": 7 * DAY, "month_before": 28 * DAY}
"""Seconds of the functions with a fixed length; a month is four weeks."""
_SHIFT = re.compile(r"-([0-9]{1,4})(d|w|mo)")
LONGEST = {"d": DAY, "w": 7 * DAY, "mo": 31 * DAY}


def calendar_seconds(call: Call, time: float) -> float:
    """Return how far ``calendar_shift(q, "-1mo", "Europe/Paris")`` looks back from a time (epoch seconds).

    It keeps the time of day of the zone (UTC without one), and the last day of a shorter month.
    """
    count, unit, zone = _read(call)
    local = datetime.fromtimestamp(time, zone)
    steps = {"d": relativedelta(days=count), "w": relativedelta(weeks=count), "mo": relativedelta(months=count)}
    return time - (local - steps[unit]).timestamp()


def longest_calendar_shift(call: Call) -> float:
    """Return the most seconds that a calendar shift can look back; an hour more for a change of clocks."""
    count, unit, _ = _read(call)
    return count * LONGEST[unit] + 3600


def same_shifts(expression: Expression, times: FloatArray) -> list[FloatArray]:
    """Return the times in parts, in each of which every calendar shift is the same number of seconds."""
    calls = [node for node in walk(expression) if isinstance(node, Call) and node.name.text == "calendar_shift"]
    if not calls:
        return [times]
    seconds = np.array([[calendar_seconds(call, float(time)) for call in calls] for time in times])
    parts = np.unique(seconds, axis=0, return_inverse=True)[1].ravel()
    return [times[parts == part] for part in range(int(parts.max()) + 1)]


def _read(call: Call) -> tuple[int, str, ZoneInfo]:
    texts = [argument.value for argument in call.arguments[1:] if isinstance(argument, QuotedString)]
    shift = _SHIFT.fullmatch(texts[0]) if texts else None
    if shift is None:
        raise Refused("calendar_shift()", 'takes a shift such as "-1d", "-4w" or "-1mo"')
    try:
        zone = ZoneInfo(texts[1] if len(texts) > 1 else "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Refused("calendar_shift()", f"there is no time zone {texts[1]}") from error
    return int(shift[1]), shift[2], zone
