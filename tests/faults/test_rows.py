"""Each row of the fault table in its short form."""

from pathlib import Path

import pytest

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
