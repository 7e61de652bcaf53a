"""States of a monitor's groups, minute by minute. Each rule names the page of docs.datadoghq.com that it comes from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from tests.reference.definitions import EventSearch, Expression, Line, LogLine, Monitor, Query

Group = tuple[str, ...]
Points = dict[Group, list[float | None]]
"""Values of each group: one for each minute of the window (or one in all), None where there is none."""

DAY = 86400


@dataclass
class Telemetry:
    """Everything that was received."""

    lines: list[Line]
    logs: list[LogLine]


@dataclass
class Memory:
    """The memory of a group: its state, when its points were seen, and since when it has been silent."""

    state: str | None
    seen: float
    hold: float
    latest: float | None = None
    silent_since: float | None = None


@dataclass
class Result:
    """Changes of state: (second, group, old, new, whether it notifies)."""

    changes: list[tuple[float, Group, str, str, bool]] = field(default_factory=list)


# --- one window -----------------------------------------------------------------------------------------------------


@dataclass
class Window:
    """A window of minutes that ends at a second; its start is open (undocumented: C-window)."""

    telemetry: Telemetry
    end: float
    minutes: int

    def buckets(self, points: list[tuple[float, float]], shift: float) -> list[list[float]]:
        """Return the values of each minute, ``shift`` seconds earlier."""
        start = self.end - shift - 60 * self.minutes
        buckets: list[list[float]] = [[] for _ in range(self.minutes)]
        for second, value in points:
            for place in range(self.minutes):
                if start + 60 * place < second <= start + 60 * (place + 1):
                    buckets[place].append(value)
        return buckets


def matches(scope: tuple[tuple[str, str], ...], tags: dict[str, str]) -> bool:
    """Return whether a series is in a scope (metrics/advanced-filtering); without a tag it passes the negation."""
    for key, value in scope:
        if key.startswith("!"):
            if tags.get(key[1:]) == value:
                return False
        elif tags.get(key) != value:
            return False
    return True


def lines_by_group(window: Window, query: Query, shift: float) -> dict[Group, list[Line]]:
    """Return the series of each group that have a point in the window.

    A series that lacks a tag of the group-by makes no group (monitors/guide/troubleshooting-no-data). An evaluation
    knows its window only (monitors/guide/troubleshooting-monitor-alerts).
    """
    groups: dict[Group, list[Line]] = {}
    for line in window.telemetry.lines:
        if line.metric != query.metric or not matches(query.scope, line.tags):
            continue
        if any(tag not in line.tags for tag in query.by):
            continue
        if any(values for values in window.buckets(line.points, shift)):
            groups.setdefault(tuple(line.tags[tag] for tag in query.by), []).append(line)
    return groups


def in_time(line: Line, query: Query, values: list[float]) -> float | None:
    """Return a minute's value of a series (metrics/custom_metrics/type_modifiers, dashboards/functions/rollup)."""
    if not values:
        return None
    if query.modifier == "as_count" and line.type == "count":
        return sum(values)
    if query.modifier == "as_count" and line.type == "rate":
        return sum(values) * 60  # each value is a rate over its interval of 60 s
    if query.modifier == "as_rate" and line.type == "count":
        return sum(values) / 60
    return sum(values) / len(values)


def in_space(aggregator: str, values: list[float]) -> float:
    """Return the series merged (monitors/types/metric)."""
    if aggregator == "avg":
        return sum(values) / len(values)
    if aggregator == "sum":
        return sum(values)
    return min(values) if aggregator == "min" else max(values)


def linear(values: list[float | None], most: int) -> list[float | None]:
    """Fill gaps between points at most ``most`` minutes apart with a line (metrics/guide/interpolation-...)."""
    result = list(values)
    filled = [place for place, value in enumerate(values) if value is not None]
    for left, right in pairwise(filled):
        if right - left <= most:
            low, high = values[left], values[right]
            assert low is not None
            assert high is not None
            for place in range(left + 1, right):
                result[place] = low + (high - low) * (place - left) / (right - left)
    return result


