"""Blocks of a segment: consecutive events whose columns are stored beside them, so that searches need not decode them.

The rows of events that no block has yet are the newest of their segment.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firedrill.sandbox.datadog.telemetry.column import MAX_BLOCK, Column
from firedrill.sandbox.datadog.telemetry.database import Database
from firedrill.sandbox.datadog.telemetry.event_columns import columns

TIMES = ""
"""Name of the column of times."""
BLOCK = 2000
"""Events of a block."""
assert BLOCK <= MAX_BLOCK


@dataclass
class EventBlock:
    """The events of a segment with the ids from ``low`` on, and the times of the first and the last of them."""

    database: Database
    segment: int
    low: int
    events: int
    first: float
    last: float
    _columns: dict[str, Column | None] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        """Return a column, None if no event has it."""
        if name not in self._columns:
            rows = self._read("AND name = ?", name)
            self._columns[name] = rows[0][1] if rows else None
        return self._columns[name]

    def all_columns(self) -> dict[str, Column]:
        """Return all columns of values by name."""
        return dict(self._read("AND name <> ?", TIMES))

    def times(self) -> NDArray[np.float64]:
        """Return the times of the events: none of a block that has just been dropped."""
        column = self.column(TIMES)
        return np.frombuffer(b"" if column is None else column.codes)

    def _read(self, condition: str, *parameters: str) -> list[tuple[str, Column]]:
        rows = fetch(
            self.database.connection(),
            f"SELECT name, text, codes, rows FROM columns_{self.segment} WHERE block = ? {condition}",  # noqa: S608
            (self.low, *parameters),
        )
        return [(name, Column(text, codes, places, self.events)) for name, text, codes, places in rows]


def create(connection: sqlite3.Connection, segment: int) -> None:
    """Create the table of a segment's columns."""
    connection.execute(
        f"CREATE TABLE columns_{segment} (block INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, "
        "codes BLOB NOT NULL, rows BLOB NOT NULL)"
    )
    connection.execute(f"CREATE INDEX columns_{segment}_by_name ON columns_{segment} (block, name)")


def drop(connection: sqlite3.Connection, segment: int) -> None:
    """Delete the blocks of a segment."""
    connection.execute(f"DROP TABLE IF EXISTS columns_{segment}")
    connection.execute("DELETE FROM blocks WHERE segment = ?", (segment,))


def add(connection: sqlite3.Connection, segment: int, rows: Sequence[tuple[int, float, str]]) -> None:
    """Add a block of consecutive events, given as id, time and JSON."""
    low, times = rows[0][0], [time for _, time, _ in rows]
    stored = columns([json.loads(attributes) for _, _, attributes in rows])
    stored[TIMES] = Column("", np.array(times, dtype=np.float64).tobytes(), b"", len(rows))
    connection.executemany(
        f"INSERT INTO columns_{segment} (block, name, text, codes, rows) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
        [(low, name, column.text, column.codes, column.rows) for name, column in stored.items()],
    )
    connection.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?)", (segment, low, len(rows), min(times), max(times)))


def blocks(database: Database, segment: int) -> list[EventBlock]:
    """Return the blocks of a segment by their ids."""
    rows = database.connection().execute(
        "SELECT low, events, first, last FROM blocks WHERE segment = ? ORDER BY low", (segment,)
    )
    return [EventBlock(database, segment, *row) for row in rows.fetchall()]


def fetch(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> list[Any]:
    """Return all rows of a query: none from a segment that has just been dropped."""
    try:
        return connection.execute(sql, parameters).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise
