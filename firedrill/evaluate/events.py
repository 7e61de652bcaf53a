"""Event monitors: logs, spans, RUM, CI and other events counted or measured (docs: monitors/types/log, event, apm)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.event_queries import EventQuery, is_metric_formula, read_queries
from firedrill.evaluate.expression import Leaves, evaluate
from firedrill.evaluate.facets import facet_values, number
from firedrill.evaluate.metrics import measure_metric
from firedrill.evaluate.model import Json, Note, Refused
from firedrill.evaluate.schedule import HOUR
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Sample, Signal, joined
from firedrill.evaluate.table import Key, Table
from firedrill.evaluate.telemetry import Events, FloatArray, IntArray, Recording, Telemetry
from firedrill.evaluate.windows import CELL, Cells, percentiles, reduced, windowed
from firedrill.logs.search import Search, SearchError, parse_search
from firedrill.query import Query, parse, parse_formula, parse_metric_query
from firedrill.query.chains import duration
from firedrill.query.tree import ChainMonitor, MetricMonitor, MetricQuery, Variable, walk

GROUP_LIMITS = {1: 1000, 2: 900, 3: 1000, 4: 625}
_PERCENTILES = {"median": 50.0, "pc75": 75.0, "pc90": 90.0, "pc95": 95.0, "pc98": 98.0, "pc99": 99.0}


def measure_events(query: Query, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Values for evaluations at ``times``. Raises :class:`Refused`."""
    body = query.body
    assert isinstance(body, ChainMonitor)
    last = body.step("last")
    if last is None:
        raise Refused(query.type, "a query without .last() is not implemented")
    window = duration(query.text, last).seconds
    if is_metric_formula(options):
        return _metric_formula(body, options, telemetry, times)
    queries = read_queries(query, options)
    delay = float(options.get("evaluation_delay") or 0)
    parts = [
        _part(query, queries, telemetry, _Windows(times[np.mod(times, CELL) == phase] - delay, window), delay)
        for phase in np.unique(np.mod(times, CELL))
    ]
    return joined(parts)


