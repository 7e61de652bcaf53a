"""Minute cells and evaluation windows over them, vectorized over time.

A cell is open at its start and closed at its end, like a window (C-window), so that a window that ends on a cell's
edge is a whole number of cells. Sums over windows are built by doubling: the value of a window, and its rounding,
depends on its own cells only. That is why one evaluation and a month of them agree exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.telemetry import FloatArray, IntArray

CELL = 60
"""Seconds in a cell."""

Fold = Callable[[FloatArray, FloatArray], FloatArray]


def fold_windows(values: FloatArray, size: int, fold: Fold, stride: int = 1) -> FloatArray:
    """Return, at each position of the last axis, the fold of ``size`` values ``stride`` apart that begin there.

    Positions whose window would reach beyond the array are dropped: the result is ``(size - 1) * stride`` shorter.
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


def fold_all(values: FloatArray, fold: Fold) -> FloatArray:
    """Return the fold of the whole last axis, in the same order as :func:`fold_windows`."""
    return fold_windows(values, values.shape[-1], fold)[..., 0]


@dataclass(frozen=True)
class Cells:
    """``count`` cells of a minute; the first begins at ``origin``."""

    origin: float
    count: int

    @property
    def end(self) -> float:
        """End of the last cell."""
        return self.origin + self.count * CELL

    def bounds(self, times: FloatArray) -> IntArray:
        """Return the positions of the cells' edges in ascending times: cell i is ``[bounds[i], bounds[i + 1])``."""
        edges = self.origin + CELL * np.arange(self.count + 1)
        return np.searchsorted(times, edges, side="right")

    def index(self, times: FloatArray) -> IntArray:
        """Return the number of cells before each of these times, which must be edges."""
        return np.rint((times - self.origin) / CELL).astype(np.int64)


def fold_slices(values: FloatArray, starts: IntArray, ends: IntArray, fold: np.ufunc, empty: float) -> FloatArray:
    """Return the fold of ``values[start:end]`` for each pair; ``empty`` for an empty slice."""
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
