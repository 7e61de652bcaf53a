"""Outlier detection: groups whose points lie apart from those of the others (docs: monitors/types/outlier)."""

import numpy as np

from firedrill.evaluate.metric.algorithm_inputs import (
    MAD_TO_DEVIATION,
    AlgorithmResult,
    Arguments,
    latest_bucket,
    read_history,
)
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.tree import Expression, MetricMonitor

MIN_GROUPS = 3


def measure_outliers(
    monitor: MetricMonitor, query: Expression, arguments: Arguments, telemetry: Telemetry, times: FloatArray
) -> AlgorithmResult:
    """Return 1 for each group that is an outlier among the groups, else 0."""
    algorithm, tolerance = arguments.text(0, "DBSCAN"), arguments.number(1, 3)
    if algorithm.upper() not in {"DBSCAN", "MAD"}:
        raise Refused(f"outliers '{algorithm}'", "the scaled variants are not documented")
    share = arguments.number(2, 50) / 100
    length = monitor.window.seconds
    table, ends = read_history(query, telemetry, float(times[0]) - length, float(times[-1]), CELL)
    values = np.full((len(table.keys), times.size), np.nan)
    for column, time in enumerate(times):
        window = table.values[:, (ends > time - length) & (ends <= time)]
        rows = np.flatnonzero((~np.isnan(window)).any(axis=1))
        if rows.size >= MIN_GROUPS:
            lines = window[rows]
            values[rows, column] = (
                _dbscan(lines, tolerance) if algorithm.upper() == "DBSCAN" else _mad(lines, tolerance, share)
            )
    return AlgorithmResult(values, table.keys, table.by, latest_bucket(table.values, ends, times, length))


def _dbscan(lines: FloatArray, tolerance: float) -> FloatArray:
    """Return 1 for lines outside the largest cluster; eps is tolerance x median distance to the median line."""
    centre = np.nanmedian(lines, axis=0)
    reach = tolerance * float(np.median(np.sqrt(np.nansum((lines - centre) ** 2, axis=1))))
    distances = np.sqrt(np.nansum((lines[:, None] - lines[None]) ** 2, axis=2))
    label = np.full(len(lines), -1)
    for start in range(len(lines)):
        if label[start] < 0:
            pending = [start]
            while pending:
                member = pending.pop()
                if label[member] < 0:
                    label[member] = start
                    pending.extend(np.flatnonzero((distances[member] <= reach) & (label < 0)).tolist())
    names, sizes = np.unique(label, return_counts=True)
    outside: FloatArray = (label != names[np.argmax(sizes)]).astype(np.float64)
    return outside


def _mad(lines: FloatArray, tolerance: float, share: float) -> FloatArray:
    """Return 1 for lines with more than a share of points over tolerance deviations from the median of all points."""
    centre = np.nanmedian(lines)
    deviation = MAD_TO_DEVIATION * np.nanmedian(np.abs(lines - centre))
    far = np.abs(lines - centre) > tolerance * deviation
    outside: FloatArray = (far.sum(axis=1) > share * (~np.isnan(lines)).sum(axis=1)).astype(np.float64)
    return outside
