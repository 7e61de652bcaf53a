"""Sizes of modules and functions, beside those of projects that are read as examples: ``python -m benchmarks.sizes``.

Writes a table into docs/ARCHITECTURE.md. Further trees are given as NAME=FOLDER; functions of Python, Go and Ruby
files are measured. A description, no limit: a long function of one thought may stay.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "ARCHITECTURE.md"
MARKERS = ("<!-- sizes -->", "<!-- /sizes -->")
OURS = ("firedrill", "firedrill/sandbox", "infra", "service", "policies", "tests")
GO = re.compile(r"^func .*?\{$.*?^\}", re.MULTILINE | re.DOTALL)
RUBY = re.compile(r"^( *)def .*?^\1end", re.MULTILINE | re.DOTALL)


def functions(path: Path) -> Iterator[int]:
    """Yield the number of lines of each function of a file, nested ones included."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1
    else:
        pattern = GO if path.suffix == ".go" else RUBY
        yield from (match[0].count("\n") + 1 for match in pattern.finditer(text))


def files(folder: Path, without: Path | None = None) -> list[Path]:
    """Return a folder's source files without tests of other languages and packages' empty markers."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".py", ".go", ".rb"}
        and not path.name.endswith("_test.go")
        and path.stat().st_size
        and not (without and without in path.parents)
    ]


def row(name: str, paths: list[Path]) -> str:
    """Return a table row: number, median, 90th percentile and maximum of lines, of modules and of functions."""
    modules = [path.read_text(encoding="utf-8").count("\n") for path in paths]
    sizes = [size for path in paths for size in functions(path)]
    cells = [name]
    for numbers in (modules, sizes):
        tenth = quantiles(numbers, n=10, method="inclusive")[-1] if len(numbers) > 1 else numbers[0]
        cells += [f"{len(numbers):,}", f"{median(numbers):.0f}", f"{tenth:.0f}", f"{max(numbers)}"]
    return f"| {' | '.join(cells)} |"


def table(others: dict[str, Path]) -> str:
    """Return the Markdown table of our folders and of others by name."""
    lines = [
        "| | modules | median | 90 % | longest | functions | median | 90 % | longest |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in OURS:
        without = ROOT / "firedrill" / "sandbox" if name == "firedrill" else None
        lines.append(row(f"`{name}/`" + (" without sandbox" if without else ""), files(ROOT / name, without)))
    return "\n".join([*lines, *(row(name, files(folder)) for name, folder in others.items())])


def main() -> None:
    """Measure, and write the table between its markers."""
    others = {name: Path(folder) for name, _, folder in (argument.partition("=") for argument in sys.argv[1:])}
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKERS[0])
    _, after = rest.split(MARKERS[1])
    PAGE.write_text(f"{before}{MARKERS[0]}\n{table(others)}\n{MARKERS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
