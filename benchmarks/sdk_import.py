"""Benchmark of importing ``pulumi_datadog``, plain and lean: ``python -m benchmarks.sdk_import``.

Each measurement is a new process and lasts from after ``import pulumi`` (needed either way) until every class that the
stack uses is available. One run of each warms files and caches; then they take turns, and the medians are compared.
Writes the result to docs/benchmarks.md, between its markers.
"""

import ast
import platform
import re
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
TURNS = 5
GOAL = 10
MEASURE = """
import sys, time
import pulumi
began = time.perf_counter()
if sys.argv[1] == "lean":
    from firedrill import lean_sdk
    assert lean_sdk.install()
import pulumi_datadog
imported = time.perf_counter()
for name in sys.argv[2:]:
    getattr(pulumi_datadog, name)
used = time.perf_counter()
print(imported - began, used - began)
"""


def used_names() -> list[str]:
    """Return the names that infra/ uses of the SDK."""
    names: set[str] = set()
    for path in sorted((ROOT / "infra").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "pulumi_datadog":
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "dd":
                names.add(node.attr)
    return sorted(names)


def measure(kind: str, used: list[str]) -> tuple[float, float]:
    """Return the seconds of a process until the package is imported, and until all names are available."""
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, kind, *used], capture_output=True, text=True, check=True, cwd=ROOT
    )
    imported, available = map(float, result.stdout.split())
    return imported, available


def table(plain: list[tuple[float, float]], lean: list[tuple[float, float]], used: int) -> str:
    """Return the result in Markdown."""
    rows = []
    for column, label in enumerate(("`import pulumi_datadog`", f"with the {used} names that the stack uses")):
        slow = statistics.median(seconds[column] for seconds in plain)
        fast = statistics.median(seconds[column] for seconds in lean)
        rows.append(f"| {label} | {slow:.2f} s | {fast:.3f} s | **{slow / fast:.0f} x** |")
    machine = f"Python {platform.python_version()}, pulumi_datadog {version('pulumi_datadog')}, {platform.machine()}"
    head = f"Median of {TURNS} turns each, warm, net of `import pulumi` ({machine}).\n\n"
    return head + "| | plain | lean | ratio |\n|---|---|---|---|\n" + "\n".join(rows)


def write(name: str, text: str) -> None:
    """Replace the text between a benchmark's markers in docs/benchmarks.md."""
    page = PAGE.read_text()
    between = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    changed, count = between.subn(lambda match: f"{match.group(1)}\n{text}\n\n{match.group(2)}", page)
    if count != 1:
        raise SystemExit(f"{PAGE.name} lacks the markers <!-- {name} --> and <!-- /{name} -->: add them")
    PAGE.write_text(changed)


def main() -> None:
    """Measure, print and write; exit 1 when the lean import is not at least ten times as fast."""
    used = used_names()
    measure("lean", used)
    measure("plain", used)
    plain, lean = [], []
    for _ in range(TURNS):
        plain.append(measure("plain", used))
        lean.append(measure("lean", used))
    result = table(plain, lean, len(used))
    print(result)
    write("sdk_import", result)
    ratio = statistics.median(seconds[1] for seconds in plain) / statistics.median(seconds[1] for seconds in lean)
    if ratio < GOAL:
        raise SystemExit(f"the lean import is only {ratio:.1f} times as fast as the plain one; the goal is {GOAL}")


if __name__ == "__main__":
    main()
