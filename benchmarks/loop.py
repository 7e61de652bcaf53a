"""Benchmark of a developer's loop: previews and updates of the whole stack beside the preview of an empty program.

``python -m benchmarks.loop`` needs the sandbox with the stack up (``make up``). The commands take turns; ratios are of
medians. Both programs of the environment and the policy pack are part of every command but the empty program's. The
changed setting is the monthly budget of Pulumi.local.yaml, which is put back. Writes the result to docs/benchmarks.md,
between its markers.
"""

import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sdk_import import ROOT, write
from firedrill.engine import environment
from firedrill.settings import from_environment

TURNS = 3
CONFIG = ROOT / "Pulumi.local.yaml"
FIREDRILL = [sys.executable, "-P", "-m", "firedrill.cli"]
PREVIEW, UNCHANGED, CHANGED = "`make preview`", "`make up`, nothing changed", "`make up`, one changed setting"


def seconds(command: list[str], folder: Path, variables: dict[str, str]) -> tuple[float, str]:
    """Return the duration and the output of a command. Raises an error with its output when it fails."""
    began = time.perf_counter()
    ran = subprocess.run(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)} failed; run `make up` first:\n{ran.stdout[-2000:]}")
    return time.perf_counter() - began, ran.stdout


@contextmanager
def empty_program(variables: dict[str, str]) -> Iterator[Path]:
    """Yield the folder of a program without resources, with a stack in a state of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        virtualenv = Path(sys.prefix)
        (folder / "Pulumi.yaml").write_text(
            f"name: empty\nruntime:\n  name: python\n  options:\n    virtualenv: {virtualenv}\n"
        )
        (folder / "__main__.py").write_text("import pulumi\n")
        (folder / "state").mkdir()
        variables["PULUMI_BACKEND_URL"] = (folder / "state").as_uri()
        seconds(["pulumi", "stack", "init", "empty"], folder, variables)
        yield folder


@contextmanager
def changed_budget(turn: int) -> Iterator[None]:
    """Change the monthly budget, and put it back."""
    text = CONFIG.read_text()
    changed, count = re.subn(r"dollarsAMonth: (\d+)", lambda match: f"dollarsAMonth: {int(match[1]) + turn}", text)
    assert count == 1, "Pulumi.local.yaml has no budget"
    CONFIG.write_text(changed)
    try:
        yield
    finally:
        CONFIG.write_text(text)


def table(taken: dict[str, list[float]], resources: str) -> str:
    """Return the result in Markdown."""
    median = {name: statistics.median(values) for name, values in taken.items()}
    empty, preview = median["empty"], median[PREVIEW]
    rows = [f"| `pulumi preview` of an empty program | {empty:.2f} s | |"]
    rows.append(f"| {PREVIEW} | {preview:.2f} s | **{preview / empty:.1f}** times the empty program |")
    rows.extend(
        f"| {name} | {median[name]:.2f} s | **{median[name] / preview:.2f}** times the preview |"
        for name in (UNCHANGED, CHANGED)
    )
    spread = ", ".join(f"{min(values):.1f} to {max(values):.1f}" for values in taken.values())
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    head = f"Medians of {TURNS} turns ({machine}); seconds of the fastest to the slowest: {spread}. {resources}\n\n"
    return head + "| command | median | ratio |\n|---|---|---|\n" + "\n".join(rows)


def main() -> None:
    """Measure all commands and write the table."""
    variables = os.environ | environment.variables(from_environment())
    taken: dict[str, list[float]] = {"empty": [], PREVIEW: [], UNCHANGED: [], CHANGED: []}
    changes: set[str] = set()
    with empty_program(variables.copy()) as folder:
        own = variables | {"PULUMI_BACKEND_URL": (folder / "state").as_uri()}
        for turn in range(TURNS + 1):
            kept = taken if turn else {name: [] for name in taken}  # the first turn warms files and caches
            kept["empty"].append(seconds(["pulumi", "preview", "-s", "empty", "--non-interactive"], folder, own)[0])
            kept[PREVIEW].append(seconds([*FIREDRILL, "preview"], ROOT, dict(os.environ))[0])
            with changed_budget(turn + 1):
                duration, printed = seconds([*FIREDRILL, "up"], ROOT, dict(os.environ))
            kept[CHANGED].append(duration)
            changes.update(re.findall(r"\(([^)]*updated[^)]*)\)", printed))
            seconds([*FIREDRILL, "up"], ROOT, dict(os.environ))
            kept[UNCHANGED].append(seconds([*FIREDRILL, "up"], ROOT, dict(os.environ))[0])
    write("loop", table(taken, f"The changed setting: {', '.join(sorted(changes))}."))


if __name__ == "__main__":
    main()
