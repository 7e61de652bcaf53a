"""Metric series and events, from a recording or from a store.

Times are epoch seconds. An interval ``(start, end]`` is open at its start (convention C-window: Datadog's pages do
not say which end is open).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from firedrill.logs.search import Search

MetricType = Literal["gauge", "rate", "count", "distribution"]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """One metric with one set of tags.

    ``times`` ascend. A distribution has one entry for each raw value, so its times repeat; the other types have one
    point for each flush. ``interval`` is the seconds between flushes, which turns a rate into a count.
    """

    metric: str
    type: MetricType
    tags: frozenset[str]
    times: FloatArray
    values: FloatArray
    interval: int = 10

    def between(self, start: float, end: float) -> "Series":
        """Return the part in ``(start, end]``."""
        low, high = np.searchsorted(self.times, [start, end], side="right")
        return Series(self.metric, self.type, self.tags, self.times[low:high], self.values[low:high], self.interval)


@dataclass(frozen=True)
class Event:
    """A log, span or other event as Datadog indexes it.

    ``attributes`` has the reserved keys (service, status, host, message, trace_id ...) at its top level, ``tags`` as
    a list of ``key:value``, and all else nested under ``attributes``.
    """

    time: float
    track: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Events(Sequence[Event]):
    """Events of one track in order of time.

    Attributes that many events share are kept once: those of event i are ``contents[content_index[i]]``.
    """

    track: str
    times: FloatArray
    contents: Sequence[Mapping[str, Any]]
    content_index: IntArray

    @classmethod
    def from_events(cls, track: str, events: Sequence[Event]) -> "Events":
        """Return a table of some events, which may be in any order."""
        if isinstance(events, Events):
            return events
        places: dict[int, int] = {}
        contents: list[Mapping[str, Any]] = []
        content_index = np.empty(len(events), np.int64)
        for row, event in enumerate(events):
            place = places.setdefault(id(event.attributes), len(contents))
            if place == len(contents):
                contents.append(event.attributes)
            content_index[row] = place
        times = np.array([event.time for event in events], dtype=np.float64)
        return cls(track, times, contents, content_index).in_order()

    @classmethod
    def join(cls, track: str, parts: Sequence["Events"]) -> "Events":
        """Return several tables as one."""
        if len(parts) == 1:
            return parts[0]
        offsets = np.cumsum([0, *(len(part.contents) for part in parts)])
        return cls(
            track,
            np.concatenate([part.times for part in parts]),
            [content for part in parts for content in part.contents],
            np.concatenate([part.content_index + offset for part, offset in zip(parts, offsets, strict=False)]),
        ).in_order()

    def in_order(self) -> "Events":
        """Return the events sorted by time; those of one moment stay in their order."""
        if np.all(self.times[1:] >= self.times[:-1]):
            return self
        return self.take(np.argsort(self.times, kind="stable"))

    def between(self, start: float, end: float) -> "Events":
        """Return the part in ``(start, end]``."""
        low, high = np.searchsorted(self.times, [start, end], side="right")
        return self[int(low) : int(high)]

    def take(self, rows: NDArray[Any] | slice) -> "Events":
        """Return the events in these rows (positions, a mask or a slice)."""
        return replace(self, times=self.times[rows], content_index=self.content_index[rows])

    def __len__(self) -> int:
        return int(self.times.size)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> "Events": ...
    def __getitem__(self, index: int | slice) -> "Event | Events":
        if isinstance(index, slice):
            return self.take(index)
        return Event(float(self.times[index]), self.track, self.contents[self.content_index[index]])


class Telemetry(Protocol):
    """Source of series and events."""

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """Return all series of a metric that have points in ``(start, end]``, cut to it."""
        ...

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """Return all events of a track ("logs", "spans", ...) in ``(start, end]``, in order of time."""
        ...


@runtime_checkable
class SearchableTelemetry(Protocol):
    """Source of events that searches them where they are kept, so that it does not return all events of a track."""

    def matching_events(self, track: str, start: float, end: float, search: "Search") -> Sequence[Event]:
        """Return the events of a track in ``(start, end]`` that match a search, in order of time."""
        ...


class Recording:
    """Telemetry in memory."""

    def __init__(
        self, series: Iterable[Series] = (), events: Iterable[Event] = (), tables: Iterable[Events] = ()
    ) -> None:
        self.all_series: list[Series] = []
        self._by_metric: dict[str, list[Series]] = defaultdict(list)
        self._tables: dict[str, list[Events]] = defaultdict(list)
        self._by_track: dict[str, Events] = {}
        self.extend(series, events, tables)

    def extend(self, series: Iterable[Series], events: Iterable[Event], tables: Iterable[Events] = ()) -> None:
        """Add more series and events."""
        for line in series:
            self.all_series.append(line)
            self._by_metric[line.metric].append(line)
        events_by_track: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            events_by_track[event.track].append(event)
        for table in (*tables, *(Events.from_events(track, listed) for track, listed in events_by_track.items())):
            self._tables[table.track].append(table)
            self._by_track.pop(table.track, None)

    @property
    def all_events(self) -> list[Event]:
        """Every event, track by track, each in order of time."""
        return [event for track in self._tables for event in self._joined(track)]

    def metrics(self) -> list[str]:
        """Return the names of all metrics with data."""
        return sorted(self._by_metric)

    def tracks(self) -> list[str]:
        """Return the names of all tracks with events."""
        return sorted(self._tables)

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """See :class:`Telemetry`."""
        cut = (series.between(start, end) for series in self._by_metric.get(metric, ()))
        return [series for series in cut if series.times.size]

    def events(self, track: str, start: float, end: float) -> Events:
        """See :class:`Telemetry`."""
        return self._joined(track).between(start, end)

    def tables(self, track: str, start: float, end: float) -> list[Events]:
        """Return the same events in several tables, each in order of time; joining only the relevant ones is faster."""
        return [table.between(start, end) for table in self._tables.get(track, ())]

    def _joined(self, track: str) -> Events:
        if track not in self._by_track:
            self._by_track[track] = Events.join(track, self._tables.get(track) or [Events.from_events(track, ())])
        return self._by_track[track]
