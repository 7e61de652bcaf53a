"""Evaluating an expression, whatever its leaves are: points on a grid, points in each window, or one sum a window."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate import functions
from firedrill.evaluate.model import Refused
from firedrill.evaluate.table import Key, Table, combine
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.tree import (
    Argument,
    Binary,
    Call,
    Expression,
    Grouped,
    MetricQuery,
    Negate,
    Number,
    Variable,
    walk,
)

SPECIAL = frozenset({"anomalies", "forecast", "outliers"})


@dataclass(frozen=True)
class Leaves:
    """How an expression reads its data.

    ``query`` gives a metric query's table, looking ``shift`` seconds back, with a function applied to each series
    before space aggregation. ``axes`` is how many axes its arrays have beside the groups', ``seconds`` the distance
    of points; ``sums`` marks the as_count path, where a missing
    point is 0 and each query is one sum.
    """

    query: Callable[[MetricQuery, float, str | None], Table]
    seconds: float
    sums: bool = False
    axes: int = 1
    variable: Callable[[str, float], Table] | None = None


def evaluate(node: Argument, leaves: Leaves, shift: float = 0) -> Table:
    """The node's values by group. Raises :class:`Refused` for what is not implemented."""
    match node:
        case MetricQuery():
            return leaves.query(node, shift, None)
        case Number():
            return Table((), ((),), np.full((1,) * (leaves.axes + 1), node.value), constant=True)
        case Grouped():
            return evaluate(node.item, leaves, shift)
        case Negate():
            return evaluate(node.item, leaves, shift).mapped(np.negative)
        case Binary():
            left, right = evaluate(node.left, leaves, shift), evaluate(node.right, leaves, shift)
            return combine(left, right, functions.OPERATIONS[node.operator], 0.0 if leaves.sums else np.nan)
        case Variable() if leaves.variable is not None:
            return leaves.variable(node.name, shift)
        case Call():
            return _call(node, leaves, shift)
        case _:
            raise Refused(str(node), "is no series")


def _call(node: Call, leaves: Leaves, shift: float) -> Table:
    name, first = node.name.text, node.arguments[0]
    if name in functions.REFUSED:
        raise Refused(f"{name}()", functions.REFUSED[name])
    if name in functions.SHIFTS:
        return evaluate(first, leaves, shift + functions.SHIFTS[name])
    if name == "timeshift":
        seconds = _number(node, 1)
        if seconds > 0:
            raise Refused("timeshift()", "a shift into the future has no data")
        return evaluate(first, leaves, shift - seconds)
    if name == "default_zero":
        inner = evaluate(first, leaves, shift)
        if not inner.by and not inner.keys:
            inner = Table((), ((),), np.full((1, *inner.values.shape[1:]), np.nan), inner.gauge)
        return inner.mapped(
            lambda values: functions.default_zero(values, inner.gauge and not leaves.sums, leaves.seconds)
        )
    if name in functions.SEQUENTIAL:
        if leaves.sums:
            raise Refused(f"{name}()", "of an as_count() sum: the page does not say which points it takes")
        if isinstance(first, MetricQuery):
            return leaves.query(first, shift, name)
    argument = _number(node, 1) if name in functions.BOUNDED else None
    inner = evaluate(first, leaves, shift)
    if functions.apply(name, np.zeros((1, 1)), argument, leaves.seconds) is None:
        raise Refused(f"{name}()", "is not implemented")
    if len(node.arguments) != (2 if name in functions.BOUNDED else 1):
        raise Refused(f"{name}()", f"with {len(node.arguments)} arguments is not implemented")

    def applied(values: FloatArray) -> FloatArray:
        result = functions.apply(name, values, argument, leaves.seconds)
        assert result is not None
        return result

    return inner.mapped(applied)


def _number(node: Call, place: int) -> float:
    if len(node.arguments) <= place:
        raise Refused(f"{node.name}()", "lacks a number")
    argument = node.arguments[place]
    if isinstance(argument, Negate) and isinstance(argument.item, Number):
        return -argument.item.value
    if not isinstance(argument, Number):
        raise Refused(f"{node.name}()", "takes a number here")
    return argument.value


def metric_queries(node: Expression) -> list[MetricQuery]:
    """All metric queries in it."""
    return [one for one in walk(node) if isinstance(one, MetricQuery)]


def calls(node: Expression) -> set[str]:
    """The names of all functions in it."""
    return {one.name.text for one in walk(node) if isinstance(one, Call)}


def longest_shift(node: Expression) -> float:
    """Seconds that the expression looks back beyond its window."""
    total = 0.0
    for one in walk(node):
        if isinstance(one, Call):
            if one.name.text in functions.SHIFTS:
                total += functions.SHIFTS[one.name.text]
            elif one.name.text == "timeshift":
                total += abs(_number(one, 1))
    return total


def group_by(node: Expression) -> Key:
    """The tags that the expression's groups have."""
    found = [tuple(word.text for word in one.by) for one in metric_queries(node) if one.by]
    for other in found[1:]:
        if sorted(other) != sorted(found[0]):
            raise Refused("formula", f"its queries are grouped by {', '.join(found[0])} and by {', '.join(other)}")
    return found[0] if found else ()
