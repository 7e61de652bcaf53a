"""The slowest tests before and after a change, from pytest's own reports, as a table in docs/testing.md.

``python -m benchmarks.slowest_tests BEFORE AFTER``: outputs of ``pytest --durations=20`` on one machine.
"""

import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "testing.md"
BEGIN = "<!-- slowest tests: begin (written by a script; do not edit by hand) -->"
END = "<!-- slowest tests: end -->"
DURATION = re.compile(r"^(\d+\.\d+)s (call|setup|teardown) +(\S+::.+)$", re.MULTILINE)
TOTAL = re.compile(r"(\d+) passed.* in (\d+)\.\d+s")
SHOWN = 20


def table(report: str, title: str) -> str:
    """Return the slowest tests of a report, and its totals."""
    match = TOTAL.search(report)
    totals = f"{match[1]} tests in {match[2]} s" if match else "no total"
    rows = [f"| {seconds} s | {phase} | `{name}` |" for seconds, phase, name in DURATION.findall(report)[:SHOWN]]
    return "\n".join([f"{title}: {totals}.", "", "| time | phase | test |", "|---|---|---|", *rows])


def main(before: str, after: str) -> None:
    """Write both tables between the page's markers."""
    text = PAGE.read_text(encoding="utf-8")
    start, rest = text.split(BEGIN)
    _, end = rest.split(END)
    tables = "\n\n".join(
        [
            "`make test` on two cores with three processes, one run each. Other work lengthens the times.",
            table(Path(before).read_text(encoding="utf-8"), "Before the tree was laid out anew"),
            table(Path(after).read_text(encoding="utf-8"), "After"),
        ]
    )
    PAGE.write_text(f"{start}{BEGIN}\n{tables}\n{END}{end}", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
