"""Lines of an SLO over time: burn rate, error budget left, good and bad events (docs: dashboards/widgets/slo)."""

import numpy as np

from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.metric.buckets import bucket_ends
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.slo.budget import burn_rate
from firedrill.evaluate.slo.indicator import indicator
from firedrill.evaluate.slo.sli import Sli
from firedrill.evaluate.telemetry import FloatArray

BURN_WINDOW = 3600
"""Seconds over which the burn rate of a point is measured."""
DAY = 86400


def slo_line(query: Json, context: MeasureContext, start: float, end: float, seconds: int) -> FloatArray:
    """Return the measure of a query with the data source ``slo`` in each bucket. Raises :class:`Refused`."""
    slo = next((slo for slo in context.account.slos if slo.get("id") == query.get("slo_id")), None)
    if slo is None:
        raise Refused(f"SLO {query.get('slo_id')}", "is not in this account")
    threshold = slo["thresholds"][0]
    window, target = int(threshold["timeframe"].removesuffix("d")) * DAY, float(threshold["target"])
    measure = str(query.get("measure"))
    ends = bucket_ends(start, end, seconds)
    length = {"burn_rate": max(BURN_WINDOW, seconds), "error_budget_burndown": window,
              "error_budget_remaining": window, "slo_status": window}.get(measure, seconds)  # fmt: skip
    low = np.floor((ends[0] - length) / CELL) * CELL
    sli = indicator(slo, context, float(low), float(np.ceil(end / CELL) * CELL))
    good, total = _window_sums(sli.good, sli, ends, length), _window_sums(sli.total, sli, ends, length)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, 100.0 * good / total, np.nan)
    values: dict[str, FloatArray] = {
        "burn_rate": np.where(total > 0, burn_rate(good, total, target), np.nan),
        "error_budget_burndown": 100.0 * (share - target) / (100.0 - target),
        "error_budget_remaining": 100.0 * (share - target) / (100.0 - target),
        "slo_status": share,
        "good_events": good,
        "bad_events": total - good,
    }
    if measure not in values:
        raise Refused(f"measure {measure}", "of an SLO is not implemented")
    return values[measure]


def _window_sums(amounts: FloatArray, sli: Sli, ends: FloatArray, length: float) -> FloatArray:
    """Return the sums of the minutes in the windows that end at these times."""
    total = np.concatenate(([0.0], np.cumsum(amounts)))
    high = np.searchsorted(sli.ends, ends, side="right")
    low = np.searchsorted(sli.ends, ends - length, side="right")
    sums: FloatArray = total[high] - total[low]
    return sums
