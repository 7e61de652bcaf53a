"""Sums and points of a graph's query in buckets that lie side by side, for SLOs and graphs."""

from dataclasses import replace

import numpy as np

from firedrill.evaluate.expression import Leaves, evaluate
from firedrill.evaluate.model import Note, Refused
from firedrill.evaluate.reader import Range, Reader
from firedrill.evaluate.table import Table
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.evaluate.windows import CELL
from firedrill.query.tree import Expression, MetricQuery, Modifier


def minutes_between(start: float, end: float, seconds: int = CELL) -> FloatArray:
    """The ends of the minutes (or longer buckets) from start to end."""
    ends: FloatArray = (start + seconds * np.arange(1, round((end - start) / seconds) + 1)).astype(np.float64)
    return ends


def buckets(
    expression: Expression,
    telemetry: Telemetry,
    start: float,
    end: float,
    seconds: int,
    *,
    variables: dict[str, Expression] | None = None,
    counts: bool = False,
) -> tuple[Table, FloatArray, set[Note]]:
    """Points of the expression in buckets of so many seconds, the buckets' ends, and notes.

    ``start`` and ``end`` lie on bucket edges; ``seconds`` is a multiple of 60.
    With ``counts`` every query is a sum of events, and a bucket without any is 0.
    """
    named = variables or {}
    ends = minutes_between(start, end, seconds)
    area = Range(np.array([end]), int(end - start), seconds)
    reader = Reader(telemetry, area)

    def variable(name: str, shift: float) -> Table:
        if name not in named:
            raise Refused(name, "no query has this name")
        return evaluate(named[name], leaves, shift)

    def leaf(query: MetricQuery, shift: float, function: str | None) -> Table:
        if not counts:
            return reader.table(query, shift, function)
        summed = replace(query, modifiers=(*query.modifiers, Modifier("as_count", ())))
        return reader.table(summed, shift, function).mapped(lambda values: np.nan_to_num(values, nan=0.0))

    leaves = Leaves(leaf, seconds, variable=variable)
    table = evaluate(expression, leaves)
    if table.constant:
        return Table((), ((),), np.broadcast_to(table.values, (1, ends.size))), ends, reader.notes
    return table.mapped(lambda values: values[:, :: area.stride][:, : ends.size]), ends, reader.notes
