"""Anomalies, forecasts and outliers, approximated. Every result is indicative
(docs: monitors/types/anomaly, forecasts, outlier).

Datadog does not publish the formulas. Bands here are medians with ``deviations`` robust standard deviations
(1.4826 times the median absolute deviation) around them.
"""

from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.model import Json, Note, Refused
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal
from firedrill.evaluate.slices import buckets
from firedrill.evaluate.table import Key, Table
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.evaluate.windows import CELL
from firedrill.query.build import window
from firedrill.query.tree import Call, Keyword, MetricMonitor, Number, Span, Text, Variable
from firedrill.query.tree import MetricQuery as _MetricQuery

ROBUST = 1.4826
DAY, WEEK, HOUR = 86400, 604800, 3600
SEASONS = {"hourly": HOUR, "daily": DAY, "weekly": WEEK}
FEWEST_SEASONS, MOST_SEASONS = 3, 6


@dataclass(frozen=True)
class Arguments:
    """A call's positional texts and numbers, and its keywords."""

    positional: list[str]
    keywords: dict[str, str]

    def number(self, place: int, default: float) -> float:
        """A positional number."""
        return float(self.positional[place]) if len(self.positional) > place else default

    def seconds(self, name: str, default: int) -> int:
        """A keyword's length: ``60``, ``'60m'`` or ``'last_15m'``."""
        text = self.keywords.get(name)
        if text is None:
            return default
        if text.isdecimal():
            return int(text)
        return window(text, Span(0, 0)).seconds


def _arguments(call: Call) -> Arguments:
    positional, keywords = [], {}
    for argument in call.arguments[1:]:
        target = argument.value if isinstance(argument, Keyword) else argument
        if isinstance(target, Text):
            text = target.value
        elif isinstance(target, Number):
            text = target.text
        elif isinstance(target, Variable):
            text = target.name
        else:
            raise Refused(f"{call.name}()", "takes texts and numbers after its query")
        if isinstance(argument, Keyword):
            keywords[argument.name] = text
        else:
            positional.append(text)
    return Arguments(positional, keywords)


def measure_special(
    monitor: MetricMonitor, call: Call, options: Json, telemetry: Telemetry, times: FloatArray
) -> Signal:
    """The signal of a monitor on anomalies, a forecast or outliers."""
    arguments = _arguments(call)
    query = call.arguments[0]
    if isinstance(query, Text | Keyword):
        raise Refused(f"{call.name}()", "takes a query first")
    delay = float(options.get("evaluation_delay") or 0)
    kinds = {"anomalies": _anomalies, "forecast": _forecast, "outliers": _outliers}
    values, keys, by, latest = kinds[call.name.text](monitor, query, arguments, options, telemetry, times - delay)
    some = latest > -np.inf
    status = np.where(some, np.where(np.isnan(values), SKIP, VALUE), EMPTY).astype(np.int8)
    note = Note(f"{call.name}()", "an approximation: Datadog does not publish its formula", approximation=True)
    first = np.where(some, times, np.inf)
    return Signal(times, by, keys, status, values, np.where(some, latest + delay, -np.inf), first, notes={note})


Result = tuple[FloatArray, tuple[Key, ...], Key, FloatArray]


def _history(query: object, telemetry: Telemetry, start: float, end: float, seconds: int) -> tuple[Table, FloatArray]:
    high = np.floor(end / seconds) * seconds
    low = np.floor(start / seconds) * seconds
    table, ends, _ = buckets(query, telemetry, float(low), float(high), seconds)  # type: ignore[arg-type]  # an Expression
    return table, ends


def _latest(values: FloatArray, ends: FloatArray, times: FloatArray, length: float) -> FloatArray:
    """The last bucket with a point in each window."""
    result = np.full((values.shape[0], times.size), -np.inf)
    for row, line in enumerate(values):
        known = ends[~np.isnan(line)]
        place = np.searchsorted(known, times, side="right") - 1
        found = np.where(place >= 0, known[np.maximum(place, 0)] if known.size else -np.inf, -np.inf)
        result[row] = np.where(found > times - length, found, -np.inf)
    return result


def recovery_minutes(trigger_minutes: float, threshold: float) -> float:
    """The shortest recovery window that Datadog accepts: trigger x (1 - threshold) + 1 minute."""
    return trigger_minutes * (1 - threshold) + 1


def interval_is_valid(alert_window: float, interval: float) -> bool:
    """Whether an anomaly monitor's interval is at most a fifth of its alert window."""
    return interval <= alert_window / 5


def anomalous_fraction(flags: FloatArray) -> float:
    """The share of points outside the band; NaN without points."""
    return float(np.mean(flags)) if flags.size else float("nan")


