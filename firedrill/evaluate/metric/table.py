"""Values by group: the result of each part of an expression."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray

GroupKey = tuple[str, ...]
"""The values of a group's tags, in the order of the group-by; also the tags themselves."""

Operation = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class Table:
    """One array of points (the last axis; NaN means no point) for each group.

    ``keys`` are the groups' values of the ``by`` tags. ``constant`` marks a number, which has a value everywhere but
    no data. ``gauge`` marks values that gauges went into, which some functions carry forward. ``present`` is, where
    values are those of windows, whether the group has a point in each window before any function.
    """

    by: GroupKey
    keys: tuple[GroupKey, ...]
    values: FloatArray
    gauge: bool = False
    constant: bool = False
    present: NDArray[np.bool_] | None = None

    def mapped(self, function: Callable[[FloatArray], FloatArray]) -> "Table":
        """Return the same groups with a function applied to their values."""
        return replace(self, values=function(self.values))

    def chosen(self, rows: list[int]) -> "Table":
        """Return the groups of these rows."""
        present = None if self.present is None else self.present[rows]
        return replace(self, keys=tuple(self.keys[row] for row in rows), values=self.values[rows], present=present)

    def merged(self, by: GroupKey, merge: Callable[[FloatArray], FloatArray]) -> "Table":
        """Return the groups of these tags alone, which the table has: ``merge`` makes one row of the rows of each."""
        order = [self.by.index(tag) for tag in by]
        rows: dict[GroupKey, list[int]] = {}
        for row, key in enumerate(self.keys):
            rows.setdefault(tuple(key[place] for place in order), []).append(row)
        keys = tuple(sorted(rows))
        values = np.array([merge(self.values[rows[key]]) for key in keys]).reshape(len(keys), *self.values.shape[1:])
        present = None
        if self.present is not None:
            shape = (len(keys), *self.present.shape[1:])
            present = np.array([self.present[rows[key]].any(axis=0) for key in keys], np.bool_).reshape(shape)
        return replace(self, by=by, keys=keys, values=values, present=present)

    def aligned(self, by: GroupKey, keys: tuple[GroupKey, ...], missing: float = np.nan) -> FloatArray:
        """Return the values of these groups; an ungrouped table's values go to all of them."""
        if self.keys == keys:
            return self.values
        if not self.by:
            if not self.keys:
                return np.full((len(keys), *self.values.shape[1:]), missing)
            return np.broadcast_to(self.values, (len(keys), *self.values.shape[1:]))
        order = [by.index(tag) for tag in self.by]
        rows = {key: row for row, key in enumerate(self.keys)}
        result = np.full((len(keys), *self.values.shape[1:]), missing)
        for row, key in enumerate(keys):
            source = rows.get(tuple(key[place] for place in order))
            if source is not None:
                result[row] = self.values[source]
        return result


def combine(left: Table, right: Table, operation: Operation, missing: float = np.nan) -> Table:
    """Return an operation group by group. A group that only one side has gets ``missing`` for the other."""
    by, keys = common_groups(left, right)
    values = operation(left.aligned(by, keys, missing), right.aligned(by, keys, missing))
    return Table(by, keys, values, left.gauge or right.gauge, left.constant and right.constant,
                 _present(by, keys, [table for table in (left, right) if table.by]))  # fmt: skip


def _present(by: GroupKey, keys: tuple[GroupKey, ...], grouped: list[Table]) -> NDArray[np.bool_] | None:
    """Return where any of the grouped tables has the group."""
    result = None
    for table in grouped:
        if table.present is not None:
            present = Table(table.by, table.keys, table.present.astype(np.float64)).aligned(by, keys, 0.0) > 0
            result = present if result is None else result | present
    return result


def common_groups(left: Table, right: Table) -> tuple[GroupKey, tuple[GroupKey, ...]]:
    """Return the groups of a combination of two tables: of the one with more tags, where the tags differ."""
    if sorted(left.by) == sorted(right.by):
        order = [right.by.index(tag) for tag in left.by]
        others = (tuple(key[place] for place in order) for key in right.keys)
        if left.constant or right.constant:
            return left.by, right.keys if left.constant else left.keys
        return left.by, tuple(dict.fromkeys((*left.keys, *others)))
    if set(left.by) < set(right.by):
        return right.by, right.keys
    if set(right.by) < set(left.by):
        return left.by, left.keys
    raise Refused("formula", f"its queries are grouped by {', '.join(left.by)} and by {', '.join(right.by)}")
