"""Nearest-rank percentiles of raw values in windows (C-percentile; Datadog itself uses sketches)."""

import numpy as np

from firedrill.evaluate.telemetry import FloatArray, IntArray

MAX_SORTED = 256
"""Mean number of values in a window up to which each window is sorted by itself."""
MAX_NUMBERS = 4_000_000
"""Numbers that are held in memory at once."""
BLOCKS = 32


def percentiles(values: FloatArray, starts: IntArray, ends: IntArray, percent: float) -> FloatArray:
    """Return the percentile of ``values[start:end]`` for each pair; NaN for an empty slice."""
    sizes = ends - starts
    ranks = np.maximum(np.ceil(percent / 100 * sizes - 1e-9).astype(np.int64), 1) - 1
    result = np.full(starts.shape, np.nan)
    rows = np.flatnonzero(sizes > 0)
    if not rows.size:
        return result
    flat = result.reshape(-1)
    slices = starts.reshape(-1)[rows], ends.reshape(-1)[rows], ranks.reshape(-1)[rows]
    if int(sizes.sum()) <= MAX_SORTED * max(rows.size, MAX_NUMBERS // MAX_SORTED):
        flat[rows] = select_by_sorting(values, *slices)
    else:
        flat[rows] = select_by_blocks(values, *slices)
    return result


def select_by_sorting(values: FloatArray, starts: IntArray, ends: IntArray, ranks: IntArray) -> FloatArray:
    """Return the value of that rank (0 is the smallest) in each ``values[start:end]``, which is not empty."""
    sizes = ends - starts
    result = np.empty(starts.shape)
    order = np.argsort(sizes, kind="stable")
    position = 0
    while position < order.size:
        step = order.size - position
        while step > 1 and step * int(sizes[order[position + step - 1]]) > MAX_NUMBERS:
            step = (step + 1) // 2
        part = order[position : position + step]
        offsets = np.arange(int(sizes[part[-1]]))
        inside = offsets < sizes[part][:, None]
        table = np.where(inside, values[np.where(inside, starts[part][:, None] + offsets, 0)], np.inf)
        table.sort(axis=1)
        result[part] = table[np.arange(part.size), ranks[part]]
        position += step
    return result


def select_by_blocks(values: FloatArray, starts: IntArray, ends: IntArray, ranks: IntArray) -> FloatArray:
    """Return the same for long windows that overlap: find the block of values that holds the rank, sort only that.

    Blocks have equally many values. Within a block values stay in order of time, so a window's part is contiguous.
    """
    count = values.size
    blocks = np.empty(count, np.int64)
    blocks[np.argsort(values, kind="stable")] = np.arange(count) * BLOCKS // count
    by_block = np.argsort(blocks, kind="stable")
    place = np.arange(count)[by_block] + count * blocks[by_block]
    sorted_values = values[by_block]
    result = np.empty(starts.shape)
    rows_at_once = max(1, MAX_NUMBERS // BLOCKS)
    for begin in range(0, starts.size, rows_at_once):
        part = slice(begin, begin + rows_at_once)
        columns = count * np.arange(BLOCKS)
        low = np.searchsorted(place, starts[part][:, None] + columns)
        high = np.searchsorted(place, ends[part][:, None] + columns)
        until = np.cumsum(high - low, axis=1)
        block = (until <= ranks[part][:, None]).sum(axis=1)
        row = np.arange(block.size)
        before = until[row, block] - (high - low)[row, block]
        result[part] = select_by_sorting(sorted_values, low[row, block], high[row, block], ranks[part] - before)
    return result
