"""``python -m tests.faults [ROW ...]``: run the fault table, say what was done and measured, write docs/faults.md.

Named rows are run alone; the page keeps what it says of the others.
"""

import argparse
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from tests.conftest import ROOT
from tests.faults.row import Report, Row
from tests.faults.table import ROWS

PAGE = ROOT / "docs" / "faults.md"
HEADER = """# Under faults

Written by `make faults`, which breaks what is around the service and measures what callers see: processes, not mocks;
the short form of each row runs in `make test`, or in `make test-all` where even that takes long.
"""


def main() -> int:
    """Run the named rows, or all; 1 when something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all")
    parser.add_argument("--quick", action="store_true", help="the short form, which writes no page")
    asked = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    found: list[tuple[Row, Report, float]] = []
    for row in ROWS:
        if asked.rows and row.name not in asked.rows:
            continue
        console.print(f"\n[bold]{row.name}[/]: {row.fault}")
        report, began = Report(say=lambda line: console.print(line, markup=False)), time.monotonic()
        with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            try:
                row.run(Path(folder), report, asked.quick)
            except Exception as error:  # noqa: BLE001 - the other rows are to be run all the same
                report.check("the row runs to its end", f"{type(error).__name__}: {error}"[:300], False)
        found.append((row, report, time.monotonic() - began))
    console.print(_table(found))
    if not asked.quick:
        known = sections(PAGE.read_text()) if PAGE.exists() else {}
        PAGE.write_text(page(known | {row.fault: section(row, report, took) for row, report, took in found}))
        console.print(f"Written: {PAGE.relative_to(ROOT)}")
    return int(any(report.failed for _, report, _ in found))


def _table(found: list[tuple[Row, Report, float]]) -> Table:
    table = Table("row", "what must be true", "measured", "holds")
    for row, report, seconds in found:
        for number, check in enumerate(report.checks):
            first = f"{row.name}\n{seconds:.0f} s" if number == 0 else ""
            holds = "[green]yes[/]" if check.holds else "[red]no[/]"
            table.add_row(first, check.what, check.measured, holds, end_section=number == len(report.checks) - 1)
    return table


def section(row: Row, report: Report, seconds: float) -> str:
    """What the page says of a row."""
    rows = [f"| {one.what} | {one.measured} | {'yes' if one.holds else '**no**'} |" for one in report.checks]
    did = [f"- {line}" for line in report.did]
    machine = f"{psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.0f}, Python {platform.python_version()}"
    return "\n".join([
        f"## {_title(row)}\n", *did, *([""] if did else []),
        "| what must be true | measured | holds |", "|---|---|---|", *rows,
        f"\nIn {seconds:.0f} s on {datetime.now(UTC):%Y-%m-%d}; {machine}.\n",
    ])  # fmt: skip


def sections(text: str) -> dict[str, str]:
    """The page's sections, by the fault of their row."""
    parts = text.split("\n## ")[1:]
    by_title = {_title(row): row.fault for row in ROWS}
    return {by_title[title]: f"## {part}" for part in parts if (title := part.partition("\n")[0]) in by_title}


def page(parts: dict[str, str]) -> str:
    """docs/faults.md, of the rows' sections."""
    return "\n".join([HEADER, *(parts[row.fault].rstrip() + "\n" for row in ROWS if row.fault in parts)])


def _title(row: Row) -> str:
    return row.fault[0].upper() + row.fault[1:]


if __name__ == "__main__":
    sys.exit(main())
