"""Search for the events of a query, and their groups.

Each of the different attributes of events is searched and measured once, however many events share them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.event.facets import facet_values, number
from firedrill.evaluate.event.queries import EventQuery
from firedrill.evaluate.metric.table import GroupKey
from firedrill.evaluate.model import Refused
from firedrill.evaluate.telemetry import Events, FloatArray, IntArray, Recording, SearchableTelemetry, Telemetry
from firedrill.logs.search import Search, SearchError, parse_search


@dataclass(frozen=True)
class EventGroup:
    """The matching events of one group, and the measure of each (None where events are only counted)."""

    events: Events
    measures: NDArray[np.object_]

    @property
    def times(self) -> FloatArray:
        """Times of the events."""
        return self.events.times


@dataclass(frozen=True)
class MatchingEvents:
    """The events that match a query, by group."""

    keys: tuple[GroupKey, ...]
    groups: dict[GroupKey, EventGroup]


def find_events(query: EventQuery, telemetry: Telemetry, start: float, end: float) -> MatchingEvents:
    """Return the events of a query in ``(start, end]`` by group. Raises :class:`Refused` for an unreadable search."""
    try:
        search = parse_search(query.search)
    except SearchError as error:
        raise Refused("search", str(error)) from error
    table = _search(query, search, telemetry, start, end)
    measures = np.full(len(table.contents), None)
    places: dict[GroupKey, int] = {}
    pairs: list[tuple[int, int]] = []
    for content in np.flatnonzero(np.bincount(table.content_index)).tolist():
        attributes = table.contents[content]
        if query.measure is not None:
            values = facet_values(attributes, query.measure)
            measure = None if not values else values[0] if query.method == "cardinality" else number(values[0])
            if measure is None:
                continue
            measures[content] = measure
        pairs += [(places.setdefault(key, len(places)), content) for key in _group_keys(query.by, attributes)]
    rows = _rows_by_group(table.content_index, pairs, len(places))
    groups = {
        key: EventGroup(table.take(rows[place]), measures[table.content_index[rows[place]]])
        for key, place in places.items()
    }
    return MatchingEvents(tuple(sorted(groups)), groups)


def _search(query: EventQuery, search: Search, telemetry: Telemetry, start: float, end: float) -> Events:
    """Return the events that match a search; tables without a match are not even sorted among the others."""
    if isinstance(telemetry, Recording):
        tables = telemetry.tables(query.track, start, end)
    elif isinstance(telemetry, SearchableTelemetry):
        tables = [Events.from_events(query.track, telemetry.matching_events(query.track, start, end, search))]
    else:
        tables = [Events.from_events(query.track, telemetry.events(query.track, start, end))]
    indexes = query.indexes | {""}  # an event that does not name its index is in any
    parts = []
    for table in tables:
        contents = np.flatnonzero(np.bincount(table.content_index, minlength=len(table.contents)))
        matches = np.zeros(len(table.contents), np.bool_)
        for content in contents.tolist():
            attributes = table.contents[content]
            in_index = not query.indexes or attributes.get("index", "") in indexes
            matches[content] = search.matches(attributes) and in_index
        if matches[contents].all():
            parts.append(table)
        elif matches.any():
            parts.append(table.take(matches[table.content_index]))
    return Events.join(query.track, parts or [Events.from_events(query.track, ())])


def _group_keys(by: GroupKey, attributes: Mapping[str, Any]) -> list[GroupKey]:
    """Return the groups of an event: each combination of its facets' values, none where it lacks a facet."""
    keys: list[GroupKey] = [()]
    for facet in by:
        values = [str(value) for value in facet_values(attributes, facet)]
        keys = [(*key, value) for key in keys for value in dict.fromkeys(values)]
    return keys


def _rows_by_group(content_index: IntArray, pairs: list[tuple[int, int]], groups: int) -> list[IntArray]:
    """Return the rows of each group, in order, from (group, content) pairs; a content may be in several groups."""
    if not pairs:
        return []
    group_of_pair, content_of_pair = np.array(sorted(pairs, key=lambda pair: pair[1])).T
    # Numpy sorts 16-bit numbers by their digits, in a fraction of the time.
    small = int(content_index.max()) < 1 << 16
    by_content = np.argsort(content_index.astype(np.uint16) if small else content_index, kind="stable")
    counts = np.bincount(content_index, minlength=int(content_of_pair.max()) + 1)
    low, sizes = (np.cumsum(counts) - counts)[content_of_pair], counts[content_of_pair]
    offsets = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = by_content[np.repeat(low, sizes) + offsets]
    group_of_row = np.repeat(group_of_pair, sizes)
    order = np.lexsort((rows, group_of_row))
    return np.split(rows[order], np.searchsorted(group_of_row[order], np.arange(1, groups)))
