"""Time aggregation of points in buckets, and space aggregation of series (docs: metrics/#query-aggregation)."""

from collections.abc import Callable

import numpy as np

from firedrill.evaluate.metric.windows import fold_slices
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray, IntArray, Series


def merge_points(group: list[Series]) -> tuple[FloatArray, FloatArray]:
    """Return times and values of all points of some series, in order of time."""
    if len(group) == 1:
        return group[0].times, group[0].values
    times = np.concatenate([series.times for series in group])
    order = np.argsort(times, kind="stable")
    return times[order], np.concatenate([series.values for series in group])[order]


def aggregate_points(method: str, values: FloatArray, fold: Callable[[FloatArray, np.ufunc], FloatArray]) -> FloatArray:
    """Return an aggregator over the points that a fold joins; NaN where there is none."""
    present = ~np.isnan(values)
    count = fold(present.astype(np.float64), np.add)
    match method:
        case "avg" | "sum":
            total = fold(np.where(present, values, 0.0), np.add)
            result = total / np.maximum(count, 1) if method == "avg" else total
        case "min":
            result = fold(np.where(present, values, np.inf), np.minimum)
        case "max":
            result = fold(np.where(present, values, -np.inf), np.maximum)
        case "count":
            result = count
        case _:
            raise Refused(f"{method}()", "is not an aggregator here")
    return np.where(count > 0, result, np.nan)


def aggregate_in_time(method: str, values: FloatArray, starts: IntArray, ends: IntArray) -> FloatArray:
    """Return a rollup method's result for each bucket ``values[start:end]``; NaN for an empty bucket."""
    counts = ends - starts
    match method:
        case "sum" | "avg":
            total = fold_slices(values, starts, ends, np.add, np.nan)
            return total / np.maximum(counts, 1) if method == "avg" else total
        case "min":
            return fold_slices(values, starts, ends, np.minimum, np.nan)
        case "max":
            return fold_slices(values, starts, ends, np.maximum, np.nan)
        case "count":
            return np.where(counts > 0, counts, np.nan)
        case "last":
            return np.where(counts > 0, values[np.maximum(ends, 1) - 1] if values.size else np.nan, np.nan)
        case "stddev":
            shifted = values - (values.mean() if values.size else 0.0)
            mean, square = (
                fold_slices(part, starts, ends, np.add, np.nan) / np.maximum(counts, 1)
                for part in (shifted, shifted**2)
            )
            deviation: FloatArray = np.sqrt(np.maximum(square - mean**2, 0.0))
            return deviation
    raise Refused(f"rollup({method})", "is not implemented")


def aggregate_in_space(aggregator: str, rows: list[FloatArray]) -> FloatArray:
    """Return series merged at each point; a series without a point does not count."""
    table = np.array(rows)
    present = ~np.isnan(table)
    count = present.sum(axis=0)
    match aggregator:
        case "count":
            return np.where(count > 0, count, np.nan)
        case "sum" | "avg":
            total = np.zeros(table.shape[1:])
            for row, has_point in zip(table, present, strict=True):
                total += np.where(has_point, row, 0.0)
            return np.where(count > 0, total / np.maximum(count, 1) if aggregator == "avg" else total, np.nan)
        case "min":
            return np.where(count > 0, np.where(present, table, np.inf).min(axis=0), np.nan)
        case "max":
            return np.where(count > 0, np.where(present, table, -np.inf).max(axis=0), np.nan)
    raise Refused(f"{aggregator}:", "merges distributions only")
