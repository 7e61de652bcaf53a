"""Values by group: what each part of an expression evaluates to."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray

Key = tuple[str, ...]
Operation = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class Table:
    """One array of points (the last axis; NaN is no point) for each group.

    ``keys`` are the groups' values of the ``by`` tags. ``constant`` marks a number, which has a value everywhere but
    no data. ``gauge`` is whether gauges went in, which some functions carry forward.
    """

    by: Key
    keys: tuple[Key, ...]
    values: FloatArray
    gauge: bool = False
    constant: bool = False

    def mapped(self, function: Callable[[FloatArray], FloatArray]) -> "Table":
        """The same groups with other values."""
        return replace(self, values=function(self.values))

    def aligned(self, by: Key, keys: tuple[Key, ...], missing: float = np.nan) -> FloatArray:
        """The values of these groups; an ungrouped table's go to all of them."""
        if self.keys == keys:
            return self.values
        if not self.by:
            if not self.keys:
                return np.full((len(keys), *self.values.shape[1:]), missing)
            return np.broadcast_to(self.values, (len(keys), *self.values.shape[1:]))
        order = [by.index(tag) for tag in self.by]
        known = {key: row for row, key in enumerate(self.keys)}
        result = np.full((len(keys), *self.values.shape[1:]), missing)
        for row, key in enumerate(keys):
            source = known.get(tuple(key[place] for place in order))
            if source is not None:
                result[row] = self.values[source]
        return result


def combine(left: Table, right: Table, operation: Operation, missing: float = np.nan) -> Table:
    """Elementwise, group by group. A group that only one side has gets ``missing`` for the other."""
    by, keys = common_groups(left, right)
    values = operation(left.aligned(by, keys, missing), right.aligned(by, keys, missing))
    return Table(by, keys, values, left.gauge or right.gauge, left.constant and right.constant)


def common_groups(left: Table, right: Table) -> tuple[Key, tuple[Key, ...]]:
    """The groups that a combination of two tables has."""
    if sorted(left.by) == sorted(right.by):
        order = [right.by.index(tag) for tag in left.by]
        others = (tuple(key[place] for place in order) for key in right.keys)
        if left.constant or right.constant:
            return left.by, right.keys if left.constant else left.keys
        return left.by, tuple(dict.fromkeys((*left.keys, *others)))
    if not left.by:
        return right.by, right.keys
    if not right.by:
        return left.by, left.keys
    raise Refused("formula", f"its queries are grouped by {', '.join(left.by)} and by {', '.join(right.by)}")
