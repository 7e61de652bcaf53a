"""From series to points: time aggregation, then space aggregation
(docs: dashboards/functions/rollup).

Points lie on a grid of buckets that end where windows end (one for each minute of the range, so that every window
finds its own), or, for an explicit rollup, on buckets aligned to UNIX time and cut to each window.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from firedrill.evaluate import functions
from firedrill.evaluate.model import Note, Refused
from firedrill.evaluate.scope import group_of, selects, tag_values
from firedrill.evaluate.table import Key, Table, combine
from firedrill.evaluate.telemetry import FloatArray, IntArray, Series, Telemetry
from firedrill.evaluate.windows import CELL, Cells, percentiles, reduced, windowed
from firedrill.query.tree import MetricQuery

HOUR, DAY, WEEK = 3600, 86400, 604800


def bucket_for(length: int) -> int:
    """Seconds between the points of a window: a minute up to 4 hours, 5 minutes up to a day.

    The size that a monitor picks is undocumented (C-bucket); longer windows take half an hour or 4 hours.
    """
    for longest, bucket in ((4 * HOUR, CELL), (DAY, 300), (WEEK, 1800)):
        if length <= longest:
            return bucket if length % bucket == 0 else CELL
    return 4 * HOUR if length % (4 * HOUR) == 0 else CELL


@dataclass
class Range:
    """Evaluation times (all at the same second of a minute), the window before each, and the points in it."""

    times: FloatArray
    length: int
    bucket: int
    unix: bool = False
    windows: bool = False
    starts: FloatArray | None = None
    known: dict[tuple[int, float], tuple[FloatArray, IntArray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.length = -(-self.length // self.bucket) * self.bucket if not self.unix else self.length
        self.lead = -(-self.length // CELL) * CELL
        origin = float(self.times[0]) - self.lead
        self.cells = Cells(origin, round((float(self.times[-1]) - origin) / CELL))
        self.stride = max(1, self.bucket // CELL)

    @property
    def first_cell(self) -> IntArray:
        """The number of the first cell in each window."""
        return self.cells.index(self.times) - self.lead // CELL

    def moved(self, shift: float) -> Cells:
        """The cells, so many seconds earlier."""
        return Cells(self.cells.origin - shift, self.cells.count)

    def edges(self, times: FloatArray, shift: float) -> IntArray:
        """Positions of the cells' edges in a series' times, found once for each series."""
        key = (id(times), shift)
        if key not in self.known:
            self.known[key] = (times, self.moved(shift).bounds(times))
        return self.known[key][1]

    def pick(self, over_windows: FloatArray) -> FloatArray:
        """From values at all window positions those at the evaluation times."""
        return over_windows[..., self.first_cell]

    def bounds(self, times: FloatArray, shift: float) -> tuple[IntArray, IntArray]:
        """Where the points of each bucket begin and end in a series' times."""
        if not self.unix:
            edges = self.edges(times, shift)
            return edges[: -self.stride], edges[self.stride :]
        ends = self.times - shift
        starts = (self.starts if self.starts is not None else self.times - self.length) - shift
        count = -(-self.length // self.bucket) + 1
        numbers = np.floor(starts / self.bucket)[:, None] + np.arange(count)
        low = np.searchsorted(times, numbers * self.bucket, side="left")
        high = np.searchsorted(times, (numbers + 1) * self.bucket, side="left")
        low = np.maximum(low, np.searchsorted(times, starts, side="right")[:, None])
        high = np.minimum(high, np.searchsorted(times, ends, side="right")[:, None])
        return low, np.maximum(low, high)

    def gathered(self, values: FloatArray) -> FloatArray:
        """Grid values as one row of points for each window."""
        if self.unix or not self.windows:
            return values
        count = self.length // self.bucket
        places = self.first_cell[:, None] + self.stride * np.arange(count)
        rows = values[..., places]
        if self.starts is None:
            return rows
        ends = self.times[:, None] - self.length + self.bucket * np.arange(1, count + 1)
        return np.where(ends > self.starts[:, None], rows, np.nan)


@dataclass
class Reader:
    """Reads metric queries over one range, and notes what it met."""

    telemetry: Telemetry
    range: Range
    sums: bool = False
    notes: set[Note] = field(default_factory=set)
    gaps: bool = False
    stamps: list[tuple[float, Table, Table]] = field(default_factory=list)

    def table(self, query: MetricQuery, shift: float, function: str | None) -> Table:
        """The query's points by group."""
        groups = self.groups(query, shift)
        by = tuple(word.text for word in query.by)
        keys = tuple(sorted(groups))
        self.stamp(by, keys, groups, shift)
        if self.sums:
            length = self.range.lead // CELL
            sums = [self._window_sum(query, groups[key], shift, length) for key in keys]
            return Table(by, keys, np.array(sums).reshape(len(keys), self.range.times.size))
        rows = [self._points(query, groups[key], shift, function) for key in keys]
        gauge = any(series.type == "gauge" for key in keys for series in groups[key])
        shape = self._shape(shift)
        return Table(by, keys, np.array(rows).reshape(len(keys), *shape), gauge)

    def _shape(self, shift: float) -> tuple[int, ...]:
        nothing = np.empty(0)
        starts, _ = self.range.bounds(nothing, shift)
        return self.range.gathered(np.zeros(starts.shape)).shape

    def groups(self, query: MetricQuery, shift: float) -> dict[Key, list[Series]]:
        cells = self.range.moved(shift)
        groups: dict[Key, list[Series]] = defaultdict(list)
        by = tuple(word.text for word in query.by)
        found = self.telemetry.series(query.metric.text, cells.origin, cells.end)
        for series in sorted(found, key=lambda one: sorted(one.tags)):
            tags = tag_values(series.tags)
            key = group_of(by, tags) if selects(query.scope, tags) else None
            if key is not None and self._answers(query, series):
                groups[key].append(series)
        return groups

    def _answers(self, query: MetricQuery, series: Series) -> bool:
        aggregator = query.aggregator.text
        if series.type == "distribution" or aggregator in {"avg", "sum", "min", "max"}:
            return True
        if aggregator == "count":
            raise Refused("count:", f"{query.metric} is a {series.type}: count is documented for distributions only")
        self.notes.add(
            Note("percentile of no distribution", f"{query.metric} is a {series.type}: {aggregator} has no data")
        )
        return False

    def stamp(self, by: Key, keys: tuple[Key, ...], groups: dict[Key, list[Series]], shift: float) -> None:
        """Keep the first and last time of a point in each cell."""
        first = np.full((len(keys), self.range.cells.count), np.inf)
        last = np.full((len(keys), self.range.cells.count), -np.inf)
        for row, key in enumerate(keys):
            for series in groups[key]:
                edges = self.range.edges(series.times, shift)
                some = edges[1:] > edges[:-1]
                first[row][some] = np.minimum(first[row][some], series.times[edges[:-1][some]] + shift)
                last[row][some] = np.maximum(last[row][some], series.times[edges[1:][some] - 1] + shift)
        self.stamps.append((shift, Table(by, keys, first), Table(by, keys, last)))

    def seen(self) -> tuple[Table, Table]:
        """First and last point of each cell over all queries (of those that are not shifted, if there is one)."""
        now = [stamp for stamp in self.stamps if stamp[0] == 0] or self.stamps
        first = reduce(lambda left, right: combine(left, right, np.minimum, np.inf), (stamp[1] for stamp in now))
        last = reduce(lambda left, right: combine(left, right, np.maximum, -np.inf), (stamp[2] for stamp in now))
        return first, last

    # --- values of one group ----------------------------------------------------------------------------------------

    def _window_sum(self, query: MetricQuery, group: list[Series], shift: float, length: int) -> FloatArray:
        total = np.zeros(self.range.cells.count)
        for series in group:
            edges = self.range.edges(series.times, shift)
            scale = series.interval if series.type == "rate" else 1
            if series.type == "distribution" and query.aggregator.text == "count":
                total += edges[1:] - edges[:-1]
            else:
                total += reduced(series.values, edges[:-1], edges[1:], np.add, 0.0) * scale
        if any(series.type == "gauge" for series in group):
            self.notes.add(Note("as_count of a gauge", "as_count() does not affect gauges: their points are added"))
        return self.range.pick(windowed(total, length, np.add))

    def _points(self, query: MetricQuery, group: list[Series], shift: float, function: str | None) -> FloatArray:
        raw = [series for series in group if series.type == "distribution"]
        if raw:
            return self._formed(query, self._distribution(query, raw, shift), function)
        rows = []
        for series in group:
            values = self.range.gathered(self._in_time(query, series, shift))
            rows.append(self._formed(query, values, function))
        if len(rows) == 1:
            return rows[0]
        if query.modifier("fill") is None and query.modifier("as_rate") is None and query.modifier("as_count") is None:
            rows = [
                self._between(row) if series.type == "gauge" else row for row, series in zip(rows, group, strict=True)
            ]
        return in_space(query.aggregator.text, rows)

    def _between(self, row: FloatArray) -> FloatArray:
        if self.range.windows or self.range.unix:
            return functions.interpolated(row, functions.CARRY // self.range.bucket)
        places = np.flatnonzero(~np.isnan(row))
        self.gaps |= places.size > 0 and places[-1] - places[0] + 1 > places.size
        return row

    def _formed(self, query: MetricQuery, values: FloatArray, function: str | None) -> FloatArray:
        fill = query.modifier("fill")
        if fill is not None:
            method = fill.arguments[0].text if fill.arguments else "linear"
            limit = float(fill.arguments[1].text) if len(fill.arguments) > 1 else functions.CARRY
            if limit > 600:
                self.notes.add(Note("fill limit", "one page caps .fill() at 600 s, another uses 900 s"))
            values = functions.filled(values, method, int(limit // self.range.bucket))
        if function is not None:
            values = functions.SEQUENTIAL[function](values, self.range.bucket)
        return values

    def _distribution(self, query: MetricQuery, group: list[Series], shift: float) -> FloatArray:
        times, values = merged(group)
        starts, ends = self.range.bounds(times, shift)
        aggregator, counts = query.aggregator.text, (ends - starts).astype(np.float64)
        if aggregator.startswith("p"):
            result = percentiles(values, starts, ends, float(aggregator[1:]))
        elif aggregator == "count":
            result = np.where(counts > 0, counts, np.nan)
        else:
            result = _reduced(aggregator, values, starts, ends)
        if query.modifier("as_rate") is not None:
            result = result / self.range.bucket
        return self.range.gathered(result)

    def _in_time(self, query: MetricQuery, series: Series, shift: float) -> FloatArray:
        starts, ends = self.range.bounds(series.times, shift)
        rollup = query.modifier("rollup")
        method = rollup.arguments[0].text if rollup is not None and rollup.arguments else "avg"
        if series.type != "gauge" and query.modifier("as_count") is not None:
            scale = series.interval if series.type == "rate" else 1
            return _reduced(method if rollup is not None else "sum", series.values, starts, ends) * scale
        if series.type == "count" and query.modifier("as_rate") is not None:
            return _reduced("sum", series.values, starts, ends) / self.range.bucket
        return _reduced(method, series.values, starts, ends)


def merged(group: list[Series]) -> tuple[FloatArray, FloatArray]:
    """All points of some series, in order of time."""
    if len(group) == 1:
        return group[0].times, group[0].values
    times = np.concatenate([series.times for series in group])
    order = np.argsort(times, kind="stable")
    return times[order], np.concatenate([series.values for series in group])[order]


def _reduced(method: str, values: FloatArray, starts: IntArray, ends: IntArray) -> FloatArray:
    counts = ends - starts
    match method:
        case "sum" | "avg":
            total = reduced(values, starts, ends, np.add, np.nan)
            return total / np.maximum(counts, 1) if method == "avg" else total
        case "min":
            return reduced(values, starts, ends, np.minimum, np.nan)
        case "max":
            return reduced(values, starts, ends, np.maximum, np.nan)
        case "count":
            return np.where(counts > 0, counts, np.nan)
        case "last":
            return np.where(counts > 0, values[np.maximum(ends, 1) - 1] if values.size else np.nan, np.nan)
    raise Refused(f"rollup({method})", "is not implemented")


def in_space(aggregator: str, rows: list[FloatArray]) -> FloatArray:
    """Series merged at each point; a series without a point does not count."""
    table = np.array(rows)
    some = ~np.isnan(table)
    count = some.sum(axis=0)
    match aggregator:
        case "sum" | "avg":
            total = np.zeros(table.shape[1:])
            for row, known in zip(table, some, strict=True):
                total += np.where(known, row, 0.0)
            return np.where(count > 0, total / np.maximum(count, 1) if aggregator == "avg" else total, np.nan)
        case "min":
            return np.where(count > 0, np.where(some, table, np.inf).min(axis=0), np.nan)
        case "max":
            return np.where(count > 0, np.where(some, table, -np.inf).max(axis=0), np.nan)
    raise Refused(f"{aggregator}:", "merges distributions only")
