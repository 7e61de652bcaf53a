"""``docs/coverage.md``: the operations of Datadog's API that the sandbox serves, each with how it was checked.

*recordings* are answers of the real API for this operation, *wire* are requests of the published provider; operations
without either follow the client's models and the documentation. Where no recordings are at hand, what the page says
already is kept.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from firedrill.errors import KnownFailure
from firedrill.sandbox.datadog.routing import Operation, Routes, operations
from firedrill.sandbox.datadog.serving import load_families

HEADER = """# Coverage of Datadog's API

Written by `firedrill coverage`. An operation is served when something that deploys to the sandbox, or runs in it, uses
it. How it was checked: **recordings**, answers of the real API that ours are compared with; **wire**, requests that the
published provider sent; else **documentation**, the API reference and the models of its client. The numbers count them.

{served} of {all} operations are served. **Every other operation is refused with status 501 and its name.** Beside these
the sandbox has the intake endpoints (metrics, logs, spans, events) of an agent and of the API.
"""
DOCUMENTED = "documentation"
ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|.*\| (?P<checked>[^|]+) \|$", re.MULTILINE)


def write(target: Path, recordings: Path) -> int:
    """Write the page; returns how many operations are served. Raises :class:`KnownFailure` where it cannot be."""
    if not target.parent.is_dir():
        raise KnownFailure(f"{target.parent} is not a folder: run this in a checkout")
    checked = counted(recordings) if recordings.is_dir() else known(target)
    page, served = render(checked)
    target.write_text(page)
    return served


def render(checked: dict[str, str]) -> tuple[str, int]:
    """The page, and how many operations it names."""
    every, served = operations(), load_families()
    by_resource: dict[str, list[Operation]] = defaultdict(list)
    for operation in every:
        if operation.name in served:
            by_resource[operation.path.split("/")[3]].append(operation)
    count = sum(map(len, by_resource.values()))
    parts = [HEADER.format(served=count, all=len(every))]
    for resource, held in sorted(by_resource.items()):
        rows = [f"| `{one.name}` | {one.method} {one.path} | {checked.get(one.name, DOCUMENTED)} |" for one in held]
        table = ["| operation | request | checked by |", "|---|---|---|", *rows]
        parts.append("\n".join([f"## {resource}", "", *table, ""]))
    return "\n".join(parts), count


def counted(recordings: Path) -> dict[str, str]:
    """How each operation was checked, by the recordings of a folder."""
    routes = Routes(operations())
    answers = Counter(_names(routes, _recorded(recordings)))
    requests = Counter(_names(routes, _sent(recordings)))
    return {
        name: ", ".join(
            f"{count} {word}" for count, word in ((answers[name], "recordings"), (requests[name], "wire")) if count
        )
        for name in answers | requests
    }


def known(page: Path) -> dict[str, str]:
    """How each operation was checked, as the page says."""
    return {row["name"]: row["checked"] for row in ROW.finditer(page.read_text())} if page.exists() else {}


def _recorded(recordings: Path) -> Iterator[tuple[str, str]]:
    for file in sorted((recordings / "cassettes").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            for one in json.loads(line)["interactions"]:
                yield one["method"], one["path"]


def _sent(recordings: Path) -> Iterator[tuple[str, str]]:
    file = recordings / "provider-wire.jsonl"
    for line in file.read_text().splitlines() if file.exists() else ():
        for one in json.loads(line)["requests"]:
            yield one["method"], one["path"]


def _names(routes: Routes, requests: Iterator[tuple[str, str]]) -> Iterator[str]:
    for method, path in requests:
        match = routes.match(method, urlsplit(path).path)
        if match is not None:
            yield match.operation.name