def last(values: list[float | None], most: int) -> list[float | None]:
    """Fill gaps with the last point, for at most ``most`` minutes."""
    result = list(values)
    for place in range(len(values)):
        for back in range(most + 1):
            if place - back >= 0 and values[place - back] is not None:
                result[place] = values[place - back]
                break
    return result


def filled(method: str, values: list[float | None]) -> list[float | None]:
    """Apply ``.fill()``, whose limit is 300 seconds (dashboards/functions/interpolation)."""
    if method == "zero":
        return [0.0 if value is None else value for value in values]
    return {"linear": linear, "last": last}[method](values, 5)


def differences(name: str, values: list[float | None]) -> list[float | None]:
    """Apply diff, monotonic_diff or per_second (dashboards/functions/rate)."""
    result: list[float | None] = [None] * len(values)
    previous: int | None = None
    for place, value in enumerate(values):
        if value is None:
            continue
        if previous is not None:
            before = values[previous]
            assert before is not None
            delta = value - before
            if name == "per_second":
                delta /= 60 * (place - previous)
            if name == "diff" or delta >= 0:
                result[place] = delta
        previous = place
    return result


def read(window: Window, query: Query, shift: float) -> Points:
    """Return the query's points: in time, in space; fill and differences apply to each series."""
    result: Points = {} if query.by else {(): [None] * window.minutes}
    for group, lines in lines_by_group(window, query, shift + query.shift).items():
        rows = []
        for line in lines:
            row = [in_time(line, query, values) for values in window.buckets(line.points, shift + query.shift)]
            if query.fill:
                row = filled(query.fill, row)
            if query.function:
                row = differences(query.function, row)
            # Gauges are interpolated where several series are merged (metrics/guide/interpolation-...).
            if line.type == "gauge" and len(lines) > 1 and not query.fill and not query.modifier:
                row = linear(row, 5)
            rows.append(row)
        points: list[float | None] = []
        for values in zip(*rows, strict=True):
            there = [value for value in values if value is not None]
            points.append(in_space(query.space, there) if there else None)
        result[group] = points
    return result


def queries_of(expression: Expression) -> list[Query | EventSearch]:
    """Return all queries of an expression."""
    if expression[0] == "query":
        return [expression[1]]
    return [query for item in expression[1:] if isinstance(item, tuple) for query in queries_of(item)]


def names_in(expression: Expression) -> set[str]:
    """Return all functions and operators of an expression."""
    return {expression[0]}.union(*(names_in(item) for item in expression[1:] if isinstance(item, tuple)))


Leaf = Callable[[Query | EventSearch], Points]


def compute(expression: Expression, leaf: Leaf, *, gauges: bool) -> Points | float:
    """Return the expression's points by group; a number has them everywhere."""
    match expression:
        case ("query", query):
            return leaf(query)
        case ("number", number):
            return float(number)
        case ("default_zero", item):
            return default_zero(compute(item, leaf, gauges=gauges), item, gauges=gauges)
        case ("abs", item):
            return each(compute(item, leaf, gauges=gauges), abs)
        case ("clamp_min", item, bound):
            return each(compute(item, leaf, gauges=gauges), lambda value: max(value, bound))
        case (operator, left, right):
            return combine(operator, compute(left, leaf, gauges=gauges), compute(right, leaf, gauges=gauges))
    raise AssertionError(expression)


def each(points: Points | float, function: Callable[[float], float]) -> Points | float:
    """Apply a function to every point."""
    if isinstance(points, float):
        return function(points)
    return {group: [None if value is None else function(value) for value in row] for group, row in points.items()}


def default_zero(points: Points | float, item: Expression, *, gauges: bool) -> Points | float:
    """Fill empty intervals of sparse but not empty series; gauges are carried on for 5 minutes first.

    dashboards/functions/interpolation
    """
    if isinstance(points, float):
        return points
    carried = gauges and any(isinstance(query, Query) and query.metric.startswith("g") for query in queries_of(item))
    result: Points = {}
    for group, row in points.items():
        values = last(row, 5) if carried else row
        result[group] = [0.0 if value is None else value for value in values]
    return result


