"""Every operation of Datadog's API, from the client's endpoint objects, and which one a request means.

The client keeps method, path, body model and needed keys of its operations in its API modules. Importing them all takes
1.4 s, so their source is read instead (0.05 s); a body's model is imported when the operation is first called.
"""

import importlib
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import datadog_api_client

ENDPOINT = re.compile(
    r'"auth": \[(?P<auth>[^\]]*)\],\s+"endpoint_path": "(?P<path>[^"]+)",\s+"operation_id": "(?P<name>[^"]+)",\s+'
    r'"http_method": "(?P<method>[^"]+)",\s+"version": "(?P<version>[^"]+)",(?P<rest>.*?)headers_map=',
    re.DOTALL,
)
BODY = re.compile(
    r'"body": \{\s+"required": (?P<required>\w+),\s+"openapi_types": \((?P<types>[^)]*)\)'
    r'|"body": \{\s+"openapi_types": \((?P<optional>[^)]*)\)'
)
IMPORT = re.compile(r"^from (datadog_api_client\.\S+) import \(?\s*(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Operation:
    """One operation: ``v1.create_monitor`` is ``POST /api/v1/monitor``."""

    name: str
    method: str
    path: str
    needs_application_key: bool
    body_required: bool
    body_model: str | None
    """``module:class``, or None where the operation takes no body or no single model."""
    body_is_list: bool

    @cached_property
    def model(self) -> type | None:
        """The class of the body, or of its items where the body is a list."""
        if self.body_model is None:
            return None
        module, name = self.body_model.split(":")
        found: type = getattr(importlib.import_module(module), name)
        return found


@dataclass(frozen=True)
class Match:
    """An operation and what stood at its path's parameters."""

    operation: Operation
    parameters: dict[str, str]


class Routes:
    """Finds the operation of a request."""

    def __init__(self, operations: list[Operation]) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[list[str], Operation]]] = defaultdict(list)
        self.paths: set[tuple[str, int]] = set()
        for operation in operations:
            segments = operation.path.strip("/").split("/")
            self._by_shape[operation.method, len(segments)].append((segments, operation))
        for candidates in self._by_shape.values():  # a literal segment wins over a parameter, from the left
            candidates.sort(key=lambda entry: [segment.startswith("{") for segment in entry[0]])

    def match(self, method: str, raw_path: str) -> Match | None:
        """The operation that serves this method and (still percent-encoded) path."""
        given = [unquote(segment) for segment in raw_path.strip("/").split("/")]
        for segments, operation in self._by_shape.get((method, len(given)), ()):
            if all(want.startswith("{") or want == here for want, here in zip(segments, given, strict=True)):
                pairs = zip(segments, given, strict=True)
                return Match(operation, {want[1:-1]: here for want, here in pairs if want.startswith("{")})
        return None

    def methods(self, raw_path: str) -> set[str]:
        """The methods that some operation takes at this path."""
        return {method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if self.match(method, raw_path)}


NOT_IN_THE_CLIENT = (
    # https://docs.datadoghq.com/api/latest/on-call/list-on-call-pages/
    Operation("v2.list_on_call_pages", "GET", "/api/v2/on-call/pages", True, False, None, False),
)
"""Operations that the documentation has and the installed client has not."""


def operations() -> list[Operation]:
    """All operations of the installed client, and a few more."""
    root = Path(datadog_api_client.__file__).parent
    sources = [path.read_text() for version in ("v1", "v2") for path in sorted((root / version / "api").glob("*.py"))]
    found = [operation for source in sources for operation in _operations_in(source)]
    return [*found, *NOT_IN_THE_CLIENT]


def _operations_in(source: str) -> list[Operation]:
    modules = {name: module for module, name in IMPORT.findall(source)}
    found = []
    for endpoint in ENDPOINT.finditer(source):
        body = BODY.search(endpoint["rest"])
        types = ((body["types"] or body["optional"]) if body else "").strip(", ")
        name = types.strip("[](), ")
        found.append(
            Operation(
                name=f"{endpoint['version']}.{endpoint['name']}",
                method=endpoint["method"],
                path=endpoint["path"],
                needs_application_key="appKeyAuth" in endpoint["auth"],
                body_required=bool(body and body["required"] == "True"),
                body_model=f"{modules[name]}:{name}" if name in modules else None,
                body_is_list=types.startswith("["),
            )
        )
    return found
