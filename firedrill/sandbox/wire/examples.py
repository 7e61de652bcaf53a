"""The requests that create the examples of documentation, and whether our provider sends the same.

Compressed texts are compared inflated. Examples of kinds that our provider does not have are counted as not declared.
"""

import base64
import difflib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from firedrill.datadog.mapping.schema import canonical
from firedrill.provider.resource import ProviderError, ResourceCall, TableProvider

Request = dict[str, Any]
Example = dict[str, Any]
ECHO_ID = re.compile(r"00000000-0000-0000-0000-[0-9a-f]{12}")
WRITES = ("POST", "PUT", "PATCH")
ZLIB_HEADS = ("eA", "eF", "eJ", "eN")
"""The first characters of a zlib stream in Base64, by level (https://www.rfc-editor.org/rfc/rfc1950)."""


@dataclass
class RecordingTransport(httpx.BaseTransport):
    """A transport that records every write, and answers it with its own body and an id, or forwards it."""

    forward_to: httpx.BaseTransport | None = None
    requests: list[Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Record a write and answer it."""
        text = request.read().decode()
        try:
            body = json.loads(text or "null")
        except ValueError:
            body = text
        if request.method in WRITES and not request.url.path.endswith("/validate"):
            path = request.url.raw_path.decode().partition("?")[0]
            self.requests.append({"method": request.method, "path": path, "body": body})
        if self.forward_to:
            return self.forward_to.handle_request(request)
        if request.method == "GET":
            return httpx.Response(404, json={"errors": ["the echo stores nothing"]})
        return httpx.Response(200, json=_echo(body, len(self.requests)))


def _echo(body: Any, number: int) -> Any:
    """Return a response with an id in each place where one may be expected."""
    id = f"00000000-0000-0000-0000-{number:012d}"
    if not isinstance(body, dict):
        return {"id": id, "data": {"id": id, "attributes": {}}}
    data = body.get("data")
    if isinstance(data, dict):
        return {"data": {"id": id, **data}}
    if isinstance(data, list):
        return {"data": [{"id": id, **item} for item in data]}
    return {"id": id, "public_id": id, **body, "data": [{"id": id, **body}]}


@dataclass(frozen=True)
class ExampleResult:
    """The result of one example. not_declared: requests of kinds that our provider does not have."""

    example: str
    equal: int
    compared: int
    not_declared: int = 0
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([self.example, *self.differences])


def compare(table: TableProvider, recorder: RecordingTransport, examples: list[Example]) -> Iterator[ExampleResult]:
    """Yield the comparison of each example."""
    for example in examples:
        declared = [resource for resource in example["resources"] if resource["type"] in table.kinds]
        whole = len(declared) == len(example["resources"])
        sent, errors = _create(table, recorder, declared)
        differences: list[str] = []
        equal = not_declared = 0
        for recorded in example["requests"]:
            match = next((request for request in sent if _is_equal(request, recorded)), None)
            similar = match or next((request for request in sent if _endpoint(request) == _endpoint(recorded)), None)
            if similar is not None:
                sent.remove(similar)
            if match is not None:
                equal += 1
            elif similar is not None:
                differences.append(f"  differs: {' '.join(_endpoint(recorded))}")
                differences += [f"    {line}" for line in _diff(recorded["body"], similar["body"])]
            elif whole:
                differences.append(f"  not sent: {' '.join(_endpoint(recorded))}")
            else:
                not_declared += 1
        if differences:
            differences += [f"  error: {error}" for error in errors]
        compared = len(example["requests"]) - not_declared
        yield ExampleResult(example["example"], equal, compared, not_declared, differences)


def _create(
    table: TableProvider, recorder: RecordingTransport, resources: list[dict[str, Any]]
) -> tuple[list[Request], list[str]]:
    """Create resources; return the writes that were sent, and the errors."""
    errors = []
    recorder.requests = []
    for resource in resources:
        call = ResourceCall(f"urn:pulumi:wire::wire::{resource['type']}::{resource['name']}")
        kind = table.kind(call)
        inputs, failures = kind.check(call, resource["inputs"], {})
        if failures:
            errors += [f"{call}: {failure.reason}" for failure in failures]
            continue
        try:
            kind.create(call, inputs)
        except ProviderError as error:
            errors.append(f"{call}: {error}")
    return list(recorder.requests), errors


def _endpoint(request: Request) -> tuple[str, str]:
    return request["method"], request["path"]


def _is_equal(request: Request, recorded: Request) -> bool:
    """Return whether two requests are equal, but for ids that an echo generated."""
    ours, theirs = canonical(inflated(request)), canonical(inflated(recorded))
    return ECHO_ID.sub("ID", ours) == ECHO_ID.sub("ID", theirs) or ECHO_ID.sub("", ours) == theirs


def inflated(value: Any) -> Any:
    """Return a body whose texts in Base64 and zlib are inflated: deflaters write different streams for one text."""
    if isinstance(value, dict):
        return {key: inflated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [inflated(item) for item in value]
    if isinstance(value, str) and value.startswith(ZLIB_HEADS):
        try:
            return zlib.decompress(base64.b64decode(value)).decode()
        except (ValueError, zlib.error):
            return value
    return value


def _diff(recorded: Any, sent: Any) -> list[str]:
    theirs, ours = (
        json.dumps(json.loads(canonical(inflated(body))), indent=1, sort_keys=True).splitlines()
        for body in (recorded, sent)
    )
    return list(difflib.unified_diff(theirs, ours, "published", "ours", lineterm="", n=1))[2:]
