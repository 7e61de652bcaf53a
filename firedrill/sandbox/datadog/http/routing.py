"""The operations of Datadog's API, read from its Python client, and the match of a request to one of them.

The client keeps method, path, body model and required keys of its operations in its API modules. Importing all of them
takes 1.4 s, so their source is read instead (0.05 s); a body's model is imported when the operation is first called.
"""

import importlib
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import datadog_api_client
from starlette.types import Scope

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
        model: type = getattr(importlib.import_module(module), name)
        return model


@dataclass(frozen=True)
class Match:
    """An operation, and the values of its path's parameters."""

    operation: Operation
    parameters: dict[str, str]


SLASHES = ("v2.delete_catalog_entity",)
"""Operations whose last parameter may hold a slash that is not percent-encoded: the published provider deletes
``service:default/cart`` so, and the real API takes it."""


def match_of(operation: Operation, template: list[str], segments: list[str]) -> Match | None:
    """Return the match of a path's segments with an operation's template, or None."""
    pairs = list(zip(template, segments, strict=True))
    if all(expected.startswith("{") or expected == segment for expected, segment in pairs):
        return Match(operation, {name[1:-1]: value for name, value in pairs if name.startswith("{")})
    return None


class Routes:
    """Finds the operation of a request."""

    def __init__(self, operations: list[Operation]) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[list[str], Operation]]] = defaultdict(list)
        self._with_slashes = [
            (operation, operation.path.strip("/").split("/")) for operation in operations if operation.name in SLASHES
        ]
        for operation in operations:
            template = operation.path.strip("/").split("/")
            self._by_shape[operation.method, len(template)].append((template, operation))
        for candidates in self._by_shape.values():  # a literal segment wins over a parameter, from the left
            candidates.sort(key=lambda candidate: [segment.startswith("{") for segment in candidate[0]])

    def match(self, method: str, raw_path: str) -> Match | None:
        """Return the operation of a method and a (still percent-encoded) path, or None."""
        segments = [unquote(segment) for segment in raw_path.strip("/").split("/")]
        for template, operation in self._by_shape.get((method, len(segments)), ()):
            matched = match_of(operation, template, segments)
            if matched is not None:
                return matched
        for operation, template in self._with_slashes:
            joined = [*segments[: len(template) - 1], "/".join(segments[len(template) - 1 :])]
            if operation.method == method and len(segments) > len(template):
                matched = match_of(operation, template, joined)
                if matched is not None:
                    return matched
        return None

    def methods(self, raw_path: str) -> set[str]:
        """Return the methods that some operation takes at this path."""
        return {method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if self.match(method, raw_path)}


def raw_path(scope: Scope) -> str:
    """Return the path of a request as it was sent: a percent-encoded slash is part of a parameter."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.split(b"?")[0].decode("latin-1")


NOT_IN_THE_CLIENT = (
    # https://docs.datadoghq.com/api/latest/on-call/list-on-call-pages/
    Operation("v2.list_on_call_pages", "GET", "/api/v2/on-call/pages", True, False, None, False),
)
"""Operations that are documented but missing in the installed client."""


def operations() -> list[Operation]:
    """Return all operations of the installed client, and those of :data:`NOT_IN_THE_CLIENT`."""
    root = Path(datadog_api_client.__file__).parent
    sources = [path.read_text() for version in ("v1", "v2") for path in sorted((root / version / "api").glob("*.py"))]
    return [*(operation for source in sources for operation in _operations_in(source)), *NOT_IN_THE_CLIENT]


def _operations_in(source: str) -> list[Operation]:
    modules = {name: module for module, name in IMPORT.findall(source)}
    operations_of_module = []
    for endpoint in ENDPOINT.finditer(source):
        body = BODY.search(endpoint["rest"])
        types = ((body["types"] or body["optional"]) if body else "").strip(", ")
        name = types.strip("[](), ")
        operations_of_module.append(
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
    return operations_of_module
