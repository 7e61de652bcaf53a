"""Forecasts: the bound of a band over the coming window that lies nearest the threshold (docs: types/forecasts)."""

import numpy as np

from firedrill.evaluate.metric.algorithm_inputs import (
    HOUR,
    MAD_TO_DEVIATION,
    MIN_POINTS,
    WEEK,
    AlgorithmResult,
    Arguments,
    latest_bucket,
    read_history,
)
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.tree import Expression, MetricMonitor

MAX_POINTS = 200
"""Points between which slopes are computed; more of them are thinned out."""


def measure_forecast(
    monitor: MetricMonitor, query: Expression, arguments: Arguments, telemetry: Telemetry, times: FloatArray
) -> AlgorithmResult:
    """Return the extreme of the band over the forecast window: Theil-Sen slope and deviation of the residuals."""
    algorithm, deviations = arguments.text(0, "linear"), arguments.number(1, 1)
    if algorithm != "linear":
        raise Refused(f"forecast '{algorithm}'", "only the linear algorithm is approximated")
    interval = max(CELL, arguments.seconds("interval", HOUR))
    history = arguments.seconds("history", WEEK)
    table, ends = read_history(query, telemetry, float(times[0]) - history, float(times[-1]), interval)
    values = np.full((len(table.keys), times.size), np.nan)
    horizon, upward = monitor.window.seconds, monitor.aggregator.text == "max"
    low, high = np.searchsorted(ends, times - history, side="right"), np.searchsorted(ends, times, side="right")
    # Evaluations that see the same points have the same line: it changes once an interval.
    begins = np.flatnonzero(np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0)))
    for row, points in enumerate(table.values):
        for begin, end in zip(begins, [*begins[1:], times.size], strict=True):
            x, y = ends[low[begin] : high[begin]], points[low[begin] : high[begin]]
            x, y = x[~np.isnan(y)], y[~np.isnan(y)]
            if x.size < MIN_POINTS:
                continue
            slope, intercept, spread = trend(x, y, deviations)
            now = intercept + slope * times[begin:end]
            then = intercept + slope * (times[begin:end] + horizon)
            values[row, begin:end] = np.maximum(now, then) + spread if upward else np.minimum(now, then) - spread
    return AlgorithmResult(values, table.keys, table.by, latest_bucket(table.values, ends, times, history))


def trend(x: FloatArray, y: FloatArray, deviations: float) -> tuple[float, float, float]:
    """Return slope and intercept of the line through points, and the distance of its bounds."""
    slope, intercept = _theil_sen(x, y)
    spread = MAD_TO_DEVIATION * float(np.median(np.abs(y - (intercept + slope * x)))) * deviations
    return slope, intercept, spread


def _theil_sen(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return the median slope between points, and the intercept."""
    if x.size > MAX_POINTS:
        kept = np.linspace(0, x.size - 1, MAX_POINTS).astype(int)
        x, y = x[kept], y[kept]
    i, j = np.triu_indices(x.size, 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i])))
    return slope, float(np.median(y - slope * x))
