"""The SQLite file that telemetry of all organisations is kept in, apart from the account's objects.

Writers of a process take turns at one lock, so that they never meet in SQLite; those of other processes wait there.
Readers have a connection for each thread and never wait, since the file is in WAL mode.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

SUFFIX = ".telemetry"
"""What is added to the name of the account's file, so that both are deleted together."""
BUSY_SECONDS = 60.0
LOG_BYTES = 64 * 1024 * 1024
"""Size that the write-ahead log shrinks to at a checkpoint."""
FREED_PAGES = 20_000
"""Pages that one clean-up gives back to the file system."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, org TEXT NOT NULL, track TEXT NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
  events INTEGER NOT NULL, next INTEGER NOT NULL, indexed INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS segments_by_track ON segments (org, track, id);
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, org TEXT NOT NULL, metric TEXT NOT NULL, type TEXT NOT NULL, tags TEXT NOT NULL,
  interval INTEGER NOT NULL, UNIQUE (org, metric, type, tags, interval));
CREATE TABLE IF NOT EXISTS points (
  series INTEGER NOT NULL, time REAL NOT NULL, arrival INTEGER NOT NULL, packed BLOB NOT NULL,
  PRIMARY KEY (series, time, arrival)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (
  segment INTEGER NOT NULL, low INTEGER NOT NULL, events INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
  PRIMARY KEY (segment, low)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Limits:
    """The age at which telemetry is dropped, in seconds, and the largest size of its file, in bytes."""

    series_seconds: float = 35 * 86400
    event_seconds: float = 3 * 86400
    size: int = 12_000_000_000


LAYOUT = 2
"""Version of the layout of events. Those of another layout are dropped when the file is opened."""


class Database:
    """The connections to one file. :func:`opened` returns the one of a path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._turn = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = self.connection()
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # takes effect in a new file only
        connection.execute("PRAGMA journal_mode=WAL")
        with self.transaction():
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            _drop_other_layout(connection)

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=1000)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA secure_delete=OFF")
            connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")
            self._local.connection = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is written inside, or undo it when an exception leaves the block. Writers take turns."""
        with self._turn:
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def size(self) -> int:
        """Return the bytes in use."""
        pages, free, size = (
            self.connection().execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def compact(self) -> None:
        """Give free pages back to the file system and empty the write-ahead log, unless somebody reads it."""
        with self.transaction() as connection:
            connection.execute(f"PRAGMA incremental_vacuum({FREED_PAGES})").fetchall()
        with self._turn:
            # Without waiting: writers would wait with it.
            connection.execute("PRAGMA busy_timeout=0").fetchall()
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}").fetchall()

    def close(self) -> None:
        """Close this thread's connection."""
        self.connection().close()
        del self._local.connection


def _drop_other_layout(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == LAYOUT:
        return
    for (segment,) in connection.execute("SELECT id FROM segments").fetchall():
        for table in ("events", "words", "columns"):
            connection.execute(f"DROP TABLE IF EXISTS {table}_{segment}")
    connection.execute("DELETE FROM segments")
    connection.execute(f"PRAGMA user_version={LAYOUT}")


_databases: WeakValueDictionary[Path, Database] = WeakValueDictionary()
_opening = threading.Lock()


def opened(account: Path) -> Database:
    """Return the process's database beside the account's file, which all stores of the process share."""
    path = account.resolve().with_name(account.name + SUFFIX)
    with _opening:
        database = _databases.get(path)
        if database is None or not path.exists():
            database = _databases[path] = Database(path)
        return database
