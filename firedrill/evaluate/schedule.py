"""When a monitor is evaluated, and where cumulative windows begin (docs: monitors/configuration)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from dateutil.rrule import rrulestr

from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.tree import ChainMonitor, MetricMonitor, Query, Window

MINUTE, HOUR, DAY = 60, 3600, 86400


def frequency(window_seconds: float) -> int:
    """Seconds between evaluations: a minute under 24 hours, 10 minutes under 48 hours, then 30."""
    if window_seconds < DAY:
        return MINUTE
    return 10 * MINUTE if window_seconds < 2 * DAY else 30 * MINUTE


def every(query: Query) -> int:
    """Seconds between evaluations of a monitor."""
    body = query.body
    if isinstance(body, MetricMonitor):
        return MINUTE if body.window.kind == "next" else frequency(body.window.seconds)
    if isinstance(body, ChainMonitor) and query.type != "slo alert":
        last = body.step("last")
        if last is not None:
            from firedrill.query.chains import duration

            return frequency(duration(query.text, last).seconds)
    return MINUTE


def due(query: Query, options: Json, times: FloatArray) -> FloatArray:
    """Those of the times at which the monitor is evaluated."""
    recurrences = ((options.get("scheduling_options") or {}).get("custom_schedule") or {}).get("recurrences") or []
    if recurrences:
        return _custom(recurrences, times)
    seconds = every(query)
    return times if seconds == MINUTE else times[np.mod(times, seconds) < MINUTE]


def _custom(recurrences: list[Json], times: FloatArray) -> FloatArray:
    if not times.size:
        return times
    chosen: set[float] = set()
    for recurrence in recurrences:
        zone = ZoneInfo(recurrence.get("timezone") or "UTC")
        start = datetime.fromisoformat(recurrence.get("start") or "1970-01-01T00:00:00").replace(tzinfo=None)
        rule = rrulestr(recurrence["rrule"], dtstart=start)
        first = datetime.fromtimestamp(float(times[0]) - MINUTE, zone).replace(tzinfo=None)
        last = datetime.fromtimestamp(float(times[-1]), zone).replace(tzinfo=None)
        chosen.update(moment.replace(tzinfo=zone).timestamp() for moment in rule.between(first, last, inc=True))
    starts = np.array(sorted(chosen))
    places = np.searchsorted(times, starts, side="left")
    return times[np.unique(places[places < times.size])]


def cumulative_starts(window: Window, options: Json, times: FloatArray) -> FloatArray:
    """Where ``current_1h``, ``current_1d`` or ``current_1mo`` began, for each time.

    ``scheduling_options.evaluation_window`` says at which minute of the hour, hour of the day, or day of the month.
    """
    given = (options.get("scheduling_options") or {}).get("evaluation_window") or {}
    zone = ZoneInfo(given.get("timezone") or "UTC")
    if window.unit == "h":
        offset = int(given.get("hour_starts") or 0) * MINUTE
        return np.floor((times - MINUTE - offset) / HOUR) * HOUR + offset
    hours, minutes = (int(part) for part in str(given.get("day_starts") or "00:00").split(":"))
    if window.unit == "mo" and int(given.get("month_starts") or 1) != 1:
        raise Refused("month_starts", "only 1 is documented")
    starts = np.empty(times.shape)
    for place, time in enumerate(times):
        local = datetime.fromtimestamp(float(time) - MINUTE, UTC).astimezone(zone)
        begin = local.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        if begin > local:
            begin -= timedelta(days=1)
        if window.unit == "mo":
            begin = begin.replace(day=1)
        starts[place] = begin.timestamp()
    return starts
