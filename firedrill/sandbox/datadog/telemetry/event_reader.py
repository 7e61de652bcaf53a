"""Reading of stored events: those of an interval in order of time, all of them or those that match a search."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from firedrill.logs.search import Search
from firedrill.sandbox.datadog.telemetry import event_blocks
from firedrill.sandbox.datadog.telemetry.column_search import ColumnSearch
from firedrill.sandbox.datadog.telemetry.database import Database
from firedrill.sandbox.datadog.telemetry.event_blocks import EventBlock

Json = dict[str, Any]
Row = tuple[int, float, Json]
"""Id, time and attributes of an event."""
ID_BITS = 20
"""Bits of an event's id that count within its segment."""
FETCHED = 50
"""Matches of a block that are read at first; then twice as many each time."""
CHUNK = 500
"""Rows that are read at once, so that a slow reader holds no old state of the file."""


@dataclass(frozen=True)
class Segment:
    """One table of events: its id, the times of its first and last event, and the end of its blocks."""

    id: int
    first: float
    last: float
    events: int
    next: int
    indexed: int


@dataclass(frozen=True)
class Interval:
    """``(start, end]`` in epoch seconds, read forwards or backwards."""

    start: float
    end: float
    ascending: bool = True


@dataclass(frozen=True)
class Source:
    """Rows in order of time, none before ``first`` or after ``last``."""

    first: float
    last: float
    rows: Callable[[], Iterator[Row]]


class EventReader:
    """The events of one organisation."""

    def __init__(self, database: Database, org: str) -> None:
        self._database, self._org = database, org

    def segments(self, track: str, interval: Interval) -> list[Segment]:
        """Return the segments with events in an interval."""
        rows = self._database.connection().execute(
            "SELECT id, first, last, events, next, indexed FROM segments "
            "WHERE org = ? AND track = ? AND last > ? AND first <= ?",
            (self._org, track, interval.start, interval.end),
        )
        return [Segment(*row) for row in rows]

    def read(self, track: str, interval: Interval) -> Iterator[Row]:
        """Yield the events of an interval in order of time, or backwards."""
        sources = [
            Source(segment.first, segment.last, partial(self._rows, segment, interval))
            for segment in self.segments(track, interval)
        ]
        return _merged(sources, interval.ascending)

    def search(self, track: str, interval: Interval, search: Search) -> Iterator[Row]:
        """Yield the events of an interval that match a search in order of time, or backwards."""
        if search.tree is None:
            return self.read(track, interval)
        by_columns, sources = ColumnSearch(search.tree), list[Source]()
        for segment in self.segments(track, interval):
            low = segment.id << ID_BITS
            for block in event_blocks.blocks(self._database, segment.id):
                low = block.low + block.events
                if block.last > interval.start and block.first <= interval.end:
                    rows = partial(self._matches, block, interval, search, by_columns)
                    sources.append(Source(block.first, block.last, rows))
            rest = partial(self._rest, segment, low, interval, search)
            sources.append(Source(segment.first, segment.last, rest))
        return _merged(sources, interval.ascending)

    def _matches(
        self, block: EventBlock, interval: Interval, search: Search, by_columns: ColumnSearch
    ) -> Iterator[Row]:
        """Yield the matches of a block, which are read in batches."""
        times = block.times()
        if not times.size:
            return
        certain, possible = by_columns(block)
        chosen = np.flatnonzero(possible & (times > interval.start) & (times <= interval.end))
        chosen = chosen[np.argsort(times[chosen], kind="stable")]
        order = (chosen if interval.ascending else chosen[::-1]).tolist()
        start, size = 0, FETCHED
        while batch := order[start : start + size]:
            start, size = start + size, min(2 * size, CHUNK)
            marks = ", ".join("?" * len(batch))
            texts = dict(
                self._fetch(
                    f"SELECT id, attributes FROM events_{block.segment} WHERE id IN ({marks})",  # noqa: S608
                    [block.low + place for place in batch],
                )
            )
            for place in batch:
                text = texts.get(block.low + place)
                if text is not None:
                    event = json.loads(text)
                    if certain[place] or search.matches(event):
                        yield block.low + place, float(times[place]), event

    def _rest(self, segment: Segment, low: int, interval: Interval, search: Search) -> Iterator[Row]:
        """Yield the matches among a segment's events that no block has yet."""
        rows = self._fetch(
            f"SELECT id, time, attributes FROM events_{segment.id} "  # noqa: S608
            "WHERE id >= ? AND +time > ? AND +time <= ?",
            (low, interval.start, interval.end),
        )
        rows.sort(key=itemgetter(1, 0), reverse=not interval.ascending)
        for identifier, time, attributes in rows:
            event = json.loads(attributes)
            if search.matches(event):
                yield identifier, time, event

    def _rows(self, segment: Segment, interval: Interval) -> Iterator[Row]:
        """Yield a segment's rows, read in chunks by their place in the order."""
        after = (interval.start if interval.ascending else interval.end, math.inf)
        direction = "ASC" if interval.ascending else "DESC"
        while True:
            place, values = _beyond(interval, *after)
            chunk = self._fetch(
                f"SELECT id, time, attributes FROM events_{segment.id} WHERE {place} "  # noqa: S608
                f"ORDER BY time {direction}, id {direction} LIMIT {CHUNK}",
                values,
            )
            for identifier, time, attributes in chunk:
                yield identifier, time, json.loads(attributes)
            if len(chunk) < CHUNK:
                return
            after = (chunk[-1][1], chunk[-1][0])

    def _fetch(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """Return all rows of a query: none from a segment that has just been dropped."""
        return event_blocks.fetch(self._database.connection(), sql, parameters)


def _beyond(interval: Interval, time: float, identifier: float) -> tuple[str, tuple[float, ...]]:
    """Return the condition of rows of an interval after a place."""
    if interval.ascending:
        return "time >= ? AND time <= ? AND NOT (time = ? AND id <= ?)", (time, interval.end, time, identifier)
    return "time <= ? AND time > ? AND NOT (time = ? AND id >= ?)", (time, interval.start, time, identifier)


def _merged(sources: list[Source], ascending: bool) -> Iterator[Row]:
    """Yield the rows of all sources in order. A source is read when the time of its first event is reached."""
    sign = 1 if ascending else -1
    waiting = sorted(sources, key=lambda source: source.first if ascending else -source.last, reverse=True)
    running: list[tuple[Row, Iterator[Row]]] = []

    def order(entry: tuple[Row, Iterator[Row]]) -> tuple[float, int]:
        return sign * entry[0][1], sign * entry[0][0]

    while waiting or running:
        ahead = min(running, key=order) if running else None
        edge = (waiting[-1].first if ascending else waiting[-1].last) if waiting else None
        if edge is not None and (ahead is None or sign * edge <= sign * ahead[0][1]):
            rows = waiting.pop().rows()
            row = next(rows, None)
            if row is not None:
                running.append((row, rows))
            continue
        assert ahead is not None
        yield ahead[0]
        running.remove(ahead)
        row = next(ahead[1], None)
        if row is not None:
            running.append((row, ahead[1]))
