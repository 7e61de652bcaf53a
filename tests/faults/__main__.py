"""Run the fault table and write docs/faults.md: ``python -m tests.faults [ROW ...]``.

With names, only these rows run, and the page keeps the sections of the others.
"""

import argparse
import platform
import re
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

`make faults` writes this page. It breaks what surrounds the service and measures what callers see, on processes, not on
mocks. The short form of each row runs in `make test`, or in `make test-all` where even that takes long.
"""


def main() -> int:
    """Run the named rows, by default all. Return 1 when a check does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all")
    parser.add_argument("--quick", action="store_true", help="the short form, which writes no page")
    arguments = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    results: list[tuple[Row, Report, float]] = []
    known = sections(PAGE.read_text()) if PAGE.exists() else {}
    chosen = [row for row in ROWS if not arguments.rows or row.name in arguments.rows]
    for number, row in enumerate(chosen, 1):
        took = "" if arguments.quick else last_time(known.get(row.fault, ""))
        console.print(f"\n[bold]{row.name}[/] ({number} of {len(chosen)}{took}): {row.fault}")
        report, began = Report(log=lambda line: console.print(line, markup=False)), time.monotonic()
        with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            try:
                row.run(Path(folder), report, arguments.quick)
            except Exception as error:  # noqa: BLE001 - the other rows run all the same
                report.check("the row runs to its end", f"{type(error).__name__}: {error}"[:300], False)
        results.append((row, report, time.monotonic() - began))
    console.print(_table(results))
    if not arguments.quick:
        earlier = sections(PAGE.read_text()) if PAGE.exists() else {}
        PAGE.write_text(page(earlier | {row.fault: section(row, report, took) for row, report, took in results}))
        console.print(f"Written: {PAGE.relative_to(ROOT)}")
    return int(any(report.failed for _, report, _ in results))


def last_time(written: str) -> str:
    """Return how long a row took when its section of the page was written; empty for a new row."""
    seconds = re.search(r"^In (\d+) s on ", written, re.MULTILINE)
    return f", {seconds[1]} s the last time" if seconds else ""


def _table(results: list[tuple[Row, Report, float]]) -> Table:
    table = Table("row", "requirement", "measured", "holds")
    for row, report, seconds in results:
        for number, check in enumerate(report.checks):
            first = f"{row.name}\n{seconds:.0f} s" if number == 0 else ""
            holds = "[green]yes[/]" if check.holds else "[red]no[/]"
            table.add_row(first, check.requirement, check.measured, holds, end_section=number == len(report.checks) - 1)
    return table


def section(row: Row, report: Report, seconds: float) -> str:
    """Return the page's section on a row."""
    rows = [
        f"| {check.requirement} | {check.measured} | {'yes' if check.holds else '**no**'} |" for check in report.checks
    ]
    steps = [f"- {line}" for line in report.steps]
    machine = f"{psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.0f}, Python {platform.python_version()}"
    return "\n".join([
        f"## {_title(row)}\n", *steps, *([""] if steps else []),
        "| requirement | measured | holds |", "|---|---|---|", *rows,
        f"\nIn {seconds:.0f} s on {datetime.now(UTC):%Y-%m-%d}; {machine}.\n",
    ])  # fmt: skip


def sections(text: str) -> dict[str, str]:
    """Return the page's sections, by the fault of their row."""
    parts = text.split("\n## ")[1:]
    by_title = {_title(row): row.fault for row in ROWS}
    return {by_title[title]: f"## {part}" for part in parts if (title := part.partition("\n")[0]) in by_title}


def page(by_fault: dict[str, str]) -> str:
    """Return docs/faults.md, built from the rows' sections."""
    return "\n".join([HEADER, *(by_fault[row.fault].rstrip() + "\n" for row in ROWS if row.fault in by_fault)])


def _title(row: Row) -> str:
    return row.fault[0].upper() + row.fault[1:]


if __name__ == "__main__":
    sys.exit(main())
