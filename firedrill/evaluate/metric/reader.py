"""Reading metric queries: from series to points by group, first aggregated in time, then in space."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.metric import functions
from firedrill.evaluate.metric.aggregation import aggregate_in_space, aggregate_in_time, merge_points
from firedrill.evaluate.metric.grid import Grid
from firedrill.evaluate.metric.percentiles import percentiles
from firedrill.evaluate.metric.rollup import rollup_method
from firedrill.evaluate.metric.scope import group_of, selects, tag_values
from firedrill.evaluate.metric.table import GroupKey, Table, combine
from firedrill.evaluate.metric.windows import CELL, fold_all, fold_slices, fold_windows
from firedrill.evaluate.model import Note, Refused
from firedrill.evaluate.telemetry import FloatArray, IntArray, Series, Telemetry
from firedrill.query.tree import MetricQuery


@dataclass(frozen=True, eq=False)
class PointTimes:
    """Times of the first and last point in each cell, by group, of one query with its shift in seconds."""

    shift: float
    first: Table
    last: Table

    def of_tags(self, by: GroupKey) -> "PointTimes":
        """Return the times by those of the query's tags that are among some."""
        some = tuple(tag for tag in self.first.by if tag in by)
        if some == self.first.by:
            return self
        return PointTimes(
            self.shift, self.first.merged(some, np.minimum.reduce), self.last.merged(some, np.maximum.reduce)
        )


def _least_shifted(point_times: list[PointTimes]) -> list[PointTimes]:
    least = min(times.shift for times in point_times)
    return [times for times in point_times if times.shift == least]


def _latest(left: Table, right: Table) -> Table:
    return combine(left, right, np.maximum, -np.inf)


