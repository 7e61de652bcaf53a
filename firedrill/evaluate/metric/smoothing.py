"""Smoothing functions, over the points of a series (docs: dashboards/functions/smoothing, and /beta).

Each looks at the window's points only, gaps left out: the pages call a span a number of points. The first points of a
window have fewer before them than the span, and take those that there are.
"""

from collections.abc import Callable

import numpy as np

from firedrill.evaluate.telemetry import FloatArray

Smoothing = Callable[[FloatArray], FloatArray]


def over_points(values: FloatArray, function: Smoothing) -> FloatArray:
    """Return a function of the points of the last axis, moved together while it is applied."""
    missing = np.isnan(values)
    order = np.argsort(missing, axis=-1, kind="stable")
    result = np.empty_like(values)
    np.put_along_axis(result, order, function(np.take_along_axis(values, order, axis=-1)), axis=-1)
    return np.where(missing, np.nan, result)


def moving_average(values: FloatArray, span: int) -> FloatArray:
    """Return the exponentially weighted moving average: the weights of ``span`` points, ``alpha = 2 / (span + 1)``."""
    keep = 1 - 2 / (span + 1)
    result = np.empty_like(values)
    total, weight = np.zeros(values.shape[:-1]), 0.0
    for place in range(values.shape[-1]):
        total, weight = values[..., place] + keep * total, 1 + keep * weight
        result[..., place] = total / weight
    return result


def _spans(values: FloatArray, span: int) -> FloatArray:
    """Return the last ``span`` points up to each one, on a new last axis; NaN before the first."""
    before = np.full((*values.shape[:-1], span - 1), np.nan)
    return np.lib.stride_tricks.sliding_window_view(np.concatenate([before, values], axis=-1), span, axis=-1)


def rolling_median(values: FloatArray, span: int) -> FloatArray:
    """Return the median of the last ``span`` points; of an even number, the mean of the two in the middle."""
    ordered = np.sort(_spans(values, span), axis=-1)
    count = np.maximum((~np.isnan(ordered)).sum(axis=-1), 1)[..., None]
    low, high = (np.take_along_axis(ordered, place, axis=-1)[..., 0] for place in ((count - 1) // 2, count // 2))
    result: FloatArray = (low + high) / 2
    return result


def rolling_average(values: FloatArray, span: int) -> FloatArray:
    """Return the mean of the last ``span`` points."""
    spans = _spans(values, span)
    present = ~np.isnan(spans)
    result: FloatArray = np.where(present, spans, 0.0).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return result


def _of_span(function: Callable[[FloatArray, int], FloatArray], span: int) -> Smoothing:
    return lambda values: over_points(values, lambda points: function(points, span))


SMOOTHING: dict[str, Smoothing] = {
    **{f"ewma_{span}": _of_span(moving_average, span) for span in (1, 3, 5, 7, 10, 20)},
    **{f"median_{span}": _of_span(rolling_median, span) for span in (3, 5, 7, 9)},
    **{f"rollingavg_{span}": _of_span(rolling_average, span) for span in (5, 13, 21, 29)},
}
"""Functions of a point and some of those before it, after space aggregation."""


def trend_line(values: FloatArray) -> FloatArray:
    """Return the least squares line through the points, at the points (docs: dashboards/functions/regression)."""
    present = ~np.isnan(values)
    place = np.where(present, np.arange(values.shape[-1], dtype=np.float64), 0.0)
    points = np.where(present, values, 0.0)
    count = np.maximum(present.sum(axis=-1, keepdims=True), 1)
    middle, mean = place.sum(axis=-1, keepdims=True) / count, points.sum(axis=-1, keepdims=True) / count
    from_middle = np.where(present, place - middle, 0.0)
    spread = (from_middle**2).sum(axis=-1, keepdims=True)
    slope = (from_middle * (points - mean)).sum(axis=-1, keepdims=True) / np.where(spread > 0, spread, 1.0)
    return np.where(present, mean + slope * from_middle, np.nan)
