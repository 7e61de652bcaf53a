"""Event monitors: logs, spans, RUM, CI and other events counted or measured (docs: monitors/types/log, event, apm)."""

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.event.aggregation import Windows, aggregate, event_times
from firedrill.evaluate.event.queries import EventQuery, common_group_by, is_metric_formula, read_queries
from firedrill.evaluate.event.search import MatchingEvents, find_events
from firedrill.evaluate.metric.alignment import union_keys
from firedrill.evaluate.metric.cumulative import cumulative_starts
from firedrill.evaluate.metric.expression import Operands, evaluate
from firedrill.evaluate.metric.monitor import measure_metric
from firedrill.evaluate.metric.table import GroupKey, Table
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Json, Note, Refused
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Sample, Signal, join_signals
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query import Query, parse, parse_formula, parse_metric_query
from firedrill.query.chains import COUNTING, evaluation_window
from firedrill.query.tree import ChainMonitor, MetricMonitor, MetricQuery, QueryName, Window, walk

GROUP_LIMITS = {1: 1000, 2: 900, 3: 1000, 4: 625}
"""Most groups that Datadog evaluates, by the number of facets."""
MAX_EVENT_GROUPS = max(GROUP_LIMITS.values())
MAX_WINDOW = 48 * 3600


def measure_events(query: Query, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Return the signal of an event monitor at ``times``. Raises :class:`Refused`."""
    body = query.body
    assert isinstance(body, ChainMonitor)
    window = evaluation_window(query.text, body)
    if window is None:
        raise Refused(query.type, "a query without .last() is not implemented")
    if is_metric_formula(options):
        return _measure_metric_formula(body, options, telemetry, times)
    queries = read_queries(query, options)
    delay = float(options.get("evaluation_delay") or 0)
    parts = [
        _measure_part(query, queries, telemetry, _windows(window, options, times[np.mod(times, CELL) == phase]), delay)
        for phase in np.unique(np.mod(times, CELL))
    ]
    return join_signals(parts)


def _windows(window: Window, options: Json, times: FloatArray) -> Windows:
    """Return the windows of evaluations at these times, all at the same second of a minute."""
    ends = times - float(options.get("evaluation_delay") or 0)
    if window.kind != "current":
        return Windows(ends, window.seconds)
    starts = cumulative_starts(window, options, ends)
    return Windows(ends, int((ends - starts).max()), starts)


def _measure_metric_formula(body: ChainMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Measure a formula over named metric queries as the classic query with the names filled in."""
    queries = {}
    for variable in options["variables"]:
        if variable.get("data_source") != "metrics":
            raise Refused("formula", "over metrics and events at once is not implemented")
        parse_metric_query(variable["query"])
        queries[variable["name"]] = variable["query"]
    rollup, last, current = body.call("rollup"), body.call("last"), body.call("current")
    formula = parse_formula(body.argument.value)
    expression = body.argument.value
    for node in reversed([node for node in walk(formula) if isinstance(node, QueryName)]):
        if node.name not in queries:
            raise Refused(node.name, "no query has this name")
        expression = f"{expression[: node.span.start]}({queries[node.name]}){expression[node.span.end :]}"
    aggregator = rollup.values()[0] if rollup is not None and rollup.arguments else "avg"
    window = f"last_{last.values()[0]}" if last is not None else f"current_{current.values()[0]}" if current else ""
    text = f"{aggregator}({window}):{expression} {body.comparator} {body.threshold.text}"
    classic = parse("query alert", text).body
    assert isinstance(classic, MetricMonitor)
    return measure_metric(classic, options, telemetry, times)


def _measure_part(
    query: Query, queries: dict[str, EventQuery], telemetry: Telemetry, windows: Windows, delay: float
) -> Signal:
    """Return the signal of windows that all end at the same second of a minute."""
    body = query.body
    assert isinstance(body, ChainMonitor)
    cells, by = windows.cells, common_group_by(queries)
    matching = {name: find_events(query, telemetry, cells.origin, cells.end) for name, query in queries.items()}
    tables = {name: aggregate(queries[name], events, windows) for name, events in matching.items()}
    finest = [name for name, table in tables.items() if set(table.by) == set(by)]
    keys = union_keys(by, [tables[name] for name in finest]) if by else ((),)
    latest, first = event_times([(queries[name].by, matching[name]) for name in queries], by, keys, windows)
    if by:  # a group is in a window when a query with all of its tags has an event of it there
        own, _ = event_times([(queries[name].by, matching[name]) for name in finest], by, keys, windows)
        latest = np.where(own > -np.inf, latest, -np.inf)
    has_data = latest > -np.inf
    _check_groups(by, has_data)
    aligned = _aligned(queries, tables, by, keys, has_data)
    values = (_formula(body, aligned) if body.head.text == "formula" else aligned["query"]).aligned(by, keys)
    status = np.where(has_data, np.where(np.isnan(values), SKIP, VALUE), EMPTY).astype(np.int8)
    times = windows.ends + delay
    absent = np.zeros(times.size, np.int8)
    if _keeps_silent_groups(body, by):
        absent[has_data.any(axis=0)] = SKIP
    return Signal(
        times,
        by,
        keys,
        status,
        np.where(status == VALUE, values, np.nan),
        latest=latest + delay,
        first=first + delay,
        absent=absent,
        notes=_notes(query, queries, by),
        sample=_sampler(next(iter(matching.values())), windows, delay),
    )


def _aligned(
    queries: dict[str, EventQuery],
    tables: dict[str, Table],
    by: GroupKey,
    keys: tuple[GroupKey, ...],
    has_data: NDArray[np.bool_],
) -> dict[str, Table]:
    """Return the tables with all groups that any of them has in a window; a count without events is 0 there."""
    result = {}
    for name, table in tables.items():
        missing = 0.0 if queries[name].method in COUNTING | {"sum"} else np.nan
        if by and set(table.by) == set(by):
            result[name] = Table(by, keys, np.where(has_data, table.aligned(by, keys, missing), np.nan))
            continue
        finer = [other for other in tables.values() if set(table.by) <= set(other.by)]
        groups = union_keys(table.by, finer) if table.by else ((),)
        result[name] = Table(table.by, groups, table.aligned(table.by, groups, missing))
    return result


def _check_groups(by: GroupKey, has_data: NDArray[np.bool_]) -> None:
    """Raise :class:`Refused` where a window has more groups than Datadog evaluates."""
    most = int(has_data.sum(axis=0).max(initial=0))
    if by and most > GROUP_LIMITS.get(len(by), 0):
        raise Refused("groups", f"{most} groups by {', '.join(by)}: over Datadog's limit, which cuts some off")


def _formula(body: ChainMonitor, tables: dict[str, Table]) -> Table:
    def metric_query(query: MetricQuery, _shift: float, _function: str | None) -> Table:
        raise Refused(str(query.metric), "a formula over events names its queries")

    def variable(name: str, _operands: Operands, _shift: float) -> Table:
        if name not in tables:
            raise Refused(name, "no query has this name")
        return tables[name]

    return evaluate(parse_formula(body.argument.value), Operands(metric_query, CELL, sums=True, variable=variable))


def _keeps_silent_groups(body: ChainMonitor, by: GroupKey) -> bool:
    """Return whether a group without events keeps its state while other groups have events."""
    return bool(by) and str(body.comparator) in {"<", "<="}


def _sampler(matching: MatchingEvents, windows: Windows, delay: float) -> Sample:
    def sample(key: GroupKey, time: float) -> Json | None:
        """Return the attributes of the newest matching event in the window."""
        group = matching.groups.get(key)
        if group is None:
            return None
        begin = windows.begins[np.searchsorted(windows.ends, time - delay)]
        place = int(np.searchsorted(group.times, time - delay, side="right")) - 1
        return None if place < 0 or group.times[place] <= begin else dict(group.events[place].attributes)

    return sample


def _notes(query: Query, queries: dict[str, EventQuery], by: GroupKey) -> set[Note]:
    body = query.body
    assert isinstance(body, ChainMonitor)
    notes: set[Note] = set()
    if any(query.track == "spans" for query in queries.values()):
        notes.add(
            Note("spans", "Datadog counts only spans that a custom retention filter keeps; all spans are counted here")
        )
    if body.head.text == "processes":
        text = "whole words of the command line are searched; Datadog matches parts of words, too"
        notes.add(Note("processes()", text, approximation=True))
    by_call = body.call("by")
    if by_call is not None and by_call.values() == ("*",):
        notes.add(Note('.by("*")', "read as ungrouped", approximation=True))
    if _keeps_silent_groups(body, by):
        notes.add(Note("silent group", "a group without events keeps its state unless all groups are silent"))
    window = evaluation_window(query.text, body)
    if window is not None and window.seconds > MAX_WINDOW:
        notes.add(Note("window", "event monitors look back 48 hours at most"))
    return notes
