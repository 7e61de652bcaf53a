"""Cumulative windows: ``current_1h``, ``current_1d`` and ``current_1mo`` (docs: monitors/configuration)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.tree import Window

MINUTE, HOUR = 60, 3600


def cumulative_starts(window: Window, options: Json, times: FloatArray) -> FloatArray:
    """Return when the cumulative window of each evaluation began.

    ``scheduling_options.evaluation_window`` sets the minute of the hour, the hour of the day or the day of the month.
    """
    configuration = (options.get("scheduling_options") or {}).get("evaluation_window") or {}
    zone = ZoneInfo(configuration.get("timezone") or "UTC")
    if window.unit == "h":
        offset = int(configuration.get("hour_starts") or 0) * MINUTE
        return np.floor((times - MINUTE - offset) / HOUR) * HOUR + offset
    hours, minutes = (int(part) for part in str(configuration.get("day_starts") or "00:00").split(":"))
    if window.unit == "mo" and int(configuration.get("month_starts") or 1) != 1:
        raise Refused("month_starts", "only 1 is documented")
    starts = np.empty(times.shape)
    for row, time in enumerate(times):
        local = datetime.fromtimestamp(float(time) - MINUTE, UTC).astimezone(zone)
        begin = local.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        if begin > local:
            begin -= timedelta(days=1)
        if window.unit == "mo":
            begin = begin.replace(day=1)
        starts[row] = begin.timestamp()
    return starts
