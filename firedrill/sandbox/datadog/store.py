"""Objects of organisations in SQLite: JSON bodies by organisation, kind and id, in order of creation."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Body = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, org TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (org, kind, id));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
  org TEXT NOT NULL, operation TEXT NOT NULL, count INTEGER NOT NULL, last REAL NOT NULL, UNIQUE (org, operation));
"""


class Store:
    """Bodies by ``(org, kind, id)``. Usable from several threads: each has its own connection, writers take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection().executescript(SCHEMA)
        self._drop_telemetry()

    def put(self, org: str, kind: str, identifier: str, body: Body) -> None:
        """Insert or replace a body; a replaced one keeps its place in the order.

        Raises ValueError for a number that JSON does not have.
        """
        self._connection().execute(
            "INSERT INTO objects (org, kind, id, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (org, kind, id) DO UPDATE SET body = excluded.body",
            (org, kind, identifier, json.dumps(body, allow_nan=False)),
        )

    def get(self, org: str, kind: str, identifier: str) -> Body | None:
        """Return the body, or None."""
        row = (
            self._connection()
            .execute("SELECT body FROM objects WHERE org = ? AND kind = ? AND id = ?", (org, kind, identifier))
            .fetchone()
        )
        return None if row is None else json.loads(row[0])

    def list(self, org: str, kind: str) -> list[Body]:
        """Return all bodies of a kind, oldest first."""
        rows = self._connection().execute(
            "SELECT body FROM objects WHERE org = ? AND kind = ? ORDER BY seq", (org, kind)
        )
        return [json.loads(row[0]) for row in rows]

    def delete(self, org: str, kind: str, identifier: str) -> bool:
        """Delete a body; return False when there was none."""
        cursor = self._connection().execute(
            "DELETE FROM objects WHERE org = ? AND kind = ? AND id = ?", (org, kind, identifier)
        )
        return cursor.rowcount > 0

    def kinds(self, org: str) -> dict[str, int]:
        """Return the number of objects of each kind of an organisation."""
        rows = self._connection().execute(
            "SELECT kind, COUNT(*) FROM objects WHERE org = ? GROUP BY kind ORDER BY kind", (org,)
        )
        return dict(rows.fetchall())

    def next_number(self, name: str, first: int) -> int:
        """Return the next number of a sequence that never repeats, not even after a restart."""
        row = (
            self._connection()
            .execute(
                "INSERT INTO counters (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                (name, first),
            )
            .fetchone()
        )
        return int(row[0])

    def count(self, org: str, operation: str, now: float) -> None:
        """Count a successful call of an operation."""
        self._connection().execute(
            "INSERT INTO calls (org, operation, count, last) VALUES (?, ?, 1, ?) "
            "ON CONFLICT (org, operation) DO UPDATE SET count = count + 1, last = excluded.last",
            (org, operation, now),
        )

    def calls(self, org: str) -> dict[str, tuple[int, float]]:
        """Return the number of successful calls of each operation, and the time of the last in epoch seconds."""
        rows = self._connection().execute(
            "SELECT operation, count, last FROM calls WHERE org = ? ORDER BY operation", (org,)
        )
        return {operation: (count, last) for operation, count, last in rows}

    def _drop_telemetry(self) -> None:
        """Give back the space of telemetry, which files of an older layout held beside the objects."""
        connection = self._connection()
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('points', 'events', 'series')"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        if tables:
            connection.execute("VACUUM")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is written inside, or undo it when an exception leaves the block. Does not nest."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = connection
            self._connections.append(connection)
        return connection
