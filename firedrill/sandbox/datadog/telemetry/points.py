"""Points of one organisation's series.

A row of ``points`` holds all values of one series at one time, packed as doubles: one value for a gauge, rate or
count, every raw value of a flush for a distribution. Rows lie in order of series and time, so that a range is one read.
"""

import itertools
import sqlite3
import time as clock
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from firedrill.evaluate.telemetry import FloatArray, MetricType, Series
from firedrill.sandbox.datadog.telemetry.database import Database, Limits

CHUNK = 20_000
"""Rows that are read at once."""


class Points:
    """The series of one organisation."""

    def __init__(self, database: Database, org: str, limits: Limits) -> None:
        self._database, self._org, self._limits = database, org, limits
        self._ids: dict[tuple[str, str, str, int], int] = {}
        self._arrivals = itertools.count(clock.time_ns())

    def append(self, series: Iterable[Series]) -> None:
        """Add points. Raises ValueError for a value that is not finite, and then adds none."""
        entries = list(series)
        for entry in entries:
            if not (np.isfinite(entry.times).all() and np.isfinite(entry.values).all()):
                raise ValueError(f"series {entry.metric}: a time or value is not finite")
        if not any(entry.times.size for entry in entries):
            return
        new: dict[tuple[str, str, str, int], int] = {}
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO points (series, time, arrival, packed) VALUES (?, ?, ?, ?)",
                (
                    (series_id, time, next(self._arrivals), packed)
                    for entry in entries
                    for series_id in (self._id(connection, entry, new),)
                    for time, packed in _packed(entry.times, entry.values)
                ),
            )
        self._ids.update(new)

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """Return the series of a metric that have points in ``(start, end]``, cut to it."""
        rows = self._database.connection().execute(
            "SELECT id, type, tags, interval FROM series WHERE org = ? AND metric = ? ORDER BY id", (self._org, metric)
        )
        matches = []
        for series_id, type_, tags, interval in rows.fetchall():
            times, values = self._range(series_id, start, end)
            if times.size:
                matches.append(Series(metric, type_, _tag_set(tags), *_merged(type_, times, values), interval))
        return matches

    def _range(self, series_id: int, start: float, end: float) -> tuple[FloatArray, FloatArray]:
        """Return the times and values of a series, read in chunks: a month of rows is never in memory as objects."""
        cursor = self._database.connection().execute(
            "SELECT time, packed FROM points WHERE series = ? AND time > ? AND time <= ? ORDER BY time, arrival",
            (series_id, start, end),
        )
        times, values = [np.empty(0)], [np.empty(0)]
        while chunk := cursor.fetchmany(CHUNK):
            row_times, blobs = zip(*chunk, strict=True)
            sizes = np.fromiter(map(len, blobs), np.int64) // 8
            times.append(np.repeat(np.array(row_times, dtype=np.float64), sizes))
            values.append(np.frombuffer(b"".join(blobs), dtype="<f8"))
        return np.concatenate(times), np.concatenate(values)

    def metrics(self, start: float, end: float) -> dict[str, MetricType]:
        """Return name and type of every metric with a point in ``(start, end]``."""
        rows = self._database.connection().execute(
            "SELECT DISTINCT metric, type FROM series s WHERE org = ? AND EXISTS "
            "(SELECT 1 FROM points p WHERE p.series = s.id AND p.time > ? AND p.time <= ?) ORDER BY metric",
            (self._org, start, end),
        )
        return dict(rows.fetchall())

    def last(self) -> dict[str, float]:
        """Return the time of the newest point of each metric."""
        rows = self._database.connection().execute(
            "SELECT metric, MAX(last) FROM (SELECT metric, (SELECT MAX(time) FROM points p WHERE p.series = s.id) last "
            "FROM series s WHERE org = ?) WHERE last IS NOT NULL GROUP BY metric ORDER BY metric",
            (self._org,),
        )
        return dict(rows.fetchall())

    def prune(self, now: float) -> int:
        """Delete points beyond their age; return the number of rows."""
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM points WHERE series IN (SELECT id FROM series WHERE org = ?) AND time < ?",
                (self._org, now - self._limits.series_seconds),
            ).rowcount

    def delete(self) -> None:
        """Delete all points of the organisation; series keep their ids, which other processes cache."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM points WHERE series IN (SELECT id FROM series WHERE org = ?)", (self._org,))

    def _id(self, connection: sqlite3.Connection, series: Series, new: dict[tuple[str, str, str, int], int]) -> int:
        """Return the id of a series. Ids of new ones are cached in ``new`` until the transaction has ended."""
        key = (series.metric, series.type, "\n".join(sorted(series.tags)), series.interval)
        identifier = self._ids.get(key) or new.get(key)
        if identifier is None:
            connection.execute(
                "INSERT OR IGNORE INTO series (org, metric, type, tags, interval) VALUES (?, ?, ?, ?, ?)",
                (self._org, *key),
            )
            row = connection.execute(
                "SELECT id FROM series WHERE org = ? AND metric = ? AND type = ? AND tags = ? AND interval = ?",
                (self._org, *key),
            ).fetchone()
            identifier = new[key] = int(row[0])
        return identifier


def _packed(times: FloatArray, values: FloatArray) -> Iterator[tuple[float, bytes]]:
    """Yield one row for each distinct time, with its values in their order."""
    blob = values.astype("<f8").tobytes()
    distinct, starts = (
        np.unique(times, return_index=True) if times.size > 1 else (times, np.zeros(times.size, np.int64))
    )
    bounds = [*(starts * 8).tolist(), len(blob)]
    for place, time in enumerate(distinct.tolist()):
        yield time, blob[bounds[place] : bounds[place + 1]]


def _tag_set(stored: str) -> frozenset[str]:
    return frozenset(stored.split("\n")) if stored else frozenset()


def _merged(type_: MetricType, times: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Merge points of the same time: counts and rates are summed, the last value of a gauge stays."""
    if type_ == "distribution" or times.size < 2 or np.all(np.diff(times) > 0):
        return times, values
    distinct, starts = np.unique(times, return_index=True)
    if type_ == "gauge":
        return distinct, values[np.append(starts[1:], values.size) - 1]
    return distinct, np.add.reduceat(values, starts)
