"""Alignment of the queries of a formula: a missing point of an ``as_count()`` or ``as_rate()`` query is 0.

Datadog says so for arithmetic (docs: dashboards/functions/interpolation) and for ``as_count()`` in monitors, "0 for
missing values instead of NaN" (docs: monitors/guide/troubleshooting-no-data). So a query that has no series in the
window is 0, too, in every group that another query of the formula has there.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.metric.expression import Operands, ReadQuery, evaluate
from firedrill.evaluate.metric.table import GroupKey, Table
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.tree import Expression, MetricQuery

Leaf = tuple[int, float, str | None]
"""A query (its identity), the seconds that it is shifted by, and the function that is applied to each series."""
HasBegun = Callable[[MetricQuery, float, tuple[GroupKey, ...]], NDArray[np.bool_]]
"""Returns where groups of a query, looking some seconds back, have had a point at any time before."""


def is_counted(query: MetricQuery) -> bool:
    """Return whether a missing point of the query is 0."""
    return query.modifier("as_count") is not None or query.modifier("as_rate") is not None


class AlignedQueries:
    """The tables of all queries of an expression, read once, at each of some shifts of the whole expression.

    ``counted`` marks queries that are all counted, whatever their modifiers. With ``has_begun`` a missing point is 0
    only where it is true.
    """

    def __init__(
        self,
        read: ReadQuery,
        expression: Expression,
        operands: Operands,
        shifts: Iterable[float],
        *,
        counted: bool = False,
        has_begun: HasBegun | None = None,
    ) -> None:
        self._read, self._counted, self._has_begun = read, counted, has_begun
        self._tables: dict[Leaf, Table] = {}
        recording = replace(operands, query=self._record)
        for shift in shifts:
            evaluate(expression, recording, shift)

    def table(self, query: MetricQuery, shift: float, function: str | None) -> Table:
        """Return a query's points; where others have points and a counted query has none, it is 0."""
        table = self._tables[id(query), shift, function]
        if not (self._counted or is_counted(query)) or function is not None or len(self._tables) == 1:
            return table
        keys = self._keys(table.by)
        values, has_point = table.aligned(table.by, keys), self._has_point(table.by, keys)
        if self._has_begun is not None:
            has_point = has_point & self._has_begun(query, shift, keys)
        present = None
        if table.present is not None:
            present = has_point if table.present.ndim == table.values.ndim else np.asarray(has_point.any(axis=-1))
        return replace(table, keys=keys, values=np.where(np.isnan(values) & has_point, 0.0, values), present=present)

    def _record(self, query: MetricQuery, shift: float, function: str | None) -> Table:
        leaf = (id(query), shift, function)
        if leaf not in self._tables:
            self._tables[leaf] = self._read(query, shift, function)
        return self._tables[leaf]

    def _keys(self, by: GroupKey) -> tuple[GroupKey, ...]:
        """Return the groups that any query with these tags has."""
        return union_keys(by, [table for table in self._tables.values() if set(by) <= set(table.by)]) if by else ((),)

    def _has_point(self, by: GroupKey, keys: tuple[GroupKey, ...]) -> NDArray[np.bool_]:
        """Return where any of the queries has a point in each group."""
        shape = next(iter(self._tables.values())).values.shape[1:]
        result = np.zeros((len(keys), *shape), np.bool_)
        for table in self._tables.values():
            finer = table.merged(by, _any_point) if set(by) < set(table.by) else table
            if set(finer.by) <= set(by):
                result |= ~np.isnan(finer.aligned(by, keys))
        return result


def _any_point(rows: FloatArray) -> FloatArray:
    return np.where(np.isnan(rows).all(axis=0), np.nan, 0.0)


def union_keys(by: GroupKey, tables: Iterable[Table]) -> tuple[GroupKey, ...]:
    """Return the groups of the tags ``by``, which all of these tables have."""
    keys: dict[GroupKey, None] = {}
    for table in tables:
        order = [table.by.index(tag) for tag in by]
        keys.update(dict.fromkeys(tuple(key[place] for place in order) for key in table.keys))
    return tuple(sorted(keys))
