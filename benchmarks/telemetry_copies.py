"""Copies of stored events with other times, which fill a store many times faster than the intake does.

Only the times of the rows differ: a copy's attributes, and so what searches compare, are those of its origin.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firedrill.sandbox.datadog.telemetry import event_segments
from firedrill.sandbox.datadog.telemetry.database import Database, opened
from firedrill.sandbox.datadog.telemetry.event_blocks import TIMES
from firedrill.sandbox.datadog.telemetry.event_reader import ID_BITS


def copy_segments(account: Path, shifts: Sequence[float]) -> None:
    """Copy all segments of the store beside an account's file as often as there are shifts, each so many seconds later.

    All of a segment's events must be in blocks.
    """
    database = opened(account)
    segments = [row[0] for row in database.connection().execute("SELECT id FROM segments ORDER BY id")]
    for shift in shifts:
        for segment in segments:
            _copy(database, segment, shift)


def _copy(database: Database, origin: int, shift: float) -> None:
    with database.transaction() as connection:
        copy = connection.execute(
            "INSERT INTO segments (org, track, first, last, events, next, indexed) "
            "SELECT org, track, first + ?, last + ?, events, next, indexed FROM segments WHERE id = ?",
            (shift, shift, origin),
        ).lastrowid
        assert copy is not None
        event_segments.create_tables(connection, copy)
        ahead = (copy - origin) << ID_BITS
        connection.execute(
            f"INSERT INTO events_{copy} SELECT id + ?, time + ?, attributes FROM events_{origin}",
            (ahead, shift),
        )
        connection.execute(
            "INSERT INTO blocks SELECT ?, low + ?, events, first + ?, last + ? FROM blocks WHERE segment = ?",
            (copy, ahead, shift, shift, origin),
        )
        connection.execute(
            f"INSERT INTO columns_{copy} "
            f"SELECT block + ?, name, text, codes, rows FROM columns_{origin} WHERE name <> ?",
            (ahead, TIMES),
        )
        _copy_times(connection, origin, copy, shift)


def _copy_times(connection: sqlite3.Connection, origin: int, copy: int, shift: float) -> None:
    rows = connection.execute(
        f"SELECT block, codes FROM columns_{origin} WHERE name = ?",
        (TIMES,),
    ).fetchall()
    connection.executemany(
        f"INSERT INTO columns_{copy} VALUES (?, ?, '', ?, x'')",
        [
            (block + ((copy - origin) << ID_BITS), TIMES, (np.frombuffer(times) + shift).tobytes())
            for block, times in rows
        ],
    )