def _anomalies(
    _monitor: MetricMonitor, query: object, arguments: Arguments, options: Json, telemetry: Telemetry, times: FloatArray
) -> Result:
    algorithm, deviations = arguments.positional[0] if arguments.positional else "basic", arguments.number(1, 2)
    given = (options.get("threshold_windows") or {}).get("trigger_window")
    alert = window(given, Span(0, 0)).seconds if given else arguments.seconds("alert_window", 900)
    interval = max(CELL, arguments.seconds("interval", CELL))
    if not interval_is_valid(alert, interval):
        raise Refused("anomalies()", f"interval={interval} is over a fifth of the alert window ({alert} s)")
    season = SEASONS.get(arguments.keywords.get("seasonality", "weekly"), WEEK)
    depth = max(5 * alert, 2 * HOUR) if algorithm == "basic" else MOST_SEASONS * season
    table, ends = _history(query, telemetry, float(times[0]) - depth - alert, float(times[-1]), interval)
    points = (
        np.nan_to_num(table.values)
        if arguments.keywords.get("count_default_zero") == "true" and _counts(query)
        else table.values
    )
    lower, upper = _band(algorithm, points, interval, deviations, alert=alert, season=season)
    direction = arguments.keywords.get("direction", "both")
    outside = np.zeros(points.shape, bool)
    if direction in {"both", "above"}:
        outside |= points > upper
    if direction in {"both", "below"}:
        outside |= points < lower
    known = ~np.isnan(points) & ~np.isnan(upper)
    size = max(1, round(alert / interval))
    place = np.searchsorted(ends, times, side="right")
    sums = np.concatenate([np.zeros((points.shape[0], 1)), np.cumsum(outside & known, axis=1)], axis=1)
    counts = np.concatenate([np.zeros((points.shape[0], 1)), np.cumsum(known, axis=1)], axis=1)
    low = np.maximum(place - size, 0)
    judged = counts[:, place] - counts[:, low]
    values = np.divide(sums[:, place] - sums[:, low], judged, out=np.full(judged.shape, np.nan), where=judged > 0)
    latest = np.where(judged > 0, _latest(table.values, ends, times, alert), -np.inf)
    return values, table.keys, table.by, latest


def _counts(query: object) -> bool:
    return isinstance(query, _MetricQuery) and query.modifier("as_count") is not None


def _band(
    algorithm: str, points: FloatArray, interval: int, deviations: float, *, alert: int, season: int
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper bound of each point; NaN where there is too little history."""
    if algorithm == "basic":
        return _rolling_band(points, max(5 * alert, 2 * HOUR) // interval, alert // interval, deviations)
    if algorithm not in {"agile", "robust"}:
        raise Refused(algorithm, "is no anomaly algorithm")
    step = season // interval
    shifted = [_delayed(points, step * count) for count in range(1, MOST_SEASONS + 1)]
    stack = np.array(shifted)
    enough = (~np.isnan(stack)).sum(axis=0) >= FEWEST_SEASONS
    filled = np.where(enough, stack, 0.0)
    centre = np.nanmedian(filled, axis=0)
    spread = ROBUST * np.nanmedian(np.abs(filled - centre), axis=0)
    if algorithm == "agile":
        residual = np.nan_to_num(_delayed(points - centre, 1))
        centre = centre + residual
    centre = np.where(enough, centre, np.nan)
    return centre - deviations * spread, centre + deviations * spread


def _delayed(points: FloatArray, steps: int) -> FloatArray:
    result = np.full(points.shape, np.nan)
    if steps < points.shape[1]:
        result[:, steps:] = points[:, : points.shape[1] - steps]
    return result


def _rolling_band(points: FloatArray, size: int, gap: int, deviations: float) -> tuple[FloatArray, FloatArray]:
    """Around the median of the ``size`` points that end ``gap`` before each; at least half of them must be there."""
    lower, upper = np.full(points.shape, np.nan), np.full(points.shape, np.nan)
    first = size // 2 + gap
    if points.shape[1] <= first:
        return lower, upper
    missing = np.full((points.shape[0], size), np.nan)
    past = np.concatenate([missing, points], axis=1)[:, : points.shape[1] + size - gap]
    windows = np.lib.stride_tricks.sliding_window_view(past, size, axis=1)[:, first - gap : points.shape[1] - gap]
    for row, lines in enumerate(windows):
        enough = (~np.isnan(lines)).sum(axis=1) * 2 >= size
        centre = _medians(lines)
        spread = ROBUST * _medians(np.abs(lines - centre[:, None]))
        lower[row, first:] = np.where(enough, centre - deviations * spread, np.nan)
        upper[row, first:] = np.where(enough, centre + deviations * spread, np.nan)
    return lower, upper


def _medians(lines: FloatArray) -> FloatArray:
    """The median of each line's numbers; NaN where there is none."""
    ordered = np.sort(lines, axis=1)  # NaN comes last
    count = (~np.isnan(lines)).sum(axis=1)
    row = np.arange(len(lines))
    middle = ordered[row, np.maximum(count - 1, 0) // 2], ordered[row, np.minimum(count // 2, lines.shape[1] - 1)]
    return np.where(count > 0, (middle[0] + middle[1]) / 2, np.nan)


def _forecast(
    monitor: MetricMonitor, query: object, arguments: Arguments, _options: Json, telemetry: Telemetry, times: FloatArray
) -> Result:
    """The end of the band over the horizon that lies nearest the threshold: Theil-Sen slope and residual deviation."""
    algorithm, deviations = arguments.positional[0] if arguments.positional else "linear", arguments.number(1, 1)
    if algorithm != "linear":
        raise Refused(f"forecast '{algorithm}'", "only the linear algorithm is approximated")
    interval = max(CELL, arguments.seconds("interval", HOUR))
    history = arguments.seconds("history", WEEK)
    table, ends = _history(query, telemetry, float(times[0]) - history, float(times[-1]), interval)
    values = np.full((len(table.keys), times.size), np.nan)
    horizon, upward = monitor.window.seconds, monitor.aggregator.text == "max"
    low, high = np.searchsorted(ends, times - history, side="right"), np.searchsorted(ends, times, side="right")
    # Evaluations that see the same points have the same line: it changes once an interval.
    begins = np.flatnonzero(np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0)))
    for row, line in enumerate(table.values):
        for begin, end in zip(begins, [*begins[1:], times.size], strict=True):
            x, y = ends[low[begin] : high[begin]], line[low[begin] : high[begin]]
            x, y = x[~np.isnan(y)], y[~np.isnan(y)]
            if x.size < FEWEST_SEASONS:
                continue
            slope, base = _theil_sen(x, y)
            spread = ROBUST * float(np.median(np.abs(y - (base + slope * x)))) * deviations
            now = base + slope * times[begin:end]
            then = base + slope * (times[begin:end] + horizon)
            values[row, begin:end] = np.maximum(now, then) + spread if upward else np.minimum(now, then) - spread
    return values, table.keys, table.by, _latest(table.values, ends, times, history)


def _theil_sen(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and intercept through the medians, of at most 200 points."""
    if x.size > 200:
        chosen = np.linspace(0, x.size - 1, 200).astype(int)
        x, y = x[chosen], y[chosen]
    i, j = np.triu_indices(x.size, 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i])))
    return slope, float(np.median(y - slope * x))


def _outliers(
    monitor: MetricMonitor, query: object, arguments: Arguments, _options: Json, telemetry: Telemetry, times: FloatArray
) -> Result:
    """1 for each group that is an outlier among the groups, else 0."""
    algorithm, tolerance = arguments.positional[0] if arguments.positional else "DBSCAN", arguments.number(1, 3)
    if algorithm.upper() not in {"DBSCAN", "MAD"}:
        raise Refused(f"outliers '{algorithm}'", "the scaled variants are not documented")
    share = arguments.number(2, 50) / 100
    length = monitor.window.seconds
    table, ends = _history(query, telemetry, float(times[0]) - length, float(times[-1]), CELL)
    values = np.full((len(table.keys), times.size), np.nan)
    for place, time in enumerate(times):
        part = table.values[:, (ends > time - length) & (ends <= time)]
        rows = np.flatnonzero((~np.isnan(part)).any(axis=1))
        if rows.size >= 3:
            judge = _dbscan if algorithm.upper() == "DBSCAN" else _mad
            values[rows, place] = judge(part[rows], tolerance, share)
    return values, table.keys, table.by, _latest(table.values, ends, times, length)


def _dbscan(lines: FloatArray, tolerance: float, _share: float) -> FloatArray:
    """Outside the largest cluster, with eps = tolerance x median distance to the median series."""
    centre = np.nanmedian(lines, axis=0)
    reach = tolerance * float(np.median(np.sqrt(np.nansum((lines - centre) ** 2, axis=1))))
    distances = np.sqrt(np.nansum((lines[:, None] - lines[None]) ** 2, axis=2))
    label = np.full(len(lines), -1)
    for start in range(len(lines)):
        if label[start] < 0:
            pending = [start]
            while pending:
                member = pending.pop()
                if label[member] < 0:
                    label[member] = start
                    pending.extend(np.flatnonzero((distances[member] <= reach) & (label < 0)).tolist())
    names, sizes = np.unique(label, return_counts=True)
    outside: FloatArray = (label != names[np.argmax(sizes)]).astype(np.float64)
    return outside


def _mad(lines: FloatArray, tolerance: float, share: float) -> FloatArray:
    """More than a share of the points further than tolerance deviations from the median of all."""
    centre = np.nanmedian(lines)
    deviation = ROBUST * np.nanmedian(np.abs(lines - centre))
    far = np.abs(lines - centre) > tolerance * deviation
    outside: FloatArray = (far.sum(axis=1) > share * (~np.isnan(lines)).sum(axis=1)).astype(np.float64)
    return outside
