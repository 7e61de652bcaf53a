"""SLO status corrections (docs: service_level_objectives, api/latest/service-level-objective-corrections)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from dateutil.rrule import rrulestr
from numpy.typing import NDArray

from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray


def corrected_minutes(corrections: list[Json], slo: Json, ends: FloatArray) -> NDArray[np.bool_]:
    """Return which minutes (by their ends) begin in a correction of the SLO; corrections are ``[start, end)``."""
    result = np.zeros(ends.shape, np.bool_)
    starts = ends - CELL
    for body in corrections:
        attributes: Json = body.get("data", body).get("attributes", body)
        if str(attributes.get("slo_id")) != str(slo.get("id")) or not ends.size:
            continue
        for low, high in intervals(attributes, float(starts[0]), float(ends[-1])):
            result |= (starts >= low) & (starts < high)
    return result


def intervals(attributes: Json, start: float, end: float) -> list[tuple[float, float]]:
    """Return a correction's intervals that can touch start to end: one, or those of its recurrence rule."""
    begin = float(attributes["start"])
    if not attributes.get("rrule"):
        finish = attributes.get("end")
        if finish is None:
            finish = begin + float(attributes["duration"]) if attributes.get("duration") else float("inf")
        return [(begin, float(finish))]
    length = float(attributes.get("duration") or float(attributes.get("end") or begin) - begin)
    zone = ZoneInfo(attributes.get("timezone") or "UTC")
    first = datetime.fromtimestamp(begin, zone).replace(tzinfo=None)
    rule = rrulestr(attributes["rrule"], dtstart=first, ignoretz=True)
    low = datetime.fromtimestamp(max(0.0, start - length), zone).replace(tzinfo=None) - timedelta(days=1)
    high = datetime.fromtimestamp(end, zone).replace(tzinfo=None) + timedelta(days=1)
    moments = (moment.replace(tzinfo=zone).timestamp() for moment in rule.between(low, high, inc=True))
    return [(moment, moment + length) for moment in moments]
