"""The values of monitors on anomalies and forecasts, with the bounds around them, for a chart."""

from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.metric.algorithm_inputs import HOUR, MIN_POINTS, WEEK, Arguments, read_history
from firedrill.evaluate.metric.anomalies import anomaly_band
from firedrill.evaluate.metric.forecasts import trend
from firedrill.evaluate.metric.monitor import algorithm_of
from firedrill.evaluate.metric.table import GroupKey
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.tree import Expression, GroupTags, Keyword, MetricMonitor, QuotedString

FORECAST_POINTS = 50
"""Points of the line that continues a forecast's values."""


@dataclass(frozen=True)
class Bounds:
    """Measured values of each group (rows) at each time, and their bounds; NaN where there is none.

    The bounds of a forecast lie behind the last value.
    """

    times: FloatArray
    by: GroupKey
    keys: tuple[GroupKey, ...]
    values: FloatArray
    lower: FloatArray
    upper: FloatArray


def bounds_of(monitor: MetricMonitor, options: Json, telemetry: Telemetry, start: float, end: float) -> Bounds | None:
    """Return the bounds from ``start`` to ``end``; None for a monitor without anomalies() or forecast()."""
    call = algorithm_of(monitor.expression)
    if call is None or isinstance(call.arguments[0], QuotedString | Keyword | GroupTags):
        return None
    arguments, query = Arguments.from_call(call), call.arguments[0]
    if call.name.text == "anomalies":
        band = anomaly_band(query, arguments, options, telemetry, start, end)
        shown = band.ends >= start
        return Bounds(
            band.ends[shown], band.table.by, band.table.keys,
            band.points[:, shown], band.lower[:, shown], band.upper[:, shown],
        )  # fmt: skip
    if call.name.text == "forecast":
        return _forecast(monitor, query, arguments, telemetry, end)
    return None


def _forecast(
    monitor: MetricMonitor, query: Expression, arguments: Arguments, telemetry: Telemetry, end: float
) -> Bounds:
    """Return the history that a forecast at ``end`` reads, and the bounds of its line until the window's end."""
    interval = max(CELL, arguments.seconds("interval", HOUR))
    history = arguments.seconds("history", WEEK)
    table, ends = read_history(query, telemetry, end - history, end, interval)
    ahead = np.linspace(end, end + monitor.window.seconds, FORECAST_POINTS)
    none = np.full((len(table.keys), ahead.size), np.nan)
    lower, upper = none.copy(), none.copy()
    for row, points in enumerate(table.values):
        known = ~np.isnan(points)
        if known.sum() >= MIN_POINTS:
            slope, intercept, spread = trend(ends[known], points[known], arguments.number(1, 1))
            lower[row] = intercept + slope * ahead - spread
            upper[row] = intercept + slope * ahead + spread
    before = np.full(table.values.shape, np.nan)
    return Bounds(
        np.concatenate([ends, ahead]), table.by, table.keys,
        *(np.concatenate(parts, axis=1) for parts in ((table.values, none), (before, lower), (before, upper))),
    )  # fmt: skip
