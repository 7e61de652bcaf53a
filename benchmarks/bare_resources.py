"""Benchmark of Pulumi alone: programs of resources without any meaning, whose provider does nothing.

``python -m benchmarks.bare_resources`` shows the least that the commands of a stack of that size can take, and how the
time of a resource grows with their number. Everything is in a temporary folder; no sandbox is needed. Times are
processor times of the engine, the language host and the program, which other work on the machine changes least. Writes
the result to docs/benchmarks.md, between its markers.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.loop import seconds
from benchmarks.sdk_import import ROOT, write
from firedrill.engine import environment
from firedrill.settings import from_environment

TURNS = 3
STACK = 346
"""The resources of this repository's stack in the sandbox."""
SIZES = (0, 100, STACK, 1000)
PROGRAM = """
import pulumi
for number in range({count}):
    inputs = {{"name": f"thing {{number}}", "tags": ["a", "b"], "options": {{"limit": number, "message": "x" * 500}}}}
    pulumi.CustomResource("echo:index:Thing", f"thing-{{number}}", inputs)
"""
COMMANDS = {
    "preview": ["preview", "--non-interactive"],
    "first": ["up", "--yes", "--skip-preview", "--non-interactive"],
    "unchanged": ["up", "--yes", "--skip-preview", "--non-interactive"],
}
Times = dict[tuple[int, str], list[float]]


@contextmanager
def echo_provider() -> Iterator[str]:
    """Yield the port of a provider that does nothing."""
    command = [sys.executable, "-m", "benchmarks.echo_provider"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def processor_seconds() -> float:
    """Return the processor time of all child processes that have ended, and of their children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(count: int, port: str, times: Times) -> None:
    """Preview a program of so many resources, deploy it from nothing, and again; add the processor seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runtime = f"runtime:\n  name: python\n  options:\n    virtualenv: {Path(sys.prefix)}\n"
        (folder / "Pulumi.yaml").write_text(f"name: bare\n{runtime}")
        (folder / "__main__.py").write_text(PROGRAM.format(count=count))
        (folder / "state").mkdir()
        variables = os.environ | environment.variables(from_environment())
        variables |= {"PULUMI_BACKEND_URL": (folder / "state").as_uri(), "PULUMI_DEBUG_PROVIDERS": f"echo:{port}"}
        seconds(["pulumi", "stack", "init", "bare"], folder, variables)
        for command, arguments in COMMANDS.items():
            before = processor_seconds()
            seconds(["pulumi", *arguments, "-s", "bare"], folder, variables)
            times.setdefault((count, command), []).append(processor_seconds() - before)


def table(times: Times) -> str:
    """Return the result in Markdown."""
    median = {key: statistics.median(values) for key, values in times.items()}
    rows = []
    for count in SIZES:
        cells = []
        for command in COMMANDS:
            ratio = median[count, command] / median[0, "preview"]
            each = (median[count, command] - median[0, command]) / count * 1000 if count else 0.0
            cells.append(
                f"{median[count, command]:.2f} s, {ratio:.1f} times" + (f", {each:.1f} ms each" if count else "")
            )
        rows.append(f"| {count:,} | {' | '.join(cells)} |")
    growth = []
    for command, words in (("preview", "a preview"), ("first", "a first up")):
        many, few = ((median[size, command] - median[0, command]) / size for size in (1000, 100))
        growth.append(f"{many / few:.2f} times in {words}")
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    load = f"with a load of {os.getloadavg()[2]:.0f}"
    turns = f"Processor seconds, medians of {len(times[0, 'preview'])} turns ({machine} {load}); "
    head = f"{turns}ratios to the empty program's preview.\n\n"
    columns = "| resources | preview | up from nothing | up, nothing changed |\n|---|---|---|---|\n"
    foot = f"\n\nA resource of 1,000 takes {' and '.join(growth)} the time of one of 100, net of the empty program."
    return head + columns + "\n".join(rows) + foot


def main(turns: int = TURNS) -> None:
    """Measure all sizes in turns, and write the table."""
    times: Times = {}
    with echo_provider() as port:
        measure(0, port, {})  # warms files and caches
        for _ in range(turns):
            for count in SIZES:
                measure(count, port, times)
    result = table(times)
    print(result)
    write("bare_resources", result)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
