"""Benchmark: time and memory of the evaluator by groups, days and monitors, each row in a process of its own.

``python -m benchmarks.evaluator_scale GROUPS DAYS MONITORS QUERY`` prints one row; without arguments it measures all
rows and writes them to docs/benchmarks.md.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.evaluator import DAY, MINUTE, ROOT, monitor
from firedrill.evaluate import Account, Recording, Series, State, advance, run
from firedrill.prove.collect import from_program
from firedrill.prove.months import BEGIN, month
from firedrill.prove.ordinary import load

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN_MARK, END_MARK = "<!-- evaluator_scale -->", "<!-- /evaluator_scale -->"
QUERIES = {
    "average": "avg(last_5m):avg:app.q{*} by {host} > 90",
    "default_zero": "avg(last_5m):default_zero(avg:app.q{*} by {host}) > 90",
    "rollup": "avg(last_1h):avg:app.q{*} by {host}.rollup(max, 300) > 90",
}
ROWS = [
    *((groups, 30, 1, name) for name in QUERIES for groups in (32, 500)),
    (10, 30, 100, "average"),
    (500, 1, 500, "average"),
]
ADVANCED_MINUTES = 20


def recording(groups: int, days: int) -> Recording:
    """Return a gauge of so many hosts with a point each minute; every second host has a point every 3 minutes."""
    rng = np.random.default_rng(1)
    times = np.arange(1, days * 1440 + 1, dtype=np.float64) * MINUTE - 30
    every_third = times[::3].copy()
    return Recording(
        [
            Series("app.q", "gauge", frozenset({f"host:{host}"}), part, rng.normal(50, 5, part.size), MINUTE)
            for host in range(groups)
            for part in [times if host % 2 else every_third]
        ]
    )


def measure(groups: int, days: int, monitors: int, name: str) -> str:
    """Return a row: processor seconds, and the memory of the process at most."""
    account = Account([monitor(place, "query alert", QUERIES[name]) for place in range(monitors)])
    telemetry = recording(groups, days)
    begin = time.process_time()
    run(account, telemetry, MINUTE, days * DAY)
    took = time.process_time() - begin
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return f"| {name} | {groups} | {days} | {monitors} | {took:.1f} s | {peak:.0f} MB |"


def advance_of_stack() -> str:
    """Return the processor seconds that one minute of the stack's monitors takes, after four weeks of telemetry."""
    account, telemetry = from_program(ROOT, "local").account, month(load(ROOT / "drills" / "ordinary.yaml"), 0)
    state, start = State(), BEGIN + 28 * DAY
    state, _ = advance(account, state, start, telemetry)
    begin = time.process_time()
    for minute in range(1, ADVANCED_MINUTES + 1):
        state, _ = advance(account, state, start + minute * MINUTE, telemetry)
    took = (time.process_time() - begin) / ADVANCED_MINUTES
    return f"`advance` of all {len(account.monitors)} monitors of the stack by a minute: {took:.3f} s."


def main(arguments: list[str]) -> None:
    """Measure one row, or all of them."""
    if arguments:
        groups, days, monitors, name = arguments
        sys.stdout.write(measure(int(groups), int(days), int(monitors), name) + "\n")
        return
    lines = ["| query | groups | days | monitors | processor | memory |", "|---|---|---|---|---|---|"]
    for row in ROWS:
        command = [sys.executable, "-m", "benchmarks.evaluator_scale", *map(str, row)]
        lines.append(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip())
    text = "\n".join([*lines, "", advance_of_stack()])
    sys.stdout.write(text + "\n")
    _write(PAGE, text)


def _write(page: Path, text: str) -> None:
    """Write a text between the page's markers."""
    before, _, rest = page.read_text().partition(BEGIN_MARK)
    page.write_text(f"{before}{BEGIN_MARK}\n\n{text}\n\n{END_MARK}{rest.partition(END_MARK)[2]}")


if __name__ == "__main__":
    main(sys.argv[1:])
