"""The SQLite database that keeps the sandbox's Google Cloud across restarts, readable by its owner only."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    kind TEXT, id TEXT, properties TEXT, created REAL, updated REAL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, metadata TEXT);
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT, name TEXT, generation INTEGER, metageneration INTEGER, metadata TEXT, content BLOB,
    PRIMARY KEY (bucket, name));
CREATE TABLE IF NOT EXISTS secret_versions (
    project TEXT, secret TEXT, version INTEGER, value BLOB, state TEXT, created REAL,
    PRIMARY KEY (project, secret, version));
CREATE TABLE IF NOT EXISTS revisions (
    service TEXT, name TEXT, number INTEGER, template TEXT, created REAL, ready INTEGER, PRIMARY KEY (service, name));
CREATE TABLE IF NOT EXISTS instances (
    pid INTEGER PRIMARY KEY, started REAL, revision TEXT, number INTEGER, port INTEGER);
"""


class Database:
    """One connection, used under a lock; every statement is its own transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run a statement and return all its rows."""
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Run a statement and return its first row, or None."""
        rows = self.rows(statement, parameters)
        return rows[0] if rows else None

    def count_changed(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement and return the number of rows that it changed."""
        with self._lock:
            return self._connection.execute(statement, parameters).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
