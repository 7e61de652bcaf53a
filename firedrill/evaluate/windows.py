"""Cells of a minute and windows over them, vectorized over time.

A cell is open at its start and closed at its end, like a window (C-window), so that a window that ends on a cell's
edge is a whole number of cells. Sums over windows are built by doubling: the value of a window depends on nothing
but its own cells, and so does its rounding. That is what makes one evaluation and a month of them agree exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.telemetry import FloatArray, IntArray

CELL = 60
"""Seconds in a cell."""

Fold = Callable[[FloatArray, FloatArray], FloatArray]


def windowed(values: FloatArray, size: int, fold: Fold, stride: int = 1) -> FloatArray:
    """At each position of the last axis the fold of ``size`` values that end there, ``stride`` apart.

    Positions whose window would begin before the array are dropped: the result is ``(size - 1) * stride`` shorter.
    """
    length = values.shape[-1] - (size - 1) * stride
    if length <= 0:
        return values[..., :0]
    result: FloatArray | None = None
    power, width, covered = values, 1, 0
    while True:
        if size & width:
            part = power[..., covered * stride : covered * stride + length]
            result = part if result is None else fold(result, part)
            covered += width
        if covered == size:
            assert result is not None
            return result
        power = fold(power[..., : power.shape[-1] - width * stride], power[..., width * stride :])
        width *= 2


def folded(values: FloatArray, fold: Fold) -> FloatArray:
    """The fold of the whole last axis, in the same order as :func:`windowed`."""
    return windowed(values, values.shape[-1], fold)[..., 0]


@dataclass(frozen=True)
class Cells:
    """``count`` cells of a minute; the first begins at ``origin``."""

    origin: float
    count: int

    @property
    def end(self) -> float:
        """Where the last cell ends."""
        return self.origin + self.count * CELL

    def bounds(self, times: FloatArray) -> IntArray:
        """Positions in ``times`` (ascending) of the cells' edges: cell i is ``[bounds[i], bounds[i + 1])``."""
        edges = self.origin + CELL * np.arange(self.count + 1)
        return np.searchsorted(times, edges, side="right")

    def index(self, times: FloatArray) -> IntArray:
        """How many cells lie before each of these times (which must be edges)."""
        return np.rint((times - self.origin) / CELL).astype(np.int64)


def reduced(values: FloatArray, starts: IntArray, ends: IntArray, fold: np.ufunc, empty: float) -> FloatArray:
    """The fold of ``values[start:end]`` for each pair; ``empty`` where there is nothing."""
    result = np.full(starts.shape, empty)
    full = ends > starts
    if not full.any():
        return result
    begin, end = starts[full], ends[full]
    if np.array_equal(begin[1:], end[:-1]):  # side by side, as cells are: half the work
        result[full] = fold.reduceat(values[: end[-1]], begin)
    else:
        pairs = np.stack([begin, end], axis=-1).ravel()
        padded = np.append(values, values[-1])
        result[full] = fold.reduceat(padded, pairs)[::2]
    return result


def percentiles(values: FloatArray, starts: IntArray, ends: IntArray, percent: float) -> FloatArray:
    """The nearest-rank percentile (C-percentile) of ``values[start:end]`` for each pair; NaN where there is nothing."""
    sizes = ends - starts
    ranks = np.maximum(np.ceil(percent / 100 * sizes - 1e-9).astype(np.int64), 1) - 1
    result = np.full(starts.shape, np.nan)
    rows = np.flatnonzero(sizes > 0)
    if not rows.size:
        return result
    flat = result.reshape(-1)
    chosen = starts.reshape(-1)[rows], ends.reshape(-1)[rows], ranks.reshape(-1)[rows]
    if int(sizes.sum()) <= FEW * max(rows.size, CHUNK // FEW):
        flat[rows] = _smallest(values, *chosen)
    else:
        flat[rows] = _smallest_by_blocks(values, *chosen)
    return result


FEW = 256
"""Values in a window up to which windows are sorted one by one."""
CHUNK = 4_000_000
"""Numbers that are held at once."""
BLOCKS = 32


def _smallest(values: FloatArray, starts: IntArray, ends: IntArray, ranks: IntArray) -> FloatArray:
    """The value of that rank (0 is the least) in each ``values[start:end]``, which is not empty."""
    sizes = ends - starts
    result = np.empty(starts.shape)
    order = np.argsort(sizes, kind="stable")
    position = 0
    while position < order.size:
        step = order.size - position
        while step > 1 and step * int(sizes[order[position + step - 1]]) > CHUNK:
            step = (step + 1) // 2
        part = order[position : position + step]
        offsets = np.arange(int(sizes[part[-1]]))
        inside = offsets < sizes[part][:, None]
        table = np.where(inside, values[np.where(inside, starts[part][:, None] + offsets, 0)], np.inf)
        table.sort(axis=1)
        result[part] = table[np.arange(part.size), ranks[part]]
        position += step
    return result


def _smallest_by_blocks(values: FloatArray, starts: IntArray, ends: IntArray, ranks: IntArray) -> FloatArray:
    """The same for long windows that overlap: find the block of values that holds the rank, then sort only that.

    Blocks have equally many values. Within a block values stay in order of time, so a window's part is contiguous.
    """
    count = values.size
    blocks = np.empty(count, np.int64)
    blocks[np.argsort(values, kind="stable")] = np.arange(count) * BLOCKS // count
    by_block = np.argsort(blocks, kind="stable")
    place = np.arange(count)[by_block] + count * blocks[by_block]
    sorted_values = values[by_block]
    result = np.empty(starts.shape)
    rows_at_once = max(1, CHUNK // BLOCKS)
    for begin in range(0, starts.size, rows_at_once):
        part = slice(begin, begin + rows_at_once)
        columns = count * np.arange(BLOCKS)
        low = np.searchsorted(place, starts[part][:, None] + columns)
        high = np.searchsorted(place, ends[part][:, None] + columns)
        until = np.cumsum(high - low, axis=1)
        block = (until <= ranks[part][:, None]).sum(axis=1)
        row = np.arange(block.size)
        before = until[row, block] - (high - low)[row, block]
        result[part] = _smallest(sorted_values, low[row, block], high[row, block], ranks[part] - before)
    return result
