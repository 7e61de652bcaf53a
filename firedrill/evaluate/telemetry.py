"""What an evaluator reads: metric series and events, from a recording or from a store.

Times are epoch seconds. An interval ``(start, end]`` is open at its start (convention C-window: Datadog's pages do
not say which end is open).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, overload

import numpy as np
from numpy.typing import NDArray

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
        """The part in ``(start, end]``."""
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
    """Events of one track in order of time. What many of them share is kept once: ``said[which[i]]`` is the i-th's."""

    track: str
    times: FloatArray
    said: Sequence[Mapping[str, Any]]
    which: IntArray

    @classmethod
    def of(cls, track: str, events: Sequence[Event]) -> "Events":
        """A table of some events, which may be in any order."""
        places: dict[int, int] = {}
        said: list[Mapping[str, Any]] = []
        which = np.empty(len(events), np.int64)
        for row, event in enumerate(events):
            place = places.setdefault(id(event.attributes), len(said))
            if place == len(said):
                said.append(event.attributes)
            which[row] = place
        return cls(track, np.array([event.time for event in events], dtype=np.float64), said, which).in_order()

    @classmethod
    def joined(cls, track: str, parts: Sequence["Events"]) -> "Events":
        """Several tables as one."""
        if len(parts) == 1:
            return parts[0]
        before = np.cumsum([0, *(len(part.said) for part in parts)])
        return cls(
            track,
            np.concatenate([part.times for part in parts]),
            [one for part in parts for one in part.said],
            np.concatenate([part.which + start for part, start in zip(parts, before, strict=False)]),
        ).in_order()

    def in_order(self) -> "Events":
        """Sorted by time; those of one moment stay in their order."""
        if np.all(self.times[1:] >= self.times[:-1]):
            return self
        order = np.argsort(self.times, kind="stable")
        return replace(self, times=self.times[order], which=self.which[order])

    def between(self, start: float, end: float) -> "Events":
        """The part in ``(start, end]``."""
        low, high = np.searchsorted(self.times, [start, end], side="right")
        return replace(self, times=self.times[low:high], which=self.which[low:high])

    def __len__(self) -> int:
        return int(self.times.size)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> "Events": ...
    def __getitem__(self, index: int | slice) -> "Event | Events":
        if isinstance(index, slice):
            return replace(self, times=self.times[index], which=self.which[index])
        return Event(float(self.times[index]), self.track, self.said[self.which[index]])


class Telemetry(Protocol):
    """Where series and events come from."""

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """All series of a metric that have points in ``(start, end]``, cut to it."""
        ...

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """All events of a track ("logs", "spans", ...) in ``(start, end]``, in order of time."""
        ...


class Recording:
    """Telemetry in memory."""

    def __init__(
        self, series: Iterable[Series] = (), events: Iterable[Event] = (), tables: Iterable[Events] = ()
    ) -> None:
        self.all_series: list[Series] = []
        self._by_metric: dict[str, list[Series]] = defaultdict(list)
        self._parts: dict[str, list[Events]] = defaultdict(list)
        self._by_track: dict[str, Events] = {}
        self.extend(series, events, tables)

    def extend(self, series: Iterable[Series], events: Iterable[Event], tables: Iterable[Events] = ()) -> None:
        """Add more series and events."""
        for one in series:
            self.all_series.append(one)
            self._by_metric[one.metric].append(one)
        loose: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            loose[event.track].append(event)
        for table in (*tables, *(Events.of(track, found) for track, found in loose.items())):
            self._parts[table.track].append(table)
            self._by_track.pop(table.track, None)

    @property
    def all_events(self) -> list[Event]:
        """Every event, track by track, each in order of time."""
        return [event for track in self._parts for event in self._joined(track)]

    def metrics(self) -> list[str]:
        """Names of all metrics with data."""
        return sorted(self._by_metric)

    def tracks(self) -> list[str]:
        """Names of all tracks with events."""
        return sorted(self._parts)

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """See :class:`Telemetry`."""
        cut = (one.between(start, end) for one in self._by_metric.get(metric, ()))
        return [one for one in cut if one.times.size]

    def events(self, track: str, start: float, end: float) -> Events:
        """See :class:`Telemetry`."""
        return self._joined(track).between(start, end)

    def tables(self, track: str, start: float, end: float) -> list[Events]:
        """The same events in several tables, each in order of time: to join only those that matter is quicker."""
        return [table.between(start, end) for table in self._parts.get(track, ())]

    def _joined(self, track: str) -> Events:
        if track not in self._by_track:
            self._by_track[track] = Events.joined(track, self._parts.get(track) or [Events.of(track, ())])
        return self._by_track[track]