def _metric_formula(body: ChainMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """A formula over named metric queries is the same as the classic query with the names filled in."""
    text = {}
    for variable in options["variables"]:
        if variable.get("data_source") != "metrics":
            raise Refused("formula", "over metrics and events at once is not implemented")
        parse_metric_query(variable["query"])
        text[variable["name"]] = variable["query"]
    rollup, last = body.step("rollup"), body.step("last")
    assert last is not None
    formula = parse_formula(body.argument.value)
    spelled = body.argument.value
    for node in reversed([one for one in walk(formula) if isinstance(one, Variable)]):
        if node.name not in text:
            raise Refused(node.name, "no query has this name")
        spelled = f"{spelled[: node.span.start]}({text[node.name]}){spelled[node.span.end :]}"
    aggregator = rollup.values()[0] if rollup is not None and rollup.arguments else "avg"
    written = f"{aggregator}(last_{last.values()[0]}):{spelled} {body.comparator} {body.threshold.text}"
    inner = parse("query alert", written).body
    assert isinstance(inner, MetricMonitor)
    return measure_metric(inner, options, telemetry, times)


@dataclass(frozen=True)
class _Windows:
    """The windows that end at some times (all at the same second of a minute)."""

    ends: FloatArray
    length: int

    @property
    def lead(self) -> int:
        """The length in full minutes."""
        return -(-self.length // CELL) * CELL

    @property
    def cells(self) -> Cells:
        """The minutes that the windows cover."""
        origin = float(self.ends[0]) - self.lead
        return Cells(origin, round((float(self.ends[-1]) - origin) / CELL))

    def over(self, values: FloatArray, fold: np.ufunc) -> FloatArray:
        """The fold of each window's minutes (the last axis)."""
        rows = self.cells.index(self.ends) - self.lead // CELL
        result: FloatArray = windowed(values, self.lead // CELL, fold)[..., rows]
        return result


@dataclass(frozen=True)
class _Group:
    """The matching events of one group, and what was measured on each (nothing where events are only counted)."""

    events: Events
    measured: NDArray[np.object_]

    @property
    def times(self) -> FloatArray:
        """When they happened."""
        return self.events.times


@dataclass(frozen=True)
class _Matched:
    """The events that match a query, by group."""

    keys: tuple[Key, ...]
    groups: dict[Key, _Group]


def _matched(query: EventQuery, telemetry: Telemetry, start: float, end: float) -> _Matched:
    """Each of the different things that events say is searched and measured once."""
    try:
        search = parse_search(query.search)
    except SearchError as error:
        raise Refused("search", str(error)) from error
    table = _searched(query, search, telemetry, start, end)
    measured = np.full(len(table.said), None)
    places: dict[Key, int] = {}
    pairs: list[tuple[int, int]] = []
    for kind in np.flatnonzero(np.bincount(table.which)).tolist():
        attributes = table.said[kind]
        if query.measure is not None:
            values = facet_values(attributes, query.measure)
            value = None if not values else values[0] if query.method == "cardinality" else number(values[0])
            if value is None:
                continue
            measured[kind] = value
        pairs += [(places.setdefault(key, len(places)), kind) for key in _keys(query.by, attributes)]
    rows = _rows_by_group(table.which, pairs, len(places))
    groups = {key: _Group(replace(table, times=table.times[rows[place]], which=table.which[rows[place]]),
                          measured[table.which[rows[place]]]) for key, place in places.items()}  # fmt: skip
    return _Matched(tuple(sorted(groups)), groups)


def _searched(query: EventQuery, search: Search, telemetry: Telemetry, start: float, end: float) -> Events:
    """The events that a search finds. Tables of which it finds nothing are not even sorted among the others."""
    if isinstance(telemetry, Recording):
        tables = telemetry.tables(query.track, start, end)
    else:
        found = telemetry.events(query.track, start, end)
        tables = [found if isinstance(found, Events) else Events.of(query.track, found)]
    known_indexes = query.indexes | {""}  # an event that does not say where it is indexed is in any
    parts = []
    for table in tables:
        kinds = np.flatnonzero(np.bincount(table.which, minlength=len(table.said)))
        fits = np.zeros(len(table.said), np.bool_)
        for kind in kinds.tolist():
            said = table.said[kind]
            fits[kind] = search.matches(said) and not (query.indexes and said.get("index", "") not in known_indexes)
        if fits[kinds].all():
            parts.append(table)
        elif fits.any():
            rows = fits[table.which]
            parts.append(replace(table, times=table.times[rows], which=table.which[rows]))
    return Events.joined(query.track, parts or [Events.of(query.track, ())])


def matching(query: EventQuery, telemetry: Telemetry, start: float, end: float) -> bool:
    """Whether any event is found by a query. Raises :class:`Refused` for a search that is none."""
    return bool(_matched(replace(query, measure=None, by=()), telemetry, start, end).keys)


def _rows_by_group(which: IntArray, pairs: list[tuple[int, int]], groups: int) -> list[IntArray]:
    """The rows of each group, in their order, from (group, kind) pairs; a kind may belong to several groups."""
    if not pairs:
        return []
    of_group, of_kind = np.array(sorted(pairs, key=lambda pair: pair[1])).T
    # Numpy sorts 16-bit numbers by their digits, in a fraction of the time.
    by_kind = np.argsort(which.astype(np.uint16) if int(which.max()) < 1 << 16 else which, kind="stable")
    counts = np.bincount(which, minlength=int(of_kind.max()) + 1)
    low, sizes = (np.cumsum(counts) - counts)[of_kind], counts[of_kind]
    offsets = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = by_kind[np.repeat(low, sizes) + offsets]
    owner = np.repeat(of_group, sizes)
    order = np.lexsort((rows, owner))
    return np.split(rows[order], np.searchsorted(owner[order], np.arange(1, groups)))


def _keys(by: Key, attributes: Mapping[str, Any]) -> Iterator[Key]:
    """An event belongs to each combination of its values; one that lacks a facet belongs to no group."""
    keys: list[Key] = [()]
    for facet in by:
        values = [str(value) for value in facet_values(attributes, facet)]
        keys = [(*key, value) for key in keys for value in dict.fromkeys(values)]
    yield from keys


def _part(query: Query, queries: dict[str, EventQuery], telemetry: Telemetry, area: _Windows, delay: float) -> Signal:
    body = query.body
    assert isinstance(body, ChainMonitor)
    matched = {name: _matched(one, telemetry, area.cells.origin, area.cells.end) for name, one in queries.items()}
    tables = {name: _table(queries[name], found, area) for name, found in matched.items()}
    if body.head.text == "formula":
        formula = parse_formula(body.argument.value)
        result = evaluate(formula, Leaves(_no_leaf, CELL, True, variable=lambda name, _: _named(tables, name)))
    else:
        result = tables["query"]
    by = next((one.by for one in queries.values() if one.by), ())
    keys = tuple(
        sorted({key for one in matched.values() for key in one.keys if len(key) == len(by)} | set(result.keys))
    )
    if by and len(keys) > GROUP_LIMITS.get(len(by), 0):
        raise Refused("groups", f"{len(keys)} groups by {', '.join(by)}: over Datadog's limit, which cuts some off")
    latest, first = _seen(matched, keys, area)
    values = result.aligned(by, keys)
    status = np.where(latest > -np.inf, np.where(np.isnan(values), SKIP, VALUE), EMPTY).astype(np.int8)
    times = area.ends + delay
    absent = np.zeros(times.size, np.int8)
    if by and str(body.comparator) in {"<", "<="}:
        absent[(latest > -np.inf).any(axis=0)] = SKIP
    return Signal(
        times,
        by,
        keys,
        status,
        np.where(status == VALUE, values, np.nan),
        latest + delay,
        first + delay,
        None,
        absent,
        _notes(query, queries, by),
        _sampler(next(iter(matched.values())), area.length, delay),
    )


def _no_leaf(query: MetricQuery, _shift: float, _function: str | None) -> Table:
    raise Refused(str(query.metric), "a formula over events names its queries")


def _named(tables: dict[str, Table], name: str) -> Table:
    if name not in tables:
        raise Refused(name, "no query has this name")
    return tables[name]


def _table(query: EventQuery, found: _Matched, area: _Windows) -> Table:
    columns = [_values(query, found.groups[key], area) for key in found.keys]
    return Table(query.by, found.keys, np.array(columns).reshape(len(found.keys), area.ends.size))


def _values(query: EventQuery, group: _Group, area: _Windows) -> FloatArray:
    times = group.times
    edges = area.cells.bounds(times)
    totals = area.over((edges[1:] - edges[:-1]).astype(np.float64), np.add)
    if query.method == "count":
        return totals
    high = np.searchsorted(times, area.ends, side="right")
    low = np.searchsorted(times, area.ends - area.lead, side="right")
    if query.method == "cardinality":
        return _distinct(group.measured, low, high)
    measured = group.measured.astype(np.float64)
    if query.method in _PERCENTILES:
        return percentiles(measured, low, high, _PERCENTILES[query.method])
    if query.method in {"min", "max"}:
        fold, empty = (np.minimum, np.inf) if query.method == "min" else (np.maximum, -np.inf)
        result = area.over(reduced(measured, edges[:-1], edges[1:], fold, empty), fold)
        return np.where(totals > 0, result, np.nan)
    sums = area.over(reduced(measured, edges[:-1], edges[1:], np.add, 0.0), np.add)
    return sums if query.method == "sum" else np.where(totals > 0, sums / np.maximum(totals, 1), np.nan)


def _distinct(values: NDArray[np.object_], low: IntArray, high: IntArray) -> FloatArray:
    """How many different values lie in each of the ranges, whose ends both ascend.

    A value counts at its first place in a range: in those that begin after its previous place, and not after this one.
    """
    _, codes = np.unique([str(value) for value in values], return_inverse=True)
    order = np.argsort(codes, kind="stable")
    previous = np.full(codes.size, -1)
    again = codes[order][1:] == codes[order][:-1]
    previous[order[1:][again]] = order[:-1][again]
    place = np.arange(codes.size)
    begin = np.maximum(np.searchsorted(high, place, side="right"), np.searchsorted(low, previous, side="right"))
    end = np.searchsorted(low, place, side="right")
    some = end > begin
    steps = np.bincount(begin[some], minlength=low.size + 1) - np.bincount(end[some], minlength=low.size + 1)
    return np.cumsum(steps)[: low.size].astype(np.float64)


def _seen(matched: dict[str, _Matched], keys: tuple[Key, ...], area: _Windows) -> tuple[FloatArray, FloatArray]:
    """The last and first event of each group in each window."""
    last = np.full((len(keys), area.cells.count), -np.inf)
    first = np.full((len(keys), area.cells.count), np.inf)
    places = {key: row for row, key in enumerate(keys)}
    for one in matched.values():
        for key, group in one.groups.items():
            times = group.times
            edges = area.cells.bounds(times)
            some = edges[1:] > edges[:-1]
            for row in [places[key]] if key in places else range(len(keys)):
                last[row][some] = np.maximum(last[row][some], times[edges[1:][some] - 1])
                first[row][some] = np.minimum(first[row][some], times[edges[:-1][some]])
    return area.over(last, np.maximum), area.over(first, np.minimum)


def _sampler(found: _Matched, window: float, delay: float) -> Sample:
    def sample(key: Key, time: float) -> Json | None:
        """The newest matching event in the window."""
        group = found.groups.get(key)
        if group is None:
            return None
        place = int(np.searchsorted(group.times, time - delay, side="right")) - 1
        if place < 0 or group.times[place] <= time - delay - window:
            return None
        return dict(group.events[place].attributes)

    return sample


def _notes(query: Query, queries: dict[str, EventQuery], by: Key) -> set[Note]:
    body = query.body
    assert isinstance(body, ChainMonitor)
    notes: set[Note] = set()
    if any(one.track == "spans" for one in queries.values()):
        notes.add(
            Note("spans", "Datadog counts only spans that a custom retention filter keeps; all spans are counted here")
        )
    step = body.step("by")
    if step is not None and step.values() == ("*",):
        notes.add(Note('.by("*")', "read as ungrouped", approximation=True))
    if by and str(body.comparator) in {"<", "<="}:
        notes.add(Note("silent group", "a group without events keeps its state unless all groups are silent"))
    last = body.step("last")
    if last is not None and duration(query.text, last).seconds > 48 * HOUR:
        notes.add(Note("window", "event monitors look back 48 hours at most"))
    return notes
