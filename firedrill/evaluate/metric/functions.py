"""Functions of metric queries, on arrays whose last axis is time and where NaN means no point.

Sources: docs.datadoghq.com/dashboards/functions and its subpages (arithmetic, exclusion, interpolation, rate, rollup).
"""

from collections.abc import Callable

import numpy as np

from firedrill.evaluate.metric.smoothing import SMOOTHING, trend_line
from firedrill.evaluate.telemetry import FloatArray

Pointwise = Callable[[FloatArray, float], FloatArray]
Sequential = Callable[[FloatArray, float], FloatArray]

CARRY = 300
"""Seconds for which a gauge is interpolated or carried forward, unless ``.fill`` sets another limit."""


def _positive_log(values: FloatArray, base: float) -> FloatArray:
    safe = np.where(values > 0, values, np.nan)
    return np.log2(safe) if base == 2 else np.log10(safe)


PLAIN: dict[str, Callable[[FloatArray], FloatArray]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "round": np.round,
    "log2": lambda values: _positive_log(values, 2),
    "log10": lambda values: _positive_log(values, 10),
}
"""Functions of one point."""

BOUNDED: dict[str, Pointwise] = {
    "clamp_min": lambda values, bound: np.where(values < bound, bound, values),
    "clamp_max": lambda values, bound: np.where(values > bound, bound, values),
    "cutoff_min": lambda values, bound: np.where(values < bound, np.nan, values),
    "cutoff_max": lambda values, bound: np.where(values > bound, np.nan, values),
}
"""Functions of one point and a number. Clamps replace, cutoffs remove; a value at the bound stays."""


def last_index(values: FloatArray) -> FloatArray:
    """Return, for each position, that of the last point at or before it; -1 where there is none yet."""
    positions = np.where(np.isnan(values), -1, np.arange(values.shape[-1]))
    return np.maximum.accumulate(positions, axis=-1)


def carried(values: FloatArray, positions: int) -> FloatArray:
    """Return the values with gaps filled by the last point, for at most ``positions`` positions."""
    last = last_index(values)
    near = (last >= 0) & (np.arange(values.shape[-1]) - last <= positions)
    return np.where(near, np.take_along_axis(values, np.maximum(last, 0), axis=-1), np.nan)


def interpolated(values: FloatArray, positions: int) -> FloatArray:
    """Return the values with gaps between points at most ``positions`` apart filled linearly."""
    size = values.shape[-1]
    before = last_index(values)
    after = size - 1 - last_index(values[..., ::-1])[..., ::-1]
    inside = (before >= 0) & (after < size) & (after - before <= positions) & np.isnan(values)
    left = np.take_along_axis(values, np.clip(before, 0, size - 1), axis=-1)
    right = np.take_along_axis(values, np.clip(after, 0, size - 1), axis=-1)
    share = (np.arange(size) - before) / np.maximum(after - before, 1)
    return np.where(inside, left + (right - left) * share, values)


def filled(values: FloatArray, method: str, positions: int) -> FloatArray:
    """Return the values after ``.fill(method)``; ``null`` leaves gaps."""
    match method:
        case "zero":
            return np.where(np.isnan(values), 0.0, values)
        case "last":
            return carried(values, positions)
        case "linear":
            return interpolated(values, positions)
    return values


def with_default(values: FloatArray, default: float, gauge: bool, seconds: float) -> FloatArray:
    """Return the values with empty intervals as the default; a gauge is carried forward for five minutes first."""
    base = carried(values, int(CARRY // seconds)) if gauge else values
    return np.where(np.isnan(base), default, base)


def diff(values: FloatArray, _seconds: float = 60) -> FloatArray:
    """Return the change since the previous point; the first point has none (C-first-delta)."""
    return values - _previous(values)[0]


def _previous(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the previous point of each position (NaN for none) and its distance in positions."""
    earlier = np.full(values.shape, -1)
    earlier[..., 1:] = last_index(values)[..., :-1]
    points = np.where(earlier >= 0, np.take_along_axis(values, np.maximum(earlier, 0), axis=-1), np.nan)
    return points, np.arange(values.shape[-1]) - earlier


def monotonic_diff(values: FloatArray, _seconds: float = 60) -> FloatArray:
    """Return the change since the previous point; no value where a counter restarts (the change is negative)."""
    delta = diff(values)
    return np.where(delta < 0, np.nan, delta)


def derivative(values: FloatArray, seconds: float) -> FloatArray:
    """Return the change per second since the previous point."""
    before, distance = _previous(values)
    return (values - before) / (distance * seconds)


def _rate(unit: float) -> Sequential:
    def rate(values: FloatArray, seconds: float) -> FloatArray:
        slope = derivative(values, seconds)
        return np.where(slope < 0, np.nan, slope) * unit

    return rate


SEQUENTIAL: dict[str, Sequential] = {
    "diff": diff,
    "monotonic_diff": monotonic_diff,
    "derivative": derivative,
    "per_second": _rate(1),
    "per_minute": _rate(60),
    "per_hour": _rate(3600),
    "dt": lambda values, seconds: np.where(np.isnan(diff(values)), np.nan, _previous(values)[1] * seconds),
    "throughput": lambda values, seconds: values / seconds,
}
"""Functions of a point and those before it, with the seconds between points. They apply before space aggregation."""

REFUSED = {
    "autosmooth": "Datadog does not allow it in monitors",
    "cumsum": "Datadog does not allow it in monitors",
    "integral": "its start is not documented for monitors",
    "piecewise_constant": "its segments are not documented",
    "reduce": "is for widgets of one value",
    "robust_trend": "the constant of its loss is not documented",
    "rollup": "of a query that has its points already is not implemented",
}
"""Functions that are not evaluated, with the reason."""

COUNTING = {"count_nonzero": True, "count_nonzero_finite": True, "count_not_null": False}
"""Functions that count groups; whether only those with a value other than 0 count."""


def count_groups(values: FloatArray, nonzero: bool) -> FloatArray:
    """Return, at each point, how many of the groups (the first axis) have a finite value; NaN where none has."""
    present = np.isfinite(values)
    counted = present & (values != 0) if nonzero else present
    return np.where(present.any(axis=0), counted.sum(axis=0), np.nan)


def apply(name: str, values: FloatArray, argument: float | None, seconds: float) -> FloatArray | None:
    """Return the result of a function by its name; None for a function that this module lacks."""
    if name in PLAIN:
        return PLAIN[name](values)
    if name in BOUNDED and argument is not None:
        return BOUNDED[name](values, argument)
    if name in SEQUENTIAL:
        return SEQUENTIAL[name](values, seconds)
    return SMOOTHING[name](values) if name in SMOOTHING else trend_line(values) if name == "trend_line" else None


def divide(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the quotient; x/0 is NaN."""
    result: FloatArray = np.full(np.broadcast(left, right).shape, np.nan)
    np.divide(left, right, out=result, where=right != 0)
    return result


OPERATIONS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": divide,
}
