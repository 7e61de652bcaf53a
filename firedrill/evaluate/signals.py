"""What a monitor's query yields at each evaluation, before any state is considered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Json, Note
from firedrill.evaluate.table import Key
from firedrill.evaluate.telemetry import FloatArray

EMPTY, VALUE, SKIP = 0, 1, 2
"""No data in the window; a value; data, but nothing to compare (x/0, a window that is not full): the state stays."""

Sample = Callable[[Key, float], Json | None]


@dataclass
class Signal:
    """Arrays of groups by evaluation times.

    ``latest`` and ``first`` are the times of the last and first point in the window (minus and plus infinity where
    it is empty). ``default`` is the value of an empty window where the query itself gives it one (``default_zero``).
    ``absent`` is the status, at each time, of a known group without data.
    """

    times: FloatArray
    by: Key
    keys: tuple[Key, ...]
    status: NDArray[np.int8]
    values: FloatArray
    latest: FloatArray
    first: FloatArray
    default: float | None = None
    absent: NDArray[np.int8] | None = None
    notes: set[Note] = field(default_factory=set)
    sample: Sample | None = None

    def group(self, key: Key) -> dict[str, str]:
        """The group as tags."""
        return dict(zip(self.by, key, strict=True))


def joined(parts: Sequence[Signal]) -> Signal:
    """Signals of the same query at different times as one, in order of time."""
    if len(parts) == 1:
        return parts[0]
    keys = tuple(sorted({key for part in parts for key in part.keys}))
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")

    def together(name: str, missing: float) -> FloatArray:
        columns: list[FloatArray] = []
        for part in parts:
            rows: FloatArray = np.full((len(keys), part.times.size), missing)
            for row, key in enumerate(part.keys):
                rows[keys.index(key)] = getattr(part, name)[row]
            columns.append(rows)
        return np.concatenate(columns, axis=1)[:, order]

    return Signal(
        times[order],
        parts[0].by,
        keys,
        together("status", EMPTY).astype(np.int8),
        together("values", np.nan),
        together("latest", -np.inf),
        together("first", np.inf),
        parts[0].default,
        None
        if parts[0].absent is None
        else np.concatenate([part.absent for part in parts if part.absent is not None])[order],
        set().union(*(part.notes for part in parts)),
        parts[0].sample,
    )
