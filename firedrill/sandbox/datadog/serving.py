"""What a handler gets and gives, and the table of handlers by operation.

A family's module says which operations it serves::

    @serves("v1.get_monitor")
    def get_monitor(call: Call) -> Answer: ...

The body has passed its model's validation before a handler sees it; what a handler writes is undone when it refuses.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams

from firedrill.sandbox.datadog.account import USERS, Directory
from firedrill.sandbox.datadog.routing import Operation
from firedrill.sandbox.datadog.store import Body


class ApiError(Exception):
    """An answer with an error status: ``{"errors": [...]}`` with texts or JSON:API error objects."""

    def __init__(self, status: int, *errors: str | dict[str, Any], body: Any = None) -> None:
        super().__init__(*(str(error) for error in errors))
        self.status = status
        self.body = {"errors": list(errors)} if body is None else body


@dataclass(frozen=True)
class Answer:
    """Status and JSON body; None is an empty body."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


NO_CONTENT = Answer(None, 204)


@dataclass
class Call:
    """One request of an organisation, and that organisation's objects."""

    operation: Operation
    org: str
    path: dict[str, str]
    query: QueryParams
    body: Any
    directory: Directory
    now: datetime
    changes: list[tuple[str, str]] = field(default_factory=list)

    def get(self, kind: str, identifier: str) -> Body | None:
        """One of the organisation's objects, or None."""
        return self.directory.get(self.org, kind, identifier)

    def list(self, kind: str) -> list[Body]:
        """The organisation's objects of a kind, oldest first."""
        return self.directory.objects(self.org, kind)

    def put(self, kind: str, identifier: str, body: Body) -> None:
        """Insert or replace."""
        self.directory.store.put(self.org, kind, identifier, body)
        self.changes.append((kind, identifier))

    def delete(self, kind: str, identifier: str) -> bool:
        """Remove; False where there was nothing."""
        self.changes.append((kind, identifier))
        return self.directory.store.delete(self.org, kind, identifier)

    def number(self, name: str, first: int) -> int:
        """The next of a sequence of integers."""
        return self.directory.store.next_number(name, first)

    @property
    def me(self) -> Body:
        """The user whose keys the request carries: the organisation's first."""
        return self.list(USERS)[0]

    @property
    def seconds(self) -> int:
        """Now in epoch seconds."""
        return int(self.now.timestamp())

    def flag(self, name: str) -> bool:
        """A boolean of the query string. Raises :class:`ApiError` 400."""
        value = self.query.get(name, "false").lower()
        if value not in ("true", "false", "1", "0", ""):
            raise ApiError(400, f"The value provided for parameter '{name}' is invalid: must be a boolean")
        return value in ("true", "1")

    def integer(self, name: str, default: int, low: int = 0, high: int = 10_000) -> int:
        """An integer of the query string. Raises :class:`ApiError` 400."""
        value = self.query.get(name)
        if value is None or value == "":
            return default
        if not value.removeprefix("-").isdecimal() or not low <= int(value[:20]) <= high:
            raise ApiError(400, f"The value provided for parameter '{name}' is invalid: {value[:100]}")
        return int(value)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Serving:
    """How an operation is served: by which handler, and how a body that its model refuses is answered."""

    handler: Handler
    refused: int
    checked: bool
    text: bool
    reads: bool


SERVED: dict[str, Serving] = {}
"""By operation name; filled by importing the family modules."""

FAMILIES = (
    "monitors",
    "monitor_search",
    "dora",
    "downtimes",
    "downtimes_v1",
    "dashboards",
    "slos",
    "slo_corrections",
    "users",
    "service_accounts",
    "datasets",
    "datastores",
    "reference_tables",
    "teams",
    "team_settings",
    "team_structure",
    "on_call",
    "on_call_routing",
    "workflows",
    "webhooks",
    "logs_config",
    "logs_more",
    "monitor_policies",
    "synthetics",
    "synthetics_runs",
    "synthetics_more",
    "synthetics_network",
    "dashboard_lists",
    "powerpacks",
    "deployment_gates",
    "incident_config",
    "incidents",
    "incident_parts",
    "status_pages",
    "status_page_events",
    "rum",
    "apm",
    "sensitive_data",
    "notebooks",
    "cost",
    "llm_prompts",
    "llm_evaluators",
    "service_catalog",
    "ci_pipelines",
    "error_tracking",
    "metrics",
    "metric_metadata",
    "event_search",
    "event_aggregates",
    "keys",
    "permissions",
    "gcp_integration",
    "catalog_entities",
)


def serves(
    *names: str, refused: int = 400, checked: bool = True, text: bool = False, reads: bool = False
) -> Callable[[Handler], Handler]:
    """Register a handler. ``refused``: status for a body that its model refuses; ``checked=False`` asks no model.

    ``text``: a body that is no JSON reaches the handler as text. ``reads``: a POST that changes nothing (a search).
    """

    def register(handler: Handler) -> Handler:
        for name in names:
            SERVED[name] = Serving(handler, refused, checked, text, reads)
        return handler

    return register


def load_families() -> dict[str, Serving]:
    """Import all family modules."""
    for family in FAMILIES:
        importlib.import_module(f"firedrill.sandbox.datadog.overlays.{family}")
    return SERVED


def utc_now() -> datetime:
    """The moment of a call."""
    return datetime.now(UTC)
