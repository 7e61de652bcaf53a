"""Evaluation of a metric expression: functions and arithmetic over the tables of its queries."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.metric import functions
from firedrill.evaluate.metric.aggregation import aggregate_in_space, aggregate_points
from firedrill.evaluate.metric.rank import Rank
from firedrill.evaluate.metric.smoothing import SMOOTHING
from firedrill.evaluate.metric.table import GroupKey, Table, combine
from firedrill.evaluate.metric.timeshift import SHIFTS, calendar_seconds, longest_calendar_shift
from firedrill.evaluate.metric.windows import CELL, fold_all, fold_windows
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.functions import RANKS, SPACE_AGGREGATORS
from firedrill.query.tree import (
    Argument,
    Binary,
    Call,
    Expression,
    GroupTags,
    MetricQuery,
    Negate,
    Number,
    ParenthesizedExpression,
    QueryName,
    QuotedString,
    walk,
)

ReadQuery = Callable[[MetricQuery, float, str | None], Table]
"""Reads a query's table, looking some seconds back, with a function applied to each series."""

ALGORITHMS = frozenset({"anomalies", "forecast", "outliers"})
DEFAULTS = frozenset({"default", "default_zero"})
ROLLUP_METHODS = frozenset({"avg", "sum", "min", "max", "count"})


@dataclass(frozen=True)
class Operands:
    """Access to the values of an expression's operands.

    ``query`` returns a metric query's table, looking ``shift`` seconds back, with a function applied to each series
    before space aggregation; ``variable`` returns the table of a formula's variable. ``seconds`` is the distance of
    points and ``axes`` the number of axes beside the groups'. ``sums`` marks the as_count path, where each query is one
    sum over the window. ``length`` is the window's, in seconds, and ``time`` (epoch seconds) an evaluation's. ``over``
    returns operands of windows of a length in seconds, with points on the as_count path, too. ``adjacent`` marks points
    that are buckets of one window, as of a graph.
    """

    query: ReadQuery
    seconds: int
    sums: bool = False
    axes: int = 1
    variable: Callable[[str, "Operands", float], Table] | None = None
    length: int = 0
    time: float = 0.0
    over: "Callable[[int], Operands] | None" = None
    adjacent: bool = False


def evaluate(node: Argument, operands: Operands, shift: float = 0) -> Table:
    """Return the node's values by group. Raises :class:`Refused` for what is not implemented."""
    match node:
        case MetricQuery():
            return operands.query(node, shift, None)
        case Number():
            return Table((), ((),), np.full((1,) * (operands.axes + 1), node.value), constant=True)
        case ParenthesizedExpression():
            return evaluate(node.item, operands, shift)
        case Negate():
            return evaluate(node.item, operands, shift).mapped(np.negative)
        case Binary():
            left, right = evaluate(node.left, operands, shift), evaluate(node.right, operands, shift)
            return combine(left, right, functions.OPERATIONS[node.operator])
        case QueryName() if operands.variable is not None:
            return operands.variable(node.name, operands, shift)
        case Call():
            return _call(node, operands, shift)
        case _:
            raise Refused(str(node), "is not a series")


def check_function(call: Call) -> None:
    """Raise :class:`Refused` for a function that is not evaluated, and for arguments that it does not take."""
    name = call.name.text
    if name in functions.BOUNDED or name in {"default", "timeshift"}:
        _number(call, 1)
    elif name == "calendar_shift":
        longest_calendar_shift(call)
    elif name == "moving_rollup":
        _moving(call)
    if name in functions.REFUSED:
        raise Refused(f"{name}()", functions.REFUSED[name])
    if RANKS.fullmatch(name) or name == "top":
        Rank.from_call(call)


def _call(node: Call, operands: Operands, shift: float) -> Table:
    name, first = node.name.text, node.arguments[0]
    check_function(node)
    if name in SHIFTS:
        return evaluate(first, operands, shift + SHIFTS[name])
    if name == "timeshift":
        seconds = _number(node, 1)
        if seconds > 0:
            raise Refused("timeshift()", "a shift into the future has no data")
        return evaluate(first, operands, shift - seconds)
    if name == "calendar_shift":
        return evaluate(first, operands, shift + calendar_seconds(node, operands.time))
    if name == "moving_rollup":
        return _moving_rollup(node, operands, shift)
    if operands.sums and name in OF_SEVERAL_POINTS:
        return _sum_of_points(node, operands, shift)
    if name in functions.SEQUENTIAL and isinstance(first, MetricQuery):
        return operands.query(first, shift, name)
    return _apply(node, evaluate(first, operands, shift), operands)


