"""Events of one organisation in segments, tables of at most 100,000 events of one track in order of arrival.

Old events leave by dropping whole segments, which costs no search for them. What searches read is written in blocks
(:mod:`.event_blocks`): the newest events of a segment have none yet.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.telemetry import event_blocks
from firedrill.sandbox.datadog.telemetry.database import Database, Limits
from firedrill.sandbox.datadog.telemetry.event_reader import ID_BITS, EventReader, Segment

Json = dict[str, Any]
MAX_EVENTS = 100_000
"""Events of a segment."""


class EventSegments(EventReader):
    """The events of one organisation."""

    def __init__(self, database: Database, org: str, limits: Limits) -> None:
        super().__init__(database, org)
        self._limits = limits

    def append(self, events: Iterable[Event]) -> None:
        """Add events. Raises ValueError for values that JSON does not have, and then adds none."""
        rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for event in events:
            text = json.dumps(event.attributes, default=str, allow_nan=False)
            rows[event.track].append((event.time, text))
        if not rows:
            return
        is_full = False
        with self._database.transaction() as connection:
            for track, entries in rows.items():
                for start in range(0, len(entries), MAX_EVENTS):
                    is_full |= self._append(connection, track, entries[start : start + MAX_EVENTS])
        if is_full:
            self.shrink()

    def _append(self, connection: sqlite3.Connection, track: str, rows: list[tuple[Any, ...]]) -> bool:
        """Add rows of a track to its open segment, and return whether they opened another one."""
        times = [row[0] for row in rows]
        segment = self._open_segment(connection, track)
        is_new = segment is None or segment.next + len(rows) > MAX_EVENTS
        if is_new:
            if segment is not None:
                _index(connection, segment, 1)
            segment = self._new_segment(connection, track, min(times), max(times))
        assert segment is not None
        low = (segment.id << ID_BITS) + segment.next
        connection.executemany(
            f"INSERT INTO events_{segment.id} (id, time, attributes) VALUES (?, ?, ?)",  # noqa: S608
            [(low + place, *row) for place, row in enumerate(rows)],
        )
        connection.execute(
            "UPDATE segments SET first = MIN(first, ?), last = MAX(last, ?), events = events + ?, next = next + ? "
            "WHERE id = ?",
            (min(times), max(times), len(rows), len(rows), segment.id),
        )
        if segment.next + len(rows) - segment.indexed >= event_blocks.BLOCK:
            _index(connection, segment, event_blocks.BLOCK)
        return is_new

    def _open_segment(self, connection: sqlite3.Connection, track: str) -> Segment | None:
        row = connection.execute(
            "SELECT id, first, last, events, next, indexed FROM segments WHERE org = ? AND track = ? "
            "ORDER BY id DESC LIMIT 1",
            (self._org, track),
        ).fetchone()
        return None if row is None else Segment(*row)

    def _new_segment(self, connection: sqlite3.Connection, track: str, first: float, last: float) -> Segment:
        identifier = connection.execute(
            "INSERT INTO segments (org, track, first, last, events, next, indexed) VALUES (?, ?, ?, ?, 0, 0, 0)",
            (self._org, track, first, last),
        ).lastrowid
        assert identifier is not None
        create_tables(connection, identifier)
        return Segment(identifier, first, last, 0, 0, 0)

    def tracks(self) -> dict[str, int]:
        """Return the number of events of each track."""
        rows = self._database.connection().execute(
            "SELECT track, SUM(events) FROM segments WHERE org = ? AND events > 0 GROUP BY track ORDER BY track",
            (self._org,),
        )
        return dict(rows.fetchall())

    def track(self, track: str) -> Json:
        """Return ``count`` of a track's events and the time of the ``last``."""
        count, last = (
            self._database.connection()
            .execute(
                "SELECT COALESCE(SUM(events), 0), MAX(last) FROM segments WHERE org = ? AND track = ? AND events > 0",
                (self._org, track),
            )
            .fetchone()
        )
        return {"count": count, "last": last}

    def prune(self, now: float) -> int:
        """Delete events beyond their age, and the oldest segments beyond the file's size; return their number."""
        oldest, deleted = now - self._limits.event_seconds, 0
        with self._database.transaction() as connection:
            segments = connection.execute(
                "SELECT id, last, events FROM segments WHERE org = ? AND first < ?", (self._org, oldest)
            ).fetchall()
            for identifier, last, events in segments:
                if last < oldest:
                    deleted += events
                    _drop(connection, identifier)
                else:
                    deleted += _delete_before(connection, identifier, oldest)
        return deleted + self.shrink()

    def shrink(self) -> int:
        """Drop the oldest full segments of any organisation until the file is within its size."""
        deleted = 0
        while self._database.size() > self._limits.size:
            with self._database.transaction() as connection:
                oldest = connection.execute(
                    "SELECT id, events FROM segments s WHERE id < (SELECT MAX(id) FROM segments o "
                    "WHERE o.org = s.org AND o.track = s.track) ORDER BY last LIMIT 1"
                ).fetchone()
                if oldest is None:
                    break
                _drop(connection, oldest[0])
                deleted += oldest[1]
        return deleted

    def delete(self) -> None:
        """Delete all events of the organisation."""
        with self._database.transaction() as connection:
            for (identifier,) in connection.execute("SELECT id FROM segments WHERE org = ?", (self._org,)).fetchall():
                _drop(connection, identifier)


def create_tables(connection: sqlite3.Connection, segment: int) -> None:
    """Create the tables of a segment."""
    connection.execute(
        f"CREATE TABLE events_{segment} (id INTEGER PRIMARY KEY, time REAL NOT NULL, attributes TEXT NOT NULL)"
    )
    connection.execute(f"CREATE INDEX events_{segment}_by_time ON events_{segment} (time, id)")
    event_blocks.create(connection, segment)


def _index(connection: sqlite3.Connection, segment: Segment, least: int) -> None:
    """Write the blocks of a segment's new events, as long as ``least`` of them are left."""
    low = segment.id << ID_BITS
    rows = connection.execute(
        f"SELECT id, time, attributes FROM events_{segment.id} WHERE id >= ? ORDER BY id",  # noqa: S608
        (low + segment.indexed,),
    ).fetchall()
    start = 0
    while len(rows) - start >= least:
        block = rows[start : start + event_blocks.BLOCK]
        event_blocks.add(connection, segment.id, block)
        start += len(block)
    if start:
        connection.execute("UPDATE segments SET indexed = ? WHERE id = ?", (rows[start - 1][0] + 1 - low, segment.id))


def _drop(connection: sqlite3.Connection, identifier: int) -> None:
    event_blocks.drop(connection, identifier)
    connection.execute(f"DROP TABLE IF EXISTS events_{identifier}")
    connection.execute("DELETE FROM segments WHERE id = ?", (identifier,))


def _delete_before(connection: sqlite3.Connection, identifier: int, time: float) -> int:
    """Delete the older events of a segment. Its blocks keep their values, which lead nowhere."""
    deleted = connection.execute(f"DELETE FROM events_{identifier} WHERE time < ?", (time,)).rowcount  # noqa: S608
    connection.execute(
        "UPDATE segments SET first = MAX(first, ?), events = events - ? WHERE id = ?", (time, deleted, identifier)
    )
    return deleted