def combine(operator: str, left: Points | float, right: Points | float) -> Points | float:
    """Compute group by group; x/0 and x/NaN are dropped (monitors/guide/monitor-arithmetic-and-sparse-metrics)."""

    def point(a: float | None, b: float | None) -> float | None:
        if a is None or b is None:
            return None
        if operator == "/":
            return a / b if b != 0 else None
        return {"+": a + b, "-": a - b, "*": a * b}[operator]

    if isinstance(left, float) and isinstance(right, float):
        result = point(left, right)
        assert result is not None
        return result
    if isinstance(left, float):
        assert not isinstance(right, float)
        return {group: [point(left, value) for value in row] for group, row in right.items()}
    if isinstance(right, float):
        return {group: [point(value, right) for value in row] for group, row in left.items()}
    groups: set[Group] = set(left) | set(right)
    if any(groups):  # an ungrouped query stands beside every group
        groups.discard(())
    result_points: Points = {}
    for group in groups:
        a, b = left.get(group) or left.get(()), right.get(group) or right.get(())
        if a is not None and b is not None:
            result_points[group] = [point(x, y) for x, y in zip(a, b, strict=True)]
        else:
            result_points[group] = [None] * len(a or b or [])
    return result_points


def over_window(aggregator: str, values: list[float | None]) -> float | None:
    """Return the window aggregator's value; None for a window without points (monitors/guide/monitor_aggregators)."""
    there = [value for value in values if value is not None]
    if not there:
        return None
    return in_space(aggregator, there)


# --- one evaluation -------------------------------------------------------------------------------------------------


@dataclass
class Evaluation:
    """One evaluation's knowledge of its groups: value (None where it is skipped), last and first point of each."""

    values: dict[Group, float | None]
    latest: dict[Group, float]
    first: dict[Group, float]
    full: dict[Group, bool] = field(default_factory=dict)


def evaluate_metric(monitor: Monitor, telemetry: Telemetry, time: float) -> Evaluation:
    """Evaluate a metric monitor: shifted by its delay (monitors/configuration)."""
    delay = float(monitor.options.get("evaluation_delay") or 0)
    window = Window(telemetry, time - delay, monitor.minutes)
    sums = any(isinstance(query, Query) and query.modifier == "as_count" for query in queries_of(monitor.expression))
    shifts = [0.0, 60.0 * monitor.change] if monitor.change else [0.0]
    tables = Aligned(monitor, window, shifts, sums=sums)
    results = [compute(monitor.expression, tables.at(shift), gauges=not sums) for shift in shifts]
    result = combine("-", results[0], results[1]) if monitor.change else results[0]
    assert not isinstance(result, float)
    queries = [query for query in queries_of(monitor.expression) if isinstance(query, Query)]
    grouped = least_shifted([query for query in queries if query.by] or queries)
    current = [*least_shifted(queries), *grouped]
    evaluation = Evaluation({}, {}, {})
    for query in grouped:
        for group in lines_by_group(window, query, query.shift):
            stamps = _stamps(window, current, group)
            evaluation.values[group] = over_window("sum" if sums else monitor.aggregator, result.get(group, []))
            evaluation.latest[group], evaluation.first[group] = max(stamps) + delay, min(stamps) + delay
            evaluation.full[group] = _is_full(monitor, window, stamps)
    return evaluation


def least_shifted(queries: list[Query]) -> list[Query]:
    """Return the queries that look back least."""
    return [query for query in queries if query.shift == min(query.shift for query in queries)]


def _stamps(window: Window, queries: list[Query], group: Group) -> list[float]:
    """Return the times of a group's points in the window."""
    stamps = []
    for query in queries:
        groups = lines_by_group(window, query, query.shift)
        for line in groups.get(group) or groups.get((), []):
            start = window.end - 60 * window.minutes
            seconds = [second + query.shift for second, _ in line.points]
            stamps += [second for second in seconds if start < second <= window.end]
    return stamps


def _is_full(monitor: Monitor, window: Window, stamps: list[float]) -> bool:
    """Return whether the first minute has data and at most three are empty (monitors/types/metric)."""
    if not monitor.options.get("require_full_window"):
        return True
    filled_minutes = [bool(values) for values in window.buckets([(stamp, 1.0) for stamp in stamps], 0)]
    return filled_minutes[0] and filled_minutes.count(False) <= 3