OF_SEVERAL_POINTS = functions.SEQUENTIAL.keys() | SMOOTHING.keys() | {"trend_line"}


def _sum_of_points(node: Call, operands: Operands, shift: float) -> Table:
    """Return a function of several points on the as_count path: of each minute's count, and then added."""
    if operands.over is None:
        raise Refused(f"{node.name}()", "of a formula over events is not implemented")
    evaluate(node.arguments[0], operands, shift)  # the window's own points say whether there is data
    points = evaluate(node, operands.over(operands.length), shift)
    return points.mapped(lambda values: aggregate_points("sum", values, fold_all))


def _moving_rollup(node: Call, operands: Operands, shift: float) -> Table:
    """Return, at each point, the points of the last seconds, also of those before the window.

    https://docs.datadoghq.com/monitors/guide/non_static_thresholds/ compares 5 minutes with the 4 hours before them.
    """
    seconds, method = _moving(node)
    if operands.over is None:
        raise Refused("moving_rollup()", "is not implemented here")
    first = node.arguments[0]
    evaluate(first, operands, shift)  # the window's own points say whether there is data
    if operands.sums:
        points = evaluate(first, operands.over(seconds), shift)
        return points.mapped(lambda values: aggregate_points(method, values, fold_all))
    size = max(1, seconds // operands.seconds)
    stride = 1 if operands.axes > 1 or operands.adjacent else max(1, operands.seconds // CELL)
    points = evaluate(first, operands.over(operands.length + (size - 1) * operands.seconds), shift)
    return points.mapped(
        lambda values: aggregate_points(method, values, lambda part, fold: fold_windows(part, size, fold, stride))
    )


def _moving(node: Call) -> tuple[int, str]:
    """Return the seconds and the method of ``moving_rollup(q, 300, 'sum')``."""
    seconds, method = int(_number(node, 1)), _text(node, 2)
    if method not in ROLLUP_METHODS or seconds <= 0:
        raise Refused("moving_rollup()", f"takes a number of seconds and one of {', '.join(sorted(ROLLUP_METHODS))}")
    return seconds, method


def _apply(node: Call, table: Table, operands: Operands) -> Table:
    name, seconds = node.name.text, operands.seconds
    if name in DEFAULTS:
        return _with_default(table, 0.0 if name == "default_zero" else _number(node, 1), operands)
    if name in functions.COUNTING:
        nonzero = functions.COUNTING[name]
        return table.merged((), lambda rows: functions.count_groups(rows, nonzero))
    if name == "exclude_null":
        return table.chosen([row for row, key in enumerate(table.keys) if not {"", "N/A"} & set(key)])
    if name in SPACE_AGGREGATORS:
        return _aggregate_groups(node, table)
    rank = Rank.from_call(node)
    if rank is not None:
        one_point = operands.sums or table.values.ndim == 1
        return table.mapped(
            lambda values: rank.keeps(values[..., None], seconds)[..., 0] if one_point else rank.keeps(values, seconds)
        )
    argument = _number(node, 1) if name in functions.BOUNDED else None
    if functions.apply(name, np.zeros((1, 1)), argument, seconds) is None:
        raise Refused(f"{name}()", "is not implemented")

    def apply(values: FloatArray) -> FloatArray:
        result = functions.apply(name, values, argument, seconds)
        assert result is not None
        return result

    return table.mapped(apply)


def _with_default(table: Table, default: float, operands: Operands) -> Table:
    if not table.by and not table.keys:  # an ungrouped query without data still has its one group
        table = Table((), ((),), np.full((1, *table.values.shape[1:]), np.nan), table.gauge)
    gauge, present = table.gauge and not operands.sums, table.present
    result = table.mapped(lambda values: functions.with_default(values, default, gauge, operands.seconds))
    if not table.by or present is None:
        return result
    # "Sparse (but nonempty) series": a group without a point in the window has none to fill.
    rows = present if operands.sums else present[..., None]
    return result.mapped(lambda values: np.where(rows, values, np.nan))


def _aggregate_groups(node: Call, table: Table) -> Table:
    """Return groups of fewer tags: each point over all groups that it takes in, as the nested query says."""
    name, by = node.name.text, group_by(node)
    if not set(by) <= set(table.by):
        raise Refused(f"{name}()", f"its query is not grouped by {', '.join(sorted(set(by) - set(table.by)))}")
    percent = float(_text(node, 1).removeprefix("p")) if name == "percentile" else 0.0

    def merge(rows: FloatArray) -> FloatArray:
        if name == "stddev":
            return _masked(rows, lambda points: np.nanstd(points, axis=0))
        if name == "percentile":
            return _masked(rows, lambda points: np.nanpercentile(points, percent, axis=0, method="inverted_cdf"))
        return aggregate_in_space(name, list(rows))

    if sorted(by) == sorted(table.by):
        return table
    return table.merged(by, merge)


def _masked(rows: FloatArray, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Return a function of the rows at each point; NaN where none has a value."""
    empty = np.isnan(rows).all(axis=0)
    return np.where(empty, np.nan, function(np.where(empty, 0.0, rows)))


def _number(node: Call, place: int) -> float:
    if len(node.arguments) <= place:
        raise Refused(f"{node.name}()", "lacks a number")
    argument = node.arguments[place]
    if isinstance(argument, Negate) and isinstance(argument.item, Number):
        return -argument.item.value
    if not isinstance(argument, Number):
        raise Refused(f"{node.name}()", "takes a number here")
    return argument.value


def _text(node: Call, place: int) -> str:
    argument = node.arguments[place]
    if isinstance(argument, QueryName):
        return argument.name
    if not isinstance(argument, QuotedString):
        raise Refused(f"{node.name}()", "takes a text here")
    return argument.value


def metric_queries(node: Expression) -> list[MetricQuery]:
    """Return all metric queries of an expression."""
    return [part for part in walk(node) if isinstance(part, MetricQuery)]


def function_names(node: Expression) -> set[str]:
    """Return the names of all functions of an expression."""
    return {part.name.text for part in walk(node) if isinstance(part, Call)}


def needs_window(node: Expression) -> bool:
    """Return whether the value of a point depends on where its window begins."""
    names = function_names(node)
    of_window = functions.SEQUENTIAL.keys() | SMOOTHING.keys() | DEFAULTS | {"trend_line", "top"}
    return bool(names & of_window) or any(RANKS.fullmatch(name) for name in names)


def longest_shift(node: Expression) -> float:
    """Return the seconds that the expression looks back beyond its window."""
    total = 0.0
    for part in walk(node):
        if isinstance(part, Call):
            if part.name.text in SHIFTS:
                total += SHIFTS[part.name.text]
            elif part.name.text == "calendar_shift":
                total += longest_calendar_shift(part)
            elif part.name.text in {"timeshift", "moving_rollup"}:
                total += abs(_number(part, 1))
    return total


def group_by(node: Argument) -> GroupKey:
    """Return the tags that the expression's groups have. Raises :class:`Refused` where its queries disagree."""
    match node:
        case MetricQuery():
            return tuple(word.text for word in node.by)
        case ParenthesizedExpression() | Negate():
            return group_by(node.item)
        case Binary():
            return common_tags(group_by(node.left), group_by(node.right))
        case Call():
            if node.name.text in functions.COUNTING:
                return ()
            tags = next((argument for argument in node.arguments if isinstance(argument, GroupTags)), None)
            if tags is not None:
                return tuple(word.text for word in tags.tags if word.text != "*")
            return group_by(node.arguments[0])
        case _:
            return ()


def common_tags(left: GroupKey, right: GroupKey) -> GroupKey:
    """Return the tags of a combination: of the side that has those of the other, too."""
    if set(right) <= set(left):
        return left
    if set(left) <= set(right):
        return right
    raise Refused("formula", f"its queries are grouped by {', '.join(left)} and by {', '.join(right)}")
