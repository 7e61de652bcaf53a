"""Signals: the result of a monitor's query at each evaluation, before any state is considered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.metric.table import GroupKey
from firedrill.evaluate.model import Json, Note
from firedrill.evaluate.telemetry import FloatArray

EMPTY, VALUE, SKIP = 0, 1, 2
"""No data in the window; a value; data, but nothing to compare (x/0, a window that is not full): the state stays."""

Sample = Callable[[GroupKey, float], Json | None]


@dataclass
class Signal:
    """Arrays of groups (rows) by evaluation times (columns).

    ``latest`` and ``first`` are the times of the last and first point in the window (minus and plus infinity for an
    empty window). ``default`` is the value of an empty window where the query gives it one (``default_zero``).
    ``absent`` is the status, at each time, of a group without data. ``sample`` returns an event that matched for a
    group at a time.
    """

    times: FloatArray
    by: GroupKey
    keys: tuple[GroupKey, ...]
    status: NDArray[np.int8]
    values: FloatArray
    latest: FloatArray
    first: FloatArray
    default: float | None = None
    absent: NDArray[np.int8] | None = None
    notes: set[Note] = field(default_factory=set)
    sample: Sample | None = None

    def group(self, key: GroupKey) -> dict[str, str]:
        """Return the group as tags."""
        return dict(zip(self.by, key, strict=True))


def join_signals(parts: Sequence[Signal]) -> Signal:
    """Return signals of the same query at different times as one, in order of time."""
    if len(parts) == 1:
        return parts[0]
    keys = tuple(sorted({key for part in parts for key in part.keys}))
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")

    def join(name: str, missing: float) -> FloatArray:
        columns: list[FloatArray] = []
        for part in parts:
            rows: FloatArray = np.full((len(keys), part.times.size), missing)
            for row, key in enumerate(part.keys):
                rows[keys.index(key)] = getattr(part, name)[row]
            columns.append(rows)
        return np.concatenate(columns, axis=1)[:, order]

    absent = [part.absent for part in parts if part.absent is not None]
    return Signal(
        times[order],
        parts[0].by,
        keys,
        join("status", EMPTY).astype(np.int8),
        join("values", np.nan),
        join("latest", -np.inf),
        join("first", np.inf),
        parts[0].default,
        None if parts[0].absent is None else np.concatenate(absent)[order],
        set().union(*(part.notes for part in parts)),
        _join_samples(parts),
    )


def _join_samples(parts: Sequence[Signal]) -> Sample | None:
    if any(part.sample is None for part in parts):
        return None

    def sample(key: GroupKey, time: float) -> Json | None:
        for part in parts:
            if part.sample is not None and time in part.times:
                return part.sample(key, time)
        return None

    return sample
