"""How long the program waits for ``pulumi_datadog``, plain and lean: ``python -m benchmarks.sdk_import``.

Each measurement is a new process; both count from after ``import pulumi`` (which takes its time either way) until
every class that the stack uses is there. One run of each comes first, so that files and caches are warm; then they
take turns, and the medians are compared. The result goes into docs/benchmarks.md, between its markers.
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


def names() -> list[str]:
    """What infra/ takes from the SDK."""
    found: set[str] = set()
    for path in sorted((ROOT / "infra").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "pulumi_datadog":
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "dd":
                found.add(node.attr)
    return sorted(found)


def measure(kind: str, used: list[str]) -> tuple[float, float]:
    """Seconds of one process until the package is imported, and until all names are there."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, kind, *used], capture_output=True, text=True, check=True, cwd=ROOT
    )
    imported, all_there = map(float, ran.stdout.split())
    return imported, all_there


def table(plain: list[tuple[float, float]], lean: list[tuple[float, float]], used: int) -> str:
    """The result in Markdown."""
    rows = []
    for column, what in enumerate(("`import pulumi_datadog`", f"with the {used} names that the stack uses")):
        slow = statistics.median(one[column] for one in plain)
        fast = statistics.median(one[column] for one in lean)
        rows.append(f"| {what} | {slow:.2f} s | {fast:.3f} s | **{slow / fast:.0f} x** |")
    machine = f"Python {platform.python_version()}, pulumi_datadog {version('pulumi_datadog')}, {platform.machine()}"
    head = f"Median of {TURNS} turns each, warm, net of `import pulumi` ({machine}).\n\n"
    return head + "| | plain | lean | ratio |\n|---|---|---|---|\n" + "\n".join(rows)


def write(name: str, text: str) -> None:
    """Replace what stands between a benchmark's markers in docs/benchmarks.md."""
    page = PAGE.read_text()
    between = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    changed, count = between.subn(lambda match: f"{match.group(1)}\n{text}\n\n{match.group(2)}", page)
    if count != 1:
        raise SystemExit(f"{PAGE.name} has no place between <!-- {name} --> and <!-- /{name} -->")
    PAGE.write_text(changed)


def main() -> None:
    """Measure, print, write; exit 1 when the lean import is not at least ten times as fast."""
    used = names()
    measure("lean", used)
    measure("plain", used)
    plain, lean = [], []
    for _ in range(TURNS):
        plain.append(measure("plain", used))
        lean.append(measure("lean", used))
    result = table(plain, lean, len(used))
    print(result)
    write("sdk_import", result)
    ratio = statistics.median(one[1] for one in plain) / statistics.median(one[1] for one in lean)
    if ratio < GOAL:
        raise SystemExit(f"The lean import is only {ratio:.1f} times as fast; it promises {GOAL}")


if __name__ == "__main__":
    main()
