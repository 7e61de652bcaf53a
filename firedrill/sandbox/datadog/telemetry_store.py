"""Series and events of one organisation in SQLite: what the evaluator reads and what intake appends.

A row of ``points`` holds all values of one series at one time, packed as doubles: one value for a gauge, rate or
count, every raw value of a flush for a distribution. Times are epoch seconds, intervals ``(start, end]``.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from firedrill.evaluate.telemetry import Event, FloatArray, MetricType, Recording, Series

SERIES_RETENTION = 35 * 86400
"""Seconds that points are kept: the 30 days of the longest common SLO window and some slack."""
EVENT_RETENTION = 3 * 86400
"""Seconds that events are kept: event monitors look back 48 hours at most."""
MOST_EVENTS = 200_000
"""Events that are kept of a track: some ten minutes of spans under full load, days of ordinary use."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, org TEXT NOT NULL, metric TEXT NOT NULL, type TEXT NOT NULL, tags TEXT NOT NULL,
  interval INTEGER NOT NULL, UNIQUE (org, metric, type, tags, interval));
CREATE TABLE IF NOT EXISTS points (series INTEGER NOT NULL, time REAL NOT NULL, packed BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS points_by_series ON points (series, time);
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, org TEXT NOT NULL, track TEXT NOT NULL, time REAL NOT NULL, attributes TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_track ON events (org, track, time);
"""


class TelemetryStore:
    """The telemetry of one organisation. Implements :class:`firedrill.evaluate.telemetry.Telemetry`.

    Usable from several threads and processes: each thread has its own connection, writers wait for each other.
    """

    def __init__(self, path: Path, org: str) -> None:
        self.path = path
        self.org = org
        self._local = threading.local()
        self._series_ids: dict[tuple[str, str, str, int], int] = {}
        self._connection().executescript(SCHEMA)

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is None:
            known = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            known.execute("PRAGMA journal_mode=WAL")
            known.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = known
        return known

    def append_series(self, series: Iterable[Series]) -> None:
        """Add points. Points of a count or rate at a time that has some already are added to them."""
        rows = [(one, time, packed) for one in series for time, packed in _packed(one.times, one.values)]
        if not rows:
            return
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO points (series, time, packed) VALUES (?, ?, ?)",
                [(self._series_id(connection, one), time, packed) for one, time, packed in rows],
            )

    def append_events(self, events: Iterable[Event]) -> None:
        """Add events."""
        rows = [(self.org, event.track, event.time, json.dumps(event.attributes, default=str)) for event in events]
        if rows:
            with self._transaction() as connection:
                connection.executemany("INSERT INTO events (org, track, time, attributes) VALUES (?, ?, ?, ?)", rows)

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """See :class:`Telemetry`."""
        connection, found = self._connection(), []
        known = connection.execute(
            "SELECT id, type, tags, interval FROM series WHERE org = ? AND metric = ? ORDER BY id", (self.org, metric)
        ).fetchall()
        for series_id, type_, tags, interval in known:
            points = connection.execute(
                "SELECT time, packed FROM points WHERE series = ? AND time > ? AND time <= ? ORDER BY time, rowid",
                (series_id, start, end),
            ).fetchall()
            if not points:
                continue
            times, blobs = zip(*points, strict=True)
            values = np.frombuffer(b"".join(blobs), dtype="<f8")
            repeated = np.repeat(np.array(times, dtype=np.float64), np.fromiter(map(len, blobs), np.int64) // 8)
            found.append(Series(metric, type_, _tag_set(tags), *_merged(type_, repeated, values), interval))
        return found

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """See :class:`Telemetry`."""
        return [Event(time, track, attributes) for _, time, attributes in self.events_with_ids(track, start, end)]

    def events_with_ids(self, track: str, start: float, end: float) -> list[tuple[int, float, dict[str, Any]]]:
        """The events of a track in ``(start, end]`` in order of time, each with its row's id."""
        rows = self._connection().execute(
            "SELECT id, time, attributes FROM events WHERE org = ? AND track = ? AND time > ? AND time <= ? "
            "ORDER BY time, id",
            (self.org, track, start, end),
        )
        return [(row_id, time, json.loads(attributes)) for row_id, time, attributes in rows]

    def metrics(self, start: float = 0.0, end: float = float("inf")) -> dict[str, MetricType]:
        """Name and type of every metric with a point in ``(start, end]``."""
        rows = self._connection().execute(
            "SELECT DISTINCT metric, type FROM series s WHERE org = ? AND EXISTS "
            "(SELECT 1 FROM points p WHERE p.series = s.id AND p.time > ? AND p.time <= ?) ORDER BY metric",
            (self.org, start, end),
        )
        return dict(rows.fetchall())

    def last_points(self) -> dict[str, float]:
        """The time of the newest point of each metric."""
        rows = self._connection().execute(
            "SELECT metric, MAX(last) FROM (SELECT metric, (SELECT MAX(time) FROM points p WHERE p.series = s.id) last "
            "FROM series s WHERE org = ?) WHERE last IS NOT NULL GROUP BY metric ORDER BY metric",
            (self.org,),
        )
        return dict(rows.fetchall())

    def track(self, track: str) -> dict[str, Any]:
        """``count`` of a track's events, and the time of the ``last``."""
        count, last = (
            self._connection()
            .execute("SELECT COUNT(*), MAX(time) FROM events WHERE org = ? AND track = ?", (self.org, track))
            .fetchone()
        )
        return {"count": count, "last": last}

    def latest(self, track: str, most: int) -> list[tuple[float, dict[str, Any]]]:
        """The newest events of a track, newest first."""
        rows = self._connection().execute(
            "SELECT time, attributes FROM events WHERE org = ? AND track = ? ORDER BY time DESC LIMIT ?",
            (self.org, track, most),
        )
        return [(time, json.loads(attributes)) for time, attributes in rows]

    def tracks(self) -> dict[str, int]:
        """Number of events of each track."""
        rows = self._connection().execute(
            "SELECT track, COUNT(*) FROM events WHERE org = ? GROUP BY track ORDER BY track", (self.org,)
        )
        return dict(rows.fetchall())

    def export(self, start: float, end: float) -> Recording:
        """Everything in ``(start, end]``, in memory."""
        series = [one for metric in self.metrics(start, end) for one in self.series(metric, start, end)]
        return Recording(series, [event for track in self.tracks() for event in self.events(track, start, end)])

    def prune(self, now: float) -> int:
        """Delete what is older than the retention; returns the number of rows deleted."""
        with self._transaction() as connection:
            points = connection.execute(
                "DELETE FROM points WHERE series IN (SELECT id FROM series WHERE org = ?) AND time < ?",
                (self.org, now - SERIES_RETENTION),
            ).rowcount
            tracks = [
                row[0] for row in connection.execute("SELECT DISTINCT track FROM events WHERE org = ?", (self.org,))
            ]
            events = 0
            for track in tracks:
                oldest = max(now - EVENT_RETENTION, self._time_of_oldest_kept(connection, track))
                deleted = connection.execute(
                    "DELETE FROM events WHERE org = ? AND track = ? AND time < ?", (self.org, track, oldest)
                )
                events += deleted.rowcount
        return points + events

    def _time_of_oldest_kept(self, connection: sqlite3.Connection, track: str) -> float:
        row = connection.execute(
            "SELECT time FROM events WHERE org = ? AND track = ? ORDER BY time DESC LIMIT 1 OFFSET ?",
            (self.org, track, MOST_EVENTS - 1),
        ).fetchone()
        return float(row[0]) if row else 0.0

    def delete(self) -> None:
        """Delete all of the organisation's points and events; series keep their ids, which other processes know."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM points WHERE series IN (SELECT id FROM series WHERE org = ?)", (self.org,))
            connection.execute("DELETE FROM events WHERE org = ?", (self.org,))

    def close(self) -> None:
        """Close this thread's connection."""
        self._connection().close()
        del self._local.connection

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection())

    def _series_id(self, connection: sqlite3.Connection, one: Series) -> int:
        key = (one.metric, one.type, "\n".join(sorted(one.tags)), one.interval)
        if key not in self._series_ids:
            connection.execute(
                "INSERT OR IGNORE INTO series (org, metric, type, tags, interval) VALUES (?, ?, ?, ?, ?)",
                (self.org, *key),
            )
            row = connection.execute(
                "SELECT id FROM series WHERE org = ? AND metric = ? AND type = ? AND tags = ? AND interval = ?",
                (self.org, *key),
            ).fetchone()
            self._series_ids[key] = row[0]
        return self._series_ids[key]


class _Transaction:
    """``BEGIN IMMEDIATE`` ... ``COMMIT``, so that a writer waits for its turn instead of failing midway."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _packed(times: FloatArray, values: FloatArray) -> Iterable[tuple[float, bytes]]:
    """One row for each distinct time, with its values in their order."""
    distinct, starts = np.unique(times, return_index=True)
    for time, part in zip(distinct, np.split(values, starts[1:]), strict=True):
        yield float(time), part.astype("<f8").tobytes()


def _tag_set(stored: str) -> frozenset[str]:
    return frozenset(stored.split("\n")) if stored else frozenset()


def _merged(type_: MetricType, times: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points at the same time as one: counts and rates are summed, of a gauge the last one stays."""
    if type_ == "distribution" or times.size < 2 or np.all(np.diff(times) > 0):
        return times, values
    distinct, starts = np.unique(times, return_index=True)
    if type_ == "gauge":
        return distinct, values[np.append(starts[1:], values.size) - 1]
    return distinct, np.add.reduceat(values, starts)