@dataclass
class MetricReader:
    """Reads metric queries over one grid.

    With ``sums`` each query is one sum over the window (the as_count path). ``notes`` are the undocumented rules that
    the results depend on. ``has_gaps`` is set when merged gauges have gaps, whose interpolation needs window rows.
    """

    telemetry: Telemetry
    grid: Grid
    sums: bool = False
    notes: set[Note] = field(default_factory=set)
    has_gaps: bool = False
    derived: list["MetricReader"] = field(default_factory=list)
    _point_times: list[PointTimes] = field(default_factory=list)

    def table(self, query: MetricQuery, shift: float, function: str | None) -> Table:
        """Return the query's points by group, ``shift`` seconds earlier, with a function applied to each series."""
        by, keys, groups = self.groups(query, shift)
        if self.sums:
            sums = np.array([self._window_sum(query, groups[key], shift) for key in keys])
            sums = sums.reshape(len(keys), self.grid.times.size)
            return Table(by, keys, sums, present=~np.isnan(sums))
        shape = self.row_shape()
        values = np.empty((len(keys), *shape))
        present = np.empty((len(keys), *shape[:-1]), np.bool_)
        for row, key in enumerate(keys):
            values[row], present[row] = self._points(query, groups[key], shift, function)
        gauge = any(series.type == "gauge" for key in keys for series in groups[key])
        return Table(by, keys, values, gauge, present=present if self.grid.has_window_rows else None)

    def groups(
        self, query: MetricQuery, shift: float
    ) -> tuple[GroupKey, tuple[GroupKey, ...], dict[GroupKey, list[Series]]]:
        """Return the query's tags, its groups in order, and the series of each; the times of their points are kept."""
        cells = self.grid.cells_before(shift)
        by = tuple(word.text for word in query.by)
        groups = self._series(query, cells.origin, cells.end)
        keys = tuple(sorted(groups))
        if not self.grid.adjacent:
            self._keep_point_times(by, keys, groups, shift)
        return by, keys, groups

    def has_begun(self, query: MetricQuery, shift: float, keys: tuple[GroupKey, ...]) -> NDArray[np.bool_]:
        """Return, by group and evaluation, whether the query has had a point of the group at any time before."""
        groups = self._series(query, -np.inf, float(self.grid.times[-1]) - shift)
        first = [min((float(series.times[0]) for series in groups.get(key, [])), default=np.inf) for key in keys]
        return np.array(first).reshape(len(keys), 1) <= self.grid.times - shift

    def _series(self, query: MetricQuery, start: float, end: float) -> dict[GroupKey, list[Series]]:
        """Return the series of each group that have points in ``(start, end]``."""
        groups: dict[GroupKey, list[Series]] = defaultdict(list)
        by = tuple(word.text for word in query.by)
        candidates = self.telemetry.series(query.metric.text, start, end)
        for series in sorted(candidates, key=lambda series: sorted(series.tags)):
            tags = tag_values(series.tags)
            key = group_of(by, tags) if selects(query.scope, tags) else None
            if key is not None and self._has_aggregator(query, series):
                groups[key].append(series)
        return groups

    def over(self, length: int) -> "MetricReader":
        """Return a reader over windows of ``length`` seconds that end when this one's do."""
        windows = self.sums or self.grid.has_window_rows
        reader = MetricReader(self.telemetry, self.grid.over(length, windows=windows), notes=self.notes)
        self.derived.append(reader)
        return reader

    def point_times(self, by: GroupKey) -> tuple[Table, Table, Table]:
        """Return the first and last point of each cell over the queries that look back least.

        The third table has the last points of the queries with all tags of the expression alone: a group is in a window
        when one of these has a point of it. Groups of queries with more tags than the expression's count for its own.
        """
        points = [times.of_tags(by) for times in self._point_times]
        own = _least_shifted([times for times in points if set(times.last.by) == set(by)])
        current = _least_shifted(points)
        current += [times for times in own if times not in current]
        first = reduce(lambda left, right: combine(left, right, np.minimum, np.inf), (times.first for times in current))
        last = reduce(_latest, (times.last for times in current))
        return first, last, last if len(own) == len(current) else reduce(_latest, (times.last for times in own))

    def row_shape(self) -> tuple[int, ...]:
        """Return the shape of one group's points."""
        starts, _ = self.grid.bounds(np.empty(0), 0)
        return self.grid.by_window(np.zeros(starts.shape)).shape

    def _has_aggregator(self, query: MetricQuery, series: Series) -> bool:
        aggregator = query.aggregator.text
        if series.type == "distribution" or aggregator in {"avg", "sum", "min", "max"}:
            return True
        if aggregator == "count" and not self.sums:
            text = "of another type than a distribution counts the series that have a point"
            self.notes.add(Note("count:", text, approximation=True))
            return True
        if aggregator.startswith("count"):
            reason = f"{query.metric} is a {series.type}: its values are counted for distributions only"
            raise Refused(f"{aggregator}:", reason)
        self.notes.add(
            Note("percentile of no distribution", f"{query.metric} is a {series.type}: {aggregator} has no data")
        )
        return False

    def _keep_point_times(
        self, by: GroupKey, keys: tuple[GroupKey, ...], groups: dict[GroupKey, list[Series]], shift: float
    ) -> None:
        first = np.full((len(keys), self.grid.cells.count), np.inf)
        last = np.full((len(keys), self.grid.cells.count), -np.inf)
        for row, key in enumerate(keys):
            for series in groups[key]:
                edges = self.grid.edges(series.times, shift)
                filled = edges[1:] > edges[:-1]
                first[row][filled] = np.minimum(first[row][filled], series.times[edges[:-1][filled]] + shift)
                last[row][filled] = np.maximum(last[row][filled], series.times[edges[1:][filled] - 1] + shift)
        self._point_times.append(PointTimes(shift, Table(by, keys, first), Table(by, keys, last)))

    # --- values of one group ----------------------------------------------------------------------------------------

    def _window_sum(self, query: MetricQuery, group: list[Series], shift: float) -> FloatArray:
        """Return the sum of each window; no value for one without points."""
        total, points = np.zeros(self.grid.cells.count), np.zeros(self.grid.cells.count)
        for series in group:
            edges = self.grid.edges(series.times, shift)
            points += edges[1:] - edges[:-1]
            scale = series.interval if series.type == "rate" else 1
            if series.type == "distribution" and query.aggregator.text.startswith("count"):
                total += np.nan_to_num(_counts(query, series.values, edges[:-1], edges[1:]))
            else:
                total += fold_slices(series.values, edges[:-1], edges[1:], np.add, 0.0) * scale
        if len(group) > 1 and query.aggregator.text in {"avg", "min", "max"} and group[0].type != "distribution":
            total = np.nan_to_num(self._points(query, group, shift, None)[0])
        if any(series.type == "gauge" for series in group):
            self.notes.add(Note("as_count of a gauge", "as_count() does not affect gauges: their points are added"))
        return np.where(self._fold(points) > 0, self._fold(total), np.nan)

    def _fold(self, by_cell: FloatArray) -> FloatArray:
        """Return the sum of the minutes of each window."""
        if self.grid.starts is not None:
            return fold_all(np.nan_to_num(self.grid.by_window(by_cell)), np.add)
        return self.grid.at_evaluations(fold_windows(by_cell, self.grid.lead // CELL, np.add))

    def _points(
        self, query: MetricQuery, group: list[Series], shift: float, function: str | None
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return a group's points, and whether a window (in a grid without window rows: the grid) has any."""
        distributions = [series for series in group if series.type == "distribution"]
        if distributions:
            raw = [self._distribution(query, distributions, shift)]
        else:
            raw = [self._in_time(query, series, shift) for series in group]
        if not self.sums:
            raw = [self.grid.by_window(values) for values in raw]
        presents = [np.asarray(~np.isnan(values).all(axis=-1)) for values in raw]
        rows = [
            self._fill_and_apply(query, values, present, function)
            for values, present in zip(raw, presents, strict=True)
        ]
        present = np.asarray(np.logical_or.reduce(presents))
        if query.aggregator.text == "count" and not distributions:
            return aggregate_in_space("count", rows), present
        if len(rows) == 1:
            return rows[0], present
        if not self.sums and not any(query.modifier(name) for name in ("fill", "as_rate", "as_count")):
            # In a window with one series there is nothing to align.
            several = np.asarray(np.add.reduce(presents, dtype=np.int64) > 1)
            rows = [
                self._interpolate(row, several) if series.type == "gauge" else row
                for row, series in zip(rows, group, strict=True)
            ]
        return aggregate_in_space(query.aggregator.text, rows), present

    def _interpolate(self, row: FloatArray, several: NDArray[np.bool_]) -> FloatArray:
        if self.grid.has_window_rows:
            return np.where(several[..., None], functions.interpolated(row, functions.CARRY // self.grid.bucket), row)
        # A gap may be filled from a point that a window does not hold: the caller reads again, window by window.
        places = np.flatnonzero(~np.isnan(row))
        self.has_gaps |= places.size > 0 and places[-1] - places[0] + 1 > places.size
        return row

    def _fill_and_apply(
        self, query: MetricQuery, values: FloatArray, present: NDArray[np.bool_], function: str | None
    ) -> FloatArray:
        fill = query.modifier("fill")
        if fill is not None and not self.sums:
            method = fill.arguments[0].text if fill.arguments else "linear"
            limit = float(fill.arguments[1].text) if len(fill.arguments) > 1 else functions.CARRY
            if limit > 600:
                self.notes.add(Note("fill limit", "one page caps .fill() at 600 s, another uses 900 s"))
            filled = functions.filled(values, method, int(limit // self.grid.bucket))
            values = np.where(present[..., None], filled, values)  # a window without points has no gap
        if function is not None:
            values = functions.SEQUENTIAL[function](values, self.grid.bucket)
        return values

    def _distribution(self, query: MetricQuery, group: list[Series], shift: float) -> FloatArray:
        times, values = merge_points(group)
        starts, ends = self.grid.bounds(times, shift)
        aggregator = query.aggregator.text
        if aggregator.startswith("p"):
            result = percentiles(values, starts, ends, float(aggregator[1:]))
        elif aggregator.startswith("count"):
            result = _counts(query, values, starts, ends)
        else:
            result = aggregate_in_time(aggregator, values, starts, ends)
        if query.modifier("as_rate") is not None:
            result = result / self.grid.bucket
        return result

    def _in_time(self, query: MetricQuery, series: Series, shift: float) -> FloatArray:
        starts, ends = self.grid.bounds(series.times, shift)
        rollup = rollup_method(query)
        method = rollup or "avg"
        if series.type != "gauge" and query.modifier("as_count") is not None:
            scale = series.interval if series.type == "rate" else 1
            return aggregate_in_time(method if rollup is not None else "sum", series.values, starts, ends) * scale
        if series.type == "count" and query.modifier("as_rate") is not None:
            return aggregate_in_time("sum", series.values, starts, ends) / self.grid.bucket
        return aggregate_in_time(method, series.values, starts, ends)


def _counts(query: MetricQuery, values: FloatArray, starts: IntArray, ends: IntArray) -> FloatArray:
    """Return how many values each bucket has, of those that ``count(v: v>=0.2)`` takes; NaN for an empty bucket."""
    condition = _CONDITION.search(query.aggregator.text)
    if condition is None:
        taken = np.ones(values.shape)
    else:
        taken = _COMPARISONS[condition[1]](values, float(condition[2])).astype(np.float64)
    return fold_slices(taken, starts, ends, np.add, np.nan)


_CONDITION = re.compile(r"v([<>]=?)(.+)\)")
_COMPARISONS: dict[str, np.ufunc] = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}
