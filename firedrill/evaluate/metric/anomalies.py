"""Anomaly detection: the share of a window's points that lie outside a band (docs: monitors/types/anomaly)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.metric.algorithm_inputs import (
    DAY,
    HOUR,
    MAD_TO_DEVIATION,
    MIN_POINTS,
    WEEK,
    AlgorithmResult,
    Arguments,
    latest_bucket,
    read_history,
)
from firedrill.evaluate.metric.table import Table
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.telemetry import FloatArray, IntArray, Telemetry
from firedrill.query.build import parse_window
from firedrill.query.tree import NOWHERE, Expression, MetricQuery

SEASONS = {"hourly": HOUR, "daily": DAY, "weekly": WEEK}
MAX_SEASONS = 6


def interval_is_valid(alert_window: float, interval: float) -> bool:
    """Return whether an anomaly monitor's interval is at most a fifth of its alert window."""
    return interval <= alert_window / 5


@dataclass(frozen=True)
class AnomalyBand:
    """The query's buckets with their ends, the points that are judged, and the bounds of each."""

    table: Table
    ends: FloatArray
    points: FloatArray
    lower: FloatArray
    upper: FloatArray
    alert_window: int
    interval: int


def anomaly_band(  # noqa: PLR0917 - what a band depends on
    query: Expression, arguments: Arguments, options: Json, telemetry: Telemetry, start: float, end: float
) -> AnomalyBand:
    """Return the points of the evaluations from ``start`` to ``end`` and of their history, with the band."""
    algorithm, deviations = arguments.text(0, "basic"), arguments.number(1, 2)
    trigger_window = (options.get("threshold_windows") or {}).get("trigger_window")
    alert_window = (
        parse_window(trigger_window, NOWHERE).seconds if trigger_window else arguments.seconds("alert_window", 900)
    )
    interval = max(CELL, arguments.seconds("interval", CELL))
    if not interval_is_valid(alert_window, interval):
        raise Refused("anomalies()", f"interval={interval} is over a fifth of the alert window ({alert_window} s)")
    season = SEASONS.get(arguments.keywords.get("seasonality", "weekly"), WEEK)
    depth = max(5 * alert_window, 2 * HOUR) if algorithm == "basic" else MAX_SEASONS * season
    table, ends = read_history(query, telemetry, start - depth - alert_window, end, interval)
    default_zero = arguments.keywords.get("count_default_zero") == "true" and _is_count(query)
    points = np.nan_to_num(table.values) if default_zero else table.values
    lower, upper = _band(algorithm, points, interval, deviations, alert_window=alert_window, season=season)
    return AnomalyBand(table, ends, points, lower, upper, alert_window, interval)


def measure_anomalies(
    query: Expression, arguments: Arguments, options: Json, telemetry: Telemetry, times: FloatArray
) -> AlgorithmResult:
    """Return the share of points outside the band in each alert window."""
    band = anomaly_band(query, arguments, options, telemetry, float(times[0]), float(times[-1]))
    points, alert_window = band.points, band.alert_window
    outside = _outside(points, band.lower, band.upper, arguments.keywords.get("direction", "both"))
    judged = ~np.isnan(points) & ~np.isnan(band.upper)
    size = max(1, round(alert_window / band.interval))
    position = np.searchsorted(band.ends, times, side="right")
    anomalous, total = _counts(outside & judged, position, size), _counts(judged, position, size)
    return AlgorithmResult(
        values=np.divide(anomalous, total, out=np.full(total.shape, np.nan), where=total > 0),
        keys=band.table.keys,
        by=band.table.by,
        latest=np.where(total > 0, latest_bucket(band.table.values, band.ends, times, alert_window), -np.inf),
    )


def _is_count(query: Expression) -> bool:
    return isinstance(query, MetricQuery) and query.modifier("as_count") is not None


def _outside(points: FloatArray, lower: FloatArray, upper: FloatArray, direction: str) -> NDArray[np.bool_]:
    outside = np.zeros(points.shape, bool)
    if direction in {"both", "above"}:
        outside |= points > upper
    if direction in {"both", "below"}:
        outside |= points < lower
    return outside


def _counts(flags: NDArray[np.bool_], position: IntArray, size: int) -> FloatArray:
    """Return how many of the ``size`` flags before each position are set."""
    sums = np.concatenate([np.zeros((flags.shape[0], 1)), np.cumsum(flags, axis=1)], axis=1)
    counts: FloatArray = sums[:, position] - sums[:, np.maximum(position - size, 0)]
    return counts


def _band(
    algorithm: str, points: FloatArray, interval: int, deviations: float, *, alert_window: int, season: int
) -> tuple[FloatArray, FloatArray]:
    """Return the lower and upper bound of each point; NaN where there is too little history."""
    if algorithm == "basic":
        size = max(5 * alert_window, 2 * HOUR) // interval
        return _rolling_band(points, size, alert_window // interval, deviations)
    if algorithm not in {"agile", "robust"}:
        raise Refused(algorithm, "is not an anomaly algorithm")
    steps = season // interval
    seasons = np.array([_delayed(points, steps * count) for count in range(1, MAX_SEASONS + 1)])
    enough = (~np.isnan(seasons)).sum(axis=0) >= MIN_POINTS
    filled = np.where(enough, seasons, 0.0)
    centre = np.nanmedian(filled, axis=0)
    spread = MAD_TO_DEVIATION * np.nanmedian(np.abs(filled - centre), axis=0)
    if algorithm == "agile":
        centre = centre + np.nan_to_num(_delayed(points - centre, 1))
    centre = np.where(enough, centre, np.nan)
    return centre - deviations * spread, centre + deviations * spread


def _delayed(points: FloatArray, steps: int) -> FloatArray:
    result = np.full(points.shape, np.nan)
    if steps < points.shape[1]:
        result[:, steps:] = points[:, : points.shape[1] - steps]
    return result


def _rolling_band(points: FloatArray, size: int, gap: int, deviations: float) -> tuple[FloatArray, FloatArray]:
    """Return a band around the median of the ``size`` points that end ``gap`` before each point.

    At least half of these points must exist.
    """
    lower, upper = np.full(points.shape, np.nan), np.full(points.shape, np.nan)
    first = size // 2 + gap
    if points.shape[1] <= first:
        return lower, upper
    missing = np.full((points.shape[0], size), np.nan)
    past = np.concatenate([missing, points], axis=1)[:, : points.shape[1] + size - gap]
    windows = np.lib.stride_tricks.sliding_window_view(past, size, axis=1)[:, first - gap : points.shape[1] - gap]
    for row, lines in enumerate(windows):
        enough = (~np.isnan(lines)).sum(axis=1) * 2 >= size
        centre = _medians(lines)
        spread = MAD_TO_DEVIATION * _medians(np.abs(lines - centre[:, None]))
        lower[row, first:] = np.where(enough, centre - deviations * spread, np.nan)
        upper[row, first:] = np.where(enough, centre + deviations * spread, np.nan)
    return lower, upper


def _medians(lines: FloatArray) -> FloatArray:
    """Return the median of each line's numbers; NaN where there is none."""
    ordered = np.sort(lines, axis=1)  # NaN comes last
    count = (~np.isnan(lines)).sum(axis=1)
    row = np.arange(len(lines))
    middle = ordered[row, np.maximum(count - 1, 0) // 2], ordered[row, np.minimum(count // 2, lines.shape[1] - 1)]
    return np.where(count > 0, (middle[0] + middle[1]) / 2, np.nan)
