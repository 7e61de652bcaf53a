"""The interface of handlers: the call that one receives, the response or error, registration for an operation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams

from firedrill.sandbox.datadog.account import USERS, Directory
from firedrill.sandbox.datadog.http.routing import Operation
from firedrill.sandbox.datadog.store import Body


class ApiError(Exception):
    """A response with an error status: ``{"errors": [...]}`` with texts or JSON:API error objects."""

    def __init__(self, status: int, *errors: str | dict[str, Any], body: Any = None) -> None:
        super().__init__(status, *errors)
        self.status = status
        self.body = {"errors": list(errors)} if body is None else body

    def __str__(self) -> str:
        return ", ".join(str(error) for error in self.args[1:])


@dataclass(frozen=True)
class ApiResponse:
    """Status, JSON body (None is an empty body) and headers of a response."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


NO_CONTENT = ApiResponse(None, 204)


@dataclass
class Call:
    """One request of an organisation, and access to that organisation's objects."""

    operation: Operation
    org: str
    path: dict[str, str]
    query: QueryParams
    body: Any
    directory: Directory
    now: datetime
    user_agent: str = ""
    changes: list[tuple[str, str]] = field(default_factory=list)
    """Kind and id of each object that the handler wrote or deleted."""

    def get(self, kind: str, identifier: str) -> Body | None:
        """Return one of the organisation's objects, or None."""
        return self.directory.get(self.org, kind, identifier)

    def list(self, kind: str) -> list[Body]:
        """Return the organisation's objects of a kind, oldest first."""
        return self.directory.objects(self.org, kind)

    def put(self, kind: str, identifier: str, body: Body) -> None:
        """Insert or replace an object."""
        self.directory.store.put(self.org, kind, identifier, body)
        self.changes.append((kind, identifier))

    def delete(self, kind: str, identifier: str) -> bool:
        """Delete an object; return False when there was none."""
        self.changes.append((kind, identifier))
        return self.directory.store.delete(self.org, kind, identifier)

    def number(self, name: str, first: int) -> int:
        """Return the next number of a sequence that starts at ``first``."""
        return self.directory.store.next_number(name, first)

    @property
    def me(self) -> Body:
        """The user whose keys the request carries: the organisation's first."""
        return self.list(USERS)[0]

    @property
    def seconds(self) -> int:
        """The time of the call in epoch seconds."""
        return int(self.now.timestamp())

    def flag(self, name: str) -> bool:
        """Return a boolean of the query string. Raises :class:`ApiError` 400."""
        value = self.query.get(name, "false").lower()
        if value not in ("true", "false", "1", "0", ""):
            raise ApiError(400, f"The value provided for parameter '{name}' is invalid: must be a boolean")
        return value in ("true", "1")

    def integer(self, name: str, default: int, low: int = 0, high: int = 10_000) -> int:
        """Return an integer of the query string. Raises :class:`ApiError` 400."""
        value = self.query.get(name)
        if value is None or value == "":
            return default
        if not value.removeprefix("-").isdecimal() or not low <= int(value[:20]) <= high:
            raise ApiError(400, f"The value provided for parameter '{name}' is invalid: {value[:100]}")
        return int(value)


Handler = Callable[[Call], ApiResponse]


@dataclass(frozen=True)
class Endpoint:
    """A handler and how its request bodies are checked: see :func:`serves`."""

    handler: Handler
    invalid_status: int
    validated: bool
    plain_text: bool
    read_only: bool


ENDPOINTS: dict[str, Endpoint] = {}
"""By operation name; filled when the modules with the handlers are imported."""


def serves(
    *names: str, invalid_status: int = 400, validated: bool = True, plain_text: bool = False, read_only: bool = False
) -> Callable[[Handler], Handler]:
    """Register a handler for operations of the API, each named like ``v1.get_monitor``.

    invalid_status: the status for a body that the operation's model refuses. validated: False skips that check.
    plain_text: a body that is not JSON reaches the handler as text. read_only: a POST that changes nothing, such as a
    search, runs outside a transaction.
    """

    def register(handler: Handler) -> Handler:
        for name in names:
            if name in ENDPOINTS:
                raise ValueError(f"{name} has two handlers")
            ENDPOINTS[name] = Endpoint(handler, invalid_status, validated, plain_text, read_only)
        return handler

    return register
