"""Names and arguments of the functions and modifiers of metric queries.

Sources: docs.datadoghq.com/dashboards/functions and its subpages, /metrics/nested_queries, the pages of the anomaly,
outlier and forecast monitors.
"""

import re
from difflib import get_close_matches

_ONE_SERIES = (
    *("abs", "ceil", "floor", "round", "log2", "log10", "cumsum", "integral", "default_zero"),
    *("count_nonzero", "count_nonzero_finite", "count_not_null"),
    *("hour_before", "day_before", "week_before", "month_before"),
    *("per_second", "per_minute", "per_hour", "dt", "diff", "monotonic_diff", "derivative", "throughput"),
    *("autosmooth", "ewma_1", "ewma_3", "ewma_5", "ewma_7", "ewma_10", "ewma_20"),
    *("median_3", "median_5", "median_7", "median_9"),
    *("rollingavg_5", "rollingavg_13", "rollingavg_21", "rollingavg_29"),
    *("robust_trend", "trend_line", "piecewise_constant"),
)
SPACE_AGGREGATORS = frozenset({"avg", "sum", "min", "max", "stddev", "percentile"})
"""Functions that aggregate groups once more, by the tags of their last argument (docs: metrics/nested_queries)."""
FUNCTIONS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(_ONE_SERIES, (0, 0)),
    **dict.fromkeys(("clamp_min", "clamp_max", "cutoff_min", "cutoff_max", "default", "timeshift", "reduce"), (1, 1)),
    **dict.fromkeys(("avg", "sum", "min", "max", "stddev"), (1, 1)),
    "percentile": (2, 2),
    "exclude_null": (0, 1),
    "calendar_shift": (1, 2),
    "moving_rollup": (2, 2),
    "rollup": (1, 3),
    "top": (1, 3),
    "anomalies": (1, 3),
    "forecast": (1, 3),
    "outliers": (1, 3),
}
"""Least and most positional arguments after the query, by function."""

RANKS = re.compile(r"(?P<end>top|bottom)(?P<count>\d+)(_(?P<by>mean|min|max|last|area|l2norm|sum))?(_?2)?")
"""Names of the short forms of ``top()``, such as ``bottom10_min``."""

MODIFIERS: dict[str, tuple[int, int]] = {
    "as_count": (0, 0),
    "as_rate": (0, 0),
    "weighted": (0, 0),
    "rollup": (1, 3),
    "fill": (1, 2),
}
"""Least and most arguments, by modifier."""

ROLLUPS = re.compile(r"avg|sum|min|max|count|last|stddev|p[0-9]{1,2}(\.[0-9]{1,2})?")
"""Methods of ``.rollup()``; percentiles and ``stddev`` are for the second of two (nested queries)."""
_SECONDS = re.compile(r"[0-9]+")
_FILLS = re.compile(r"null|zero|last|linear|[0-9]+(\.[0-9]+)?")


def function_error(name: str, arguments: int) -> str | None:
    """Return what is wrong with a call of a function, by its positional arguments after the query."""
    if RANKS.fullmatch(name):
        return _count_error(f"{name}()", arguments, (0, 0), " after its query")
    if name not in FUNCTIONS:
        return f"there is no function {name}(){_suggestion(name, FUNCTIONS)}"
    return _count_error(f"{name}()", arguments, FUNCTIONS[name], " after its query")


def modifier_error(name: str, arguments: list[str]) -> str | None:
    """Return what is wrong with a modifier; ``arguments`` are texts without quotes."""
    if name not in MODIFIERS:
        return f"there is no modifier .{name}(){_suggestion(name, MODIFIERS)}"
    error = _count_error(f".{name}()", len(arguments), MODIFIERS[name], "")
    if error is not None:
        return error
    if name == "rollup" and not ROLLUPS.fullmatch(arguments[0]) and not _SECONDS.fullmatch(arguments[0]):
        return f".rollup() has no method {arguments[0]}: write avg, sum, min, max or count"
    if name == "fill" and not _FILLS.fullmatch(arguments[0]):
        return f".fill() has no method {arguments[0]}: write null, zero, last or linear"
    return None


def _count_error(name: str, given: int, allowed: tuple[int, int], place: str) -> str | None:
    least, most = allowed
    if least <= given <= most:
        return None
    expected = "no argument" if most == 0 else f"{least}" if least == most else f"{least} to {most}"
    return f"{name} takes {expected}{' arguments' if most else ''}{place}, not {given}"


def _suggestion(name: str, known: dict[str, tuple[int, int]]) -> str:
    close = get_close_matches(name, known, 1)
    return f": did you mean {close[0]}?" if close else ""