class Aligned:
    """The points of all queries of a formula; missing points of counts and rates are 0 among those of the others.

    dashboards/functions/interpolation; monitors/guide/troubleshooting-no-data. With ``sums`` each query is summed over
    the window first (monitors/guide/as-count-in-monitor-evaluations).
    """

    def __init__(self, monitor: Monitor, window: Window, shifts: list[float], *, sums: bool) -> None:
        self.sums, self.window = sums, window
        queries = [query for query in queries_of(monitor.expression) if isinstance(query, Query)]
        self.raw = {(query, shift): read(window, query, shift) for query in queries for shift in shifts}
        self.formula = len(self.raw) > 1
        self.groups = {group for points in self.raw.values() for group in points if group}

    def at(self, shift: float) -> Leaf:
        """Return access to the queries, ``shift`` seconds earlier."""

        def leaf(query: Query | EventSearch) -> Points:
            assert isinstance(query, Query)
            raw = self.raw[query, shift]
            if self.sums:
                return self._sums(query, raw)
            if not query.modifier or query.function or not self.formula:
                return raw
            return self._zeros(query, raw)

        return leaf

    def _sums(self, query: Query, raw: Points) -> Points:
        result: Points = {}
        for group in (self.groups if query.by else {()}) if query.modifier == "as_count" else set(raw):
            values = [value for value in raw.get(group, []) if value is not None]
            result[group] = [sum(values)]
        return result

    def _zeros(self, query: Query, raw: Points) -> Points:
        result: Points = {}
        for group in self.groups if query.by else {()}:
            row = list(raw.get(group) or [None] * self.window.minutes)
            for place in range(self.window.minutes):
                if row[place] is None and self._has_point(group, place):
                    row[place] = 0.0
            result[group] = row
        return result

    def _has_point(self, group: Group, place: int) -> bool:
        for points in self.raw.values():
            for other, row in points.items():
                if row[place] is not None and (not group or other in {group, ()}):
                    return True
        return False


def evaluate_logs(monitor: Monitor, telemetry: Telemetry, time: float) -> Evaluation:
    """Evaluate a log monitor (monitors/types/log): a formula has 0 where a count has no logs."""
    start = time - 60 * monitor.minutes
    logs = [log for log in telemetry.logs if start < log.second <= time]
    matching: dict[EventSearch, dict[Group, list[LogLine]]] = {}
    for search in monitor.searches:
        groups: dict[Group, list[LogLine]] = {}
        matching[search] = groups
        for log in logs:
            if all(log.fields.get(key) == value for key, value in search.match):
                groups.setdefault(tuple(str(log.fields[facet]) for facet in search.by), []).append(log)
    grouped = [groups for search, groups in matching.items() if search.by] or list(matching.values())
    known = {group for groups in grouped for group in groups}

    def leaf(search: Query | EventSearch) -> Points:
        assert isinstance(search, EventSearch)
        groups = known if search.by else {()}
        return {group: [measure(search.method, matching[search].get(group, []))] for group in groups}

    result = compute(monitor.expression, leaf, gauges=False)
    assert not isinstance(result, float)
    evaluation = Evaluation({}, {}, {})
    for group in known:
        stamps = [log.second for groups in matching.values() for log in groups.get(group) or groups.get((), [])]
        evaluation.values[group] = result[group][0]
        evaluation.latest[group], evaluation.first[group], evaluation.full[group] = max(stamps), min(stamps), True
    return evaluation


def measure(method: str, logs: list[LogLine]) -> float | None:
    """Return the aggregation of some logs."""
    if method == "count":
        return float(len(logs))
    values = sorted(float(log.fields["@took"]) for log in logs)
    if method == "sum":
        return sum(values)
    if not values:
        return None
    if method == "pc90":  # nearest rank (undocumented: C-percentile)
        return values[max(1, -(-90 * len(values) // 100)) - 1]
    return in_space(method, values)
