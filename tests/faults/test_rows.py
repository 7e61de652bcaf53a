"""Each row of the fault table in its short form."""

from pathlib import Path

import pytest

from tests.faults.__main__ import last_time
from tests.faults.row import Report, Row
from tests.faults.table import ROWS

LONG = {"gemini", "hostile", "kill"}
"""Rows that take long even in their short form."""


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name, marks=[pytest.mark.slow] if row.name in LONG else []) for row in ROWS]
)
def test_every_requirement_holds_under_the_fault(row: Row, tmp_path: Path) -> None:
    report = Report()
    row.run(tmp_path, report, True)
    assert report.checks
    assert report.failed == []


def test_a_row_is_announced_with_the_time_that_it_took_last() -> None:
    assert last_time("## API\n\nIn 41 s on 2026-11-30; 2 cores, load 3.\n") == ", 41 s the last time"
    assert last_time("") == ""
