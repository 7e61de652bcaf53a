"""``docs/coverage.md``: the operations of Datadog's API that the sandbox serves, each with how it was checked.

*recordings* are responses of the real API for the operation, *wire* are requests of the published provider; operations
without either follow the client's models and the documentation. Without a folder of recordings, the numbers on the page
are kept.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from firedrill.errors import KnownFailure
from firedrill.sandbox import datadog
from firedrill.sandbox.datadog.handlers import load_handlers
from firedrill.sandbox.datadog.http.routing import Operation, Routes, operations

HEADER = """# Coverage of Datadog's API

Written by `firedrill coverage`. The sandbox serves an operation when the stack, the service or the tool uses it or an
operation of the same kind. How it was checked: **recordings**, responses of the real API to compare with; **wire**,
requests that the published provider sent; else **documentation**, the API reference and the models of its client. The
numbers count them.

{served} of {all} operations are served. **Every other operation responds with status 501 and its name.** The sandbox
also has the intake endpoints (metrics, logs, spans, events) of an agent and of the API.
"""
SINGLE = """## Rules that one recording supports

Most rules follow several recordings. These follow one, so they may be narrower or wider on real accounts.

| rule | module | recording |
|---|---|---|
"""
LEFT_OUT = """
## Recordings that are left out

These recorded tests touch operations that are not served.

"""
DOCUMENTED = "documentation"
FOLDERS = ("cassettes", "recordings-provider")
"""The folders of recordings: tests of the API's clients, tests of the Terraform provider."""
ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|.*\| (?P<checked>[^|]+) \|$", re.MULTILINE)

RULE = re.compile(r'"""(?P<rule>(?:(?!""").)*?)\s*By one recording: (?P<recording>\w+)\.', re.DOTALL)
"""A docstring that names the only recording behind its rule."""


def write(target: Path, recordings: Path) -> int:
    """Write the page; return how many operations are served.

    Raises:
        KnownFailure: the folder of the page does not exist.
    """
    if not target.parent.is_dir():
        raise KnownFailure(f"{target.parent} is not a folder: run this in a checkout")
    if recordings.is_dir():
        checked, skipped = count_checks(recordings), "\n".join(left_out(recordings)) + "\n"
    else:
        checked, skipped = checks_on_page(target), left_out_on_page(target)
    page, served = render(checked)
    page += LEFT_OUT + skipped
    target.write_text(page)
    return served


def render(checked: dict[str, str]) -> tuple[str, int]:
    """Return the page and the number of operations that it names."""
    all_operations, served = operations(), load_handlers()
    by_resource: dict[str, list[Operation]] = defaultdict(list)
    for operation in all_operations:
        if operation.name in served:
            by_resource[operation.path.split("/")[3]].append(operation)
    count = sum(map(len, by_resource.values()))
    parts = [HEADER.format(served=count, all=len(all_operations))]
    for resource, group in sorted(by_resource.items()):
        rows = [
            f"| `{operation.name}` | {operation.method} {operation.path} | {checked.get(operation.name, DOCUMENTED)} |"
            for operation in group
        ]
        table = ["| operation | request | checked by |", "|---|---|---|", *rows]
        parts.append("\n".join([f"## {resource}", "", *table, ""]))
    return "\n".join([*parts, SINGLE + "".join(single_rules())]), count


def single_rules() -> Iterator[str]:
    """Yield a row for each rule of the sandbox that names the only recording behind it."""
    root = Path(datadog.__file__).parent
    for module in sorted([*(root / "handlers").glob("*.py"), *(root / "http").glob("*.py")]):
        for match in RULE.finditer(module.read_text()):
            rule = " ".join(match["rule"].split()).replace("|", "\\|")
            yield f"| {rule} | `{module.relative_to(root)}` | `{match['recording']}` |\n"


def count_checks(recordings: Path) -> dict[str, str]:
    """Return how each operation was checked, counted in a folder of recordings."""
    routes = Routes(operations())
    responses = Counter(_names(routes, _recorded(recordings)))
    requests = Counter(_names(routes, _sent(recordings)))
    return {
        name: ", ".join(
            f"{count} {word}" for count, word in ((responses[name], "recordings"), (requests[name], "wire")) if count
        )
        for name in responses | requests
    }


def left_out(recordings: Path) -> Iterator[str]:
    """Yield a line for each file of recordings with the tests that touch an operation that is not served."""
    routes, served = Routes(operations()), load_handlers()
    for file in _files(recordings):
        tests = []
        for line in file.read_text().splitlines():
            test = json.loads(line)
            matches = (routes.match(call["method"], call["path"]) for call in test["interactions"])
            if any(match is not None and match.operation.name not in served for match in matches):
                tests.append(f"`{test['name']}`")
        if tests:
            yield f"- {file.parent.name}/{file.stem}: {', '.join(tests)}"


def left_out_on_page(page: Path) -> str:
    """Return the tests that are left out, as the page has them."""
    return page.read_text().partition(LEFT_OUT)[2] if page.exists() else ""


def checks_on_page(page: Path) -> dict[str, str]:
    """Return how each operation was checked, as the page has it."""
    return {row["name"]: row["checked"] for row in ROW.finditer(page.read_text())} if page.exists() else {}


def _files(recordings: Path) -> list[Path]:
    return [file for folder in FOLDERS for file in sorted((recordings / folder).glob("*.jsonl"))]


def _recorded(recordings: Path) -> Iterator[tuple[str, str]]:
    for file in _files(recordings):
        for line in file.read_text().splitlines():
            for interaction in json.loads(line)["interactions"]:
                yield interaction["method"], interaction["path"]


def _sent(recordings: Path) -> Iterator[tuple[str, str]]:
    file = recordings / "provider-wire.jsonl"
    for line in file.read_text().splitlines() if file.exists() else ():
        for request in json.loads(line)["requests"]:
            yield request["method"], request["path"]


def _names(routes: Routes, requests: Iterator[tuple[str, str]]) -> Iterator[str]:
    for method, path in requests:
        match = routes.match(method, urlsplit(path).path)
        if match is not None:
            yield match.operation.name
