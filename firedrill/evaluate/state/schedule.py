"""Evaluation frequency and custom schedules of monitors (docs: monitors/configuration)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from dateutil.rrule import rrulestr

from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.chains import evaluation_window
from firedrill.query.tree import ChainMonitor, MetricMonitor, Query

MINUTE, HOUR, DAY = 60, 3600, 86400


def frequency(window_seconds: float) -> int:
    """Return the seconds between evaluations: a minute for windows under 24 hours, 10 under 48 hours, then 30."""
    if window_seconds < DAY:
        return MINUTE
    return 10 * MINUTE if window_seconds < 2 * DAY else 30 * MINUTE


def evaluation_interval(query: Query) -> int:
    """Return the seconds between evaluations of a monitor."""
    body = query.body
    if isinstance(body, MetricMonitor):
        return MINUTE if body.window.kind == "next" else frequency(body.window.seconds)
    if isinstance(body, ChainMonitor) and query.type != "slo alert":
        window = evaluation_window(query.text, body)
        if window is not None:
            return frequency(window.seconds)
    return MINUTE


def due(query: Query, options: Json, times: FloatArray, evaluated: float | None = None) -> FloatArray:
    """Return those of the times at which the monitor is evaluated; ``evaluated`` is when it was evaluated last."""
    recurrences = ((options.get("scheduling_options") or {}).get("custom_schedule") or {}).get("recurrences") or []
    if recurrences:
        return _scheduled(recurrences, times, evaluated)
    seconds = evaluation_interval(query)
    return times if seconds == MINUTE else times[np.mod(times, seconds) < MINUTE]


def _scheduled(recurrences: list[Json], times: FloatArray, evaluated: float | None) -> FloatArray:
    """Return the first time at or after each scheduled moment since the last evaluation, within a minute."""
    if not times.size:
        return times
    begin, end = float(times[0]) - MINUTE, float(times[-1])
    if evaluated is not None:
        begin = max(begin, evaluated)
    moments: set[float] = set()
    for recurrence in recurrences:
        zone = ZoneInfo(recurrence.get("timezone") or "UTC")
        start = datetime.fromisoformat(recurrence.get("start") or "1970-01-01T00:00:00").replace(tzinfo=None)
        rule = rrulestr(recurrence["rrule"], dtstart=start)
        # Clocks that are put back repeat an hour: look at a wider range, then compare instants.
        low, high = (datetime.fromtimestamp(time, zone).replace(tzinfo=None) for time in (begin - HOUR, end + HOUR))
        moments.update(moment.replace(tzinfo=zone).timestamp() for moment in rule.between(low, high, inc=True))
    starts = np.array(sorted(moment for moment in moments if begin < moment <= end))
    return times[np.unique(np.searchsorted(times, starts, side="left"))]
