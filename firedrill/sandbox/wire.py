"""How many requests of the published Datadog provider ours sends alike: `python -m firedrill.sandbox.wire FILE [URL]`.

Each line of FILE is an example: the resources that a program registered, and every POST, PUT and PATCH that the
published provider then sent. The inputs are registered with our provider, against an API that only echoes (or the one
at URL); a request is equal when method, path and body (as JSON) are. Prints each difference, and the share at the end.
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from firedrill.sandbox.providers.datadog.provider import provider
from firedrill.sandbox.providers.datadog.shapes import canonical
from firedrill.sandbox.providers.resource import Call, ProviderError, TableProvider

Request = dict[str, Any]
_MADE_UP = re.compile(r"00000000-0000-0000-0000-[0-9a-f]{12}")
WRITES = ("POST", "PUT", "PATCH")


@dataclass
class Recorder(httpx.BaseTransport):
    """Notes every write, and answers it with what was sent and an id (or passes it on)."""

    onward: httpx.BaseTransport | None = None
    requests: list[Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        text = request.read().decode()
        try:
            body = json.loads(text or "null")
        except ValueError:
            body = text
        if request.method in WRITES and not request.url.path.endswith("/validate"):
            path = request.url.raw_path.decode().partition("?")[0]
            self.requests.append({"method": request.method, "path": path, "body": body})
        if self.onward:
            return self.onward.handle_request(request)
        if request.method == "GET":
            return httpx.Response(404, json={"errors": ["an echo remembers nothing"]})
        return httpx.Response(200, json=_echo(body, len(self.requests)))


def _echo(body: Any, number: int) -> Any:
    """An answer that has an id wherever one is looked for."""
    id = f"00000000-0000-0000-0000-{number:012d}"
    if not isinstance(body, dict):
        return {"id": id, "data": {"id": id, "attributes": {}}}
    data = body.get("data")
    if isinstance(data, dict):
        return {"data": {"id": id, **data}}
    if isinstance(data, list):
        return {"data": [{"id": id, **item} for item in data]}
    return {"id": id, "public_id": id, **body, "data": [{"id": id, **body}]}


def sent(table: TableProvider, recorder: Recorder, resources: list[dict[str, Any]]) -> tuple[list[Request], list[str]]:
    """The writes that creating some resources leads to, and the errors on the way."""
    errors = []
    recorder.requests = []
    for resource in resources:
        call = Call(f"urn:pulumi:wire::wire::{resource['type']}::{resource['name']}")
        try:
            kind = table.kind(call)
            inputs, failures = kind.check(call, resource["inputs"], {})
            if failures:
                errors += [f"{call}: {failure.reason}" for failure in failures]
                continue
            kind.create(call, inputs)
        except ProviderError as error:
            errors.append(f"{call}: {error}")
    return recorder.requests, errors


def compare(table: TableProvider, recorder: Recorder, examples: list[dict[str, Any]]) -> Iterator[tuple[str, int, int]]:
    """(report, equal requests, recorded requests) of each example."""
    for example in examples:
        ours, errors = sent(table, recorder, example["resources"])
        left = [*ours]
        report, equal = [], 0
        for theirs in example["requests"]:
            match = next((one for one in left if _same(one, theirs)), None)
            if match is not None:
                left.remove(match)
                equal += 1
                continue
            near = next(
                (one for one in left if (one["method"], one["path"]) == (theirs["method"], theirs["path"])), None
            )
            if near is None:
                report.append(f"  not sent: {theirs['method']} {theirs['path']}")
                continue
            left.remove(near)
            report.append(f"  differs: {theirs['method']} {theirs['path']}")
            report += [f"    {line}" for line in _lines(theirs["body"], near["body"])]
        lines = [*report, *(f"  error: {error}" for error in errors)] if report else []
        yield "\n".join([example["example"], *lines]) if lines else "", equal, len(example["requests"])


def _same(one: Request, other: Request) -> bool:
    """Equal but for ids that an echo made up, or left out."""
    mine, theirs = canonical(one), canonical(other)
    return _MADE_UP.sub("ID", mine) == _MADE_UP.sub("ID", theirs) or _MADE_UP.sub("", mine) == theirs


def _lines(theirs: Any, ours: Any) -> list[str]:
    one, other = (
        json.dumps(json.loads(canonical(body)), indent=1, sort_keys=True).splitlines() for body in (theirs, ours)
    )
    return list(difflib.unified_diff(one, other, "published", "ours", lineterm="", n=1))[2:]


def main() -> None:
    """Compare a wire file; exits 1 when a request differs."""
    parser = argparse.ArgumentParser(prog="python -m firedrill.sandbox.wire", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("url", nargs="?", help="an API to send to, such as the sandbox's")
    arguments = parser.parse_args()
    recorder = Recorder(httpx.HTTPTransport() if arguments.url else None)
    table = provider(recorder)
    table.configure({"apiUrl": arguments.url or "http://echo.invalid"})
    examples = [json.loads(line) for line in arguments.file.read_text().splitlines() if line.strip()]
    equal = total = 0
    for report, same, all_of_them in compare(table, recorder, examples):
        equal, total = equal + same, total + all_of_them
        if report:
            print(report)
    print(f"equal: {equal} of {total} requests ({100 * equal / max(total, 1):.1f} %)")
    sys.exit(0 if equal == total else 1)


if __name__ == "__main__":
    main()
