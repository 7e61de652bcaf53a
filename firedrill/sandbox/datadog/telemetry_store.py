"""Series and events of one organisation in SQLite: intake appends them, the evaluator reads them.

Times are epoch seconds, intervals ``(start, end]``. The file is beside the account's (:mod:`.telemetry.database`); an
account's file of an older layout, which held telemetry too, is opened without it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from firedrill.evaluate.telemetry import Event, MetricType, Recording, Series
from firedrill.logs.search import Search
from firedrill.sandbox.datadog.telemetry.database import Limits, opened
from firedrill.sandbox.datadog.telemetry.event_reader import Interval, Row
from firedrill.sandbox.datadog.telemetry.event_segments import EventSegments
from firedrill.sandbox.datadog.telemetry.points import Points

EVER = Interval(float("-inf"), float("inf"))


class TelemetryStore:
    """The telemetry of one organisation. Implements :class:`firedrill.evaluate.telemetry.Telemetry`.

    Usable from several threads and processes: each thread has its own connection, writers wait for each other.
    """

    def __init__(self, path: Path, org: str, limits: Limits | None = None) -> None:
        """``path`` is the account's file."""
        self.path = path
        self.org = org
        self._database = opened(path)
        self._events = EventSegments(self._database, org, limits or Limits())
        self._points = Points(self._database, org, limits or Limits())

    def append_series(self, series: Iterable[Series]) -> None:
        """Add points. A count or rate at a time that has a point already is added to it.

        Raises ValueError for a time or value that is not finite, and then adds none.
        """
        self._points.append(series)

    def append_events(self, events: Iterable[Event]) -> None:
        """Add events. Raises ValueError for values that JSON does not have, and then adds none."""
        self._events.append(events)

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """Return the series of a metric: see :class:`Telemetry`."""
        return self._points.series(metric, start, end)

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """Return the events of a track: see :class:`Telemetry`."""
        rows = self._events.read(track, Interval(start, end))
        return [Event(time, track, attributes) for _, time, attributes in rows]

    def matching_events(self, track: str, start: float, end: float, search: Search) -> Sequence[Event]:
        """Return the events of a track that match a search: see :class:`SearchableTelemetry`."""
        rows = self._events.search(track, Interval(start, end), search)
        return [Event(time, track, attributes) for _, time, attributes in rows]

    def search(self, track: str, interval: Interval, search: Search) -> Iterator[Row]:
        """Yield the events of a track that match a search in order of time, each with its row's id."""
        return self._events.search(track, interval, search)

    def metrics(self, start: float = 0.0, end: float = float("inf")) -> dict[str, MetricType]:
        """Return name and type of every metric with a point in ``(start, end]``."""
        return self._points.metrics(start, end)

    def last_points(self) -> dict[str, float]:
        """Return the time of the newest point of each metric."""
        return self._points.last()

    def track(self, track: str) -> dict[str, Any]:
        """Return ``count`` of a track's events and the time of the ``last``."""
        return self._events.track(track)

    def latest(self, track: str, most: int) -> list[tuple[float, dict[str, Any]]]:
        """Return the newest events of a track, newest first."""
        rows = self._events.read(track, Interval(EVER.start, EVER.end, ascending=False))
        return [(time, attributes) for _, time, attributes in islice(rows, most)]

    def tracks(self) -> dict[str, int]:
        """Return the number of events of each track."""
        return self._events.tracks()

    def export(self, start: float, end: float) -> Recording:
        """Return everything in ``(start, end]``, in memory."""
        series = [entry for metric in self.metrics(start, end) for entry in self.series(metric, start, end)]
        return Recording(series, [event for track in self.tracks() for event in self.events(track, start, end)])

    def prune(self, now: float) -> int:
        """Delete what is beyond its age or the file's size, and give the space back; return the number of rows."""
        deleted = self._points.prune(now) + self._events.prune(now)
        self._database.compact()
        return deleted

    def delete(self) -> None:
        """Delete all points and events of the organisation."""
        self._points.delete()
        self._events.delete()

    def close(self) -> None:
        """Close this thread's connection."""
        self._database.close()
