"""Aggregation of matching events over evaluation windows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.event.queries import EventQuery
from firedrill.evaluate.event.search import EventGroup, MatchingEvents
from firedrill.evaluate.metric.percentiles import percentiles
from firedrill.evaluate.metric.table import GroupKey, Table
from firedrill.evaluate.metric.windows import CELL, Cells, fold_slices, fold_windows
from firedrill.evaluate.telemetry import FloatArray, IntArray

_PERCENTILES = {"median": 50.0, "pc75": 75.0, "pc90": 90.0, "pc95": 95.0, "pc98": 98.0, "pc99": 99.0}


@dataclass(frozen=True)
class Windows:
    """Windows of ``length`` seconds that end at some times (all at the same second of a minute).

    Cumulative windows have ``starts``; none is longer than ``length``.
    """

    ends: FloatArray
    length: int
    starts: FloatArray | None = None

    @property
    def lead(self) -> int:
        """Seconds of a window in full minutes."""
        return -(-self.length // CELL) * CELL

    @property
    def begins(self) -> FloatArray:
        """Time of the start of each window, which is not in it."""
        return self.ends - self.lead if self.starts is None else self.starts

    @property
    def cells(self) -> Cells:
        """Minutes that the windows cover."""
        origin = float(self.ends[0]) - self.lead
        return Cells(origin, round((float(self.ends[-1]) - origin) / CELL))

    def fold(self, values: FloatArray, function: np.ufunc) -> FloatArray:
        """Return the fold of each window's minutes (the last axis)."""
        if self.starts is not None:
            first, last = self.cells.index(self.starts), self.cells.index(self.ends)
            columns = [function.reduce(values[..., low:high], axis=-1) for low, high in zip(first, last, strict=True)]
            return np.stack(columns, axis=-1)
        rows = self.cells.index(self.ends) - self.lead // CELL
        result: FloatArray = fold_windows(values, self.lead // CELL, function)[..., rows]
        return result


def aggregate(query: EventQuery, matching: MatchingEvents, windows: Windows) -> Table:
    """Return the query's value by group in each window."""
    columns = [_aggregate_group(query, matching.groups[key], windows) for key in matching.keys]
    return Table(query.by, matching.keys, np.array(columns).reshape(len(matching.keys), windows.ends.size))


def event_times(
    matching: Iterable[tuple[GroupKey, MatchingEvents]], by: GroupKey, keys: tuple[GroupKey, ...], windows: Windows
) -> tuple[FloatArray, FloatArray]:
    """Return the times of the last and first event of each group in each window (infinities for an empty window).

    ``matching`` are the tags and events of each query. Events of a query with fewer tags count for all of its groups.
    """
    last = np.full((len(keys), windows.cells.count), -np.inf)
    first = np.full((len(keys), windows.cells.count), np.inf)
    for tags, events in matching:
        order = [by.index(tag) for tag in tags]
        rows: dict[GroupKey, list[int]] = defaultdict(list)
        for row, key in enumerate(keys):
            rows[tuple(key[place] for place in order)].append(row)
        for key, group in events.groups.items():
            times = group.times
            edges = windows.cells.bounds(times)
            filled = edges[1:] > edges[:-1]
            for row in rows[key]:
                last[row][filled] = np.maximum(last[row][filled], times[edges[1:][filled] - 1])
                first[row][filled] = np.minimum(first[row][filled], times[edges[:-1][filled]])
    return windows.fold(last, np.maximum), windows.fold(first, np.minimum)


def _aggregate_group(query: EventQuery, group: EventGroup, windows: Windows) -> FloatArray:
    times = group.times
    edges = windows.cells.bounds(times)
    counts = windows.fold((edges[1:] - edges[:-1]).astype(np.float64), np.add)
    if query.method == "count":
        return counts
    high = np.searchsorted(times, windows.ends, side="right")
    low = np.searchsorted(times, windows.begins, side="right")
    if query.method == "cardinality":
        return _cardinality(group.measures, low, high)
    measures = group.measures.astype(np.float64)
    if query.method in _PERCENTILES:
        return percentiles(measures, low, high, _PERCENTILES[query.method])
    if query.method in {"min", "max"}:
        fold, empty = (np.minimum, np.inf) if query.method == "min" else (np.maximum, -np.inf)
        result = windows.fold(fold_slices(measures, edges[:-1], edges[1:], fold, empty), fold)
        return np.where(counts > 0, result, np.nan)
    sums = windows.fold(fold_slices(measures, edges[:-1], edges[1:], np.add, 0.0), np.add)
    return sums if query.method == "sum" else np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _cardinality(values: NDArray[np.object_], low: IntArray, high: IntArray) -> FloatArray:
    """Return the number of different values in each of the ranges, whose ends both ascend.

    A value counts at its first place in a range: in those that begin after its previous place, and not after this one.
    """
    _, codes = np.unique([str(value) for value in values], return_inverse=True)
    order = np.argsort(codes, kind="stable")
    previous = np.full(codes.size, -1)
    repeated = codes[order][1:] == codes[order][:-1]
    previous[order[1:][repeated]] = order[:-1][repeated]
    place = np.arange(codes.size)
    begin = np.maximum(np.searchsorted(high, place, side="right"), np.searchsorted(low, previous, side="right"))
    end = np.searchsorted(low, place, side="right")
    counted = end > begin
    steps = np.bincount(begin[counted], minlength=low.size + 1) - np.bincount(end[counted], minlength=low.size + 1)
    return np.cumsum(steps)[: low.size].astype(np.float64)
