"""The grid of points below a range of evaluations.

Points lie in buckets that end where windows end (one for each minute of the range, so that every window finds its
own), or, for an explicit rollup, in buckets aligned to UNIX time and cut to each window (docs: functions/rollup).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.metric.windows import CELL, Cells
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray, IntArray

HOUR, DAY, WEEK = 3600, 86400, 604800


def bucket_for(length: int) -> int:
    """Return the seconds between the points of a window: a minute up to 4 hours, 5 minutes up to a day.

    The size that a monitor picks is undocumented (C-bucket); longer windows take half an hour or 4 hours.
    """
    for longest, bucket in ((4 * HOUR, CELL), (DAY, 300), (WEEK, 1800)):
        if length <= longest:
            return bucket if length % bucket == 0 else CELL
    return 4 * HOUR if length % (4 * HOUR) == 0 else CELL


@dataclass
class Grid:
    """Evaluation times (all at the same second of a minute), the window before each, and the points in it.

    ``length`` and ``bucket`` are seconds. ``unix`` aligns buckets to UNIX time. With ``windows`` (or ``unix``) values
    have one row of points for each window, otherwise one point for each cell. ``starts`` are the beginnings of
    cumulative windows. With ``adjacent`` there is one window, and values have one point for each of its buckets.
    """

    times: FloatArray
    length: int
    bucket: int
    unix: bool = False
    windows: bool = False
    starts: FloatArray | None = None
    adjacent: bool = False
    _edges: dict[tuple[int, float], tuple[FloatArray, IntArray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.unix:
            self.length = -(-self.length // self.bucket) * self.bucket
        self.lead = -(-self.length // CELL) * CELL
        origin = float(self.times[0]) - self.lead
        self.cells = Cells(origin, round((float(self.times[-1]) - origin) / CELL))
        self.stride = max(1, self.bucket // CELL)

    def last(self) -> "Grid":
        """Return the grid of the last evaluation alone."""
        starts = None if self.starts is None else self.starts[-1:]
        return Grid(self.times[-1:], self.length, self.bucket, self.unix, self.windows, starts)

    @property
    def has_window_rows(self) -> bool:
        """True where values have one row of points for each window."""
        return self.windows or self.unix

    def over(self, length: int, *, windows: bool) -> "Grid":
        """Return the grid of the same evaluations and buckets over windows of ``length`` seconds."""
        if self.starts is not None:
            raise Refused(".current()", "with a function of earlier points is not implemented")
        return Grid(self.times, length, self.bucket, self.unix, windows)

    @property
    def first_cell(self) -> IntArray:
        """Number of the first cell in each window."""
        return self.cells.index(self.times) - self.lead // CELL

    def cells_before(self, shift: float) -> Cells:
        """Return the cells ``shift`` seconds earlier."""
        return Cells(self.cells.origin - shift, self.cells.count)

    def edges(self, times: FloatArray, shift: float) -> IntArray:
        """Return the positions of the cells' edges in a series' times; computed once for each series."""
        key = (id(times), shift)
        if key not in self._edges:
            self._edges[key] = (times, self.cells_before(shift).bounds(times))
        return self._edges[key][1]

    def at_evaluations(self, by_cell: FloatArray) -> FloatArray:
        """Return, from values of the windows that begin at each cell, those at the evaluation times."""
        return by_cell[..., self.first_cell]

    def bounds(self, times: FloatArray, shift: float) -> tuple[IntArray, IntArray]:
        """Return where the points of each bucket begin and end in a series' times."""
        if self.adjacent:
            ends = self.times[0] - shift - self.length + self.bucket * np.arange(self.length // self.bucket + 1)
            edges = np.searchsorted(times, ends, side="right")
            return edges[:-1], edges[1:]
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

    def by_window(self, values: FloatArray) -> FloatArray:
        """Return one row of points for each window where the grid has such rows; else the values unchanged."""
        if self.unix or not self.windows:
            return values
        count = self.length // self.bucket
        places = self.first_cell[:, None] + self.stride * np.arange(count)
        rows = values[..., places]
        outside = self.outside()
        return rows if outside is None else np.where(outside, np.nan, rows)

    def outside(self) -> NDArray[np.bool_] | None:
        """Return which points of each window's row lie outside the window; None where all rows are full."""
        starts = self.times - self.length if self.starts is None else self.starts
        if self.unix:
            count = -(-self.length // self.bucket) + 1
            begins = (np.floor(starts / self.bucket)[:, None] + np.arange(count)) * self.bucket
            return begins > self.times[:, None]
        if self.starts is None:
            return None
        ends = self.times[:, None] - self.length + self.bucket * np.arange(1, self.length // self.bucket + 1)
        return ends <= starts[:, None]
