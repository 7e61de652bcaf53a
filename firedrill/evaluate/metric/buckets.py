"""Points of an expression in adjacent buckets, for SLOs and graphs."""

from dataclasses import replace

import numpy as np

from firedrill.evaluate.metric.alignment import AlignedQueries
from firedrill.evaluate.metric.expression import Operands, evaluate
from firedrill.evaluate.metric.grid import Grid
from firedrill.evaluate.metric.reader import MetricReader
from firedrill.evaluate.metric.table import Table
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Note, Refused
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.tree import Expression, MetricQuery, Modifier


def bucket_ends(start: float, end: float, seconds: int = CELL) -> FloatArray:
    """Return the ends of the minutes (or longer buckets) from start to end."""
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
    """Return points of the expression in buckets, the buckets' ends, and notes.

    ``start`` and ``end`` lie on bucket edges; ``seconds`` is a multiple of 60. ``variables`` are the queries that a
    formula names. With ``counts`` every query is a sum of events, and 0 in a bucket where only others have a point.
    """
    ends = bucket_ends(start, end, seconds)
    notes: set[Note] = set()

    def variable(name: str, operands: Operands, shift: float) -> Table:
        if name not in (variables or {}):
            raise Refused(name, "no query has this name")
        return evaluate((variables or {})[name], operands, shift)

    def over(length: int) -> Operands:
        reader = MetricReader(telemetry, Grid(np.array([end]), length, seconds, adjacent=True), notes=notes)

        def read(query: MetricQuery, shift: float, function: str | None) -> Table:
            if not counts:
                return reader.table(query, shift, function)
            summed = replace(query, modifiers=(*query.modifiers, Modifier("as_count", ())))
            return reader.table(summed, shift, function)

        return Operands(read, seconds, variable=variable, length=length, time=end, over=over, adjacent=True)

    operands = over(int(end - start))
    read = operands.query
    if counts:
        operands = replace(operands, query=AlignedQueries(read, expression, operands, [0.0], counted=True).table)
    table = evaluate(expression, operands)
    if table.constant:
        return Table((), ((),), np.broadcast_to(table.values, (1, ends.size))), ends, notes
    return table, ends, notes
