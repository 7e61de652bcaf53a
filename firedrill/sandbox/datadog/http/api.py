"""The API of all organisations without HTTP. Every call passes here, from a client or from a workflow."""

from collections.abc import Callable
from datetime import datetime

from starlette.datastructures import QueryParams

from firedrill.sandbox.datadog.account import Directory, utc_now
from firedrill.sandbox.datadog.handlers import load_handlers
from firedrill.sandbox.datadog.http import audit, validation
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, Endpoint
from firedrill.sandbox.datadog.http.routing import Match, Routes, operations
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

SHOWN_FAULTS = 10
"""Faults of a body that an error names."""


class AccountApi:
    """Finds the endpoint of a request and runs its handler: validation, transaction, listeners, audit trail."""

    def __init__(self, directory: Directory, clock: Callable[[], datetime] = utc_now) -> None:
        self.directory = directory
        self.clock = clock
        self.routes = Routes(operations())
        self._endpoints = load_handlers()
        self._trails: dict[str, TelemetryStore] = {}

    def endpoint(self, match: Match | None, raw_path: str) -> tuple[Match, Endpoint]:
        """Return the endpoint of a matched request.

        Raises:
            ApiError: 404, 405, or 501 for an operation of Datadog's API that the sandbox does not serve.
        """
        if match is None:
            raise ApiError(405, "Method Not Allowed") if self.routes.methods(raw_path) else ApiError(404, "Not Found")
        operation = match.operation
        endpoint = self._endpoints.get(operation.name)
        if endpoint is None:
            name = f"{operation.name} ({operation.method} {operation.path})"
            raise ApiError(501, f"{name} is not served by the sandbox")
        return match, endpoint

    def call(self, match: Match, org: str, query: QueryParams, body: object) -> Call:
        """Return the call of a matched request, made now."""
        return Call(match.operation, org, match.parameters, query, body, self.directory, self.clock())

    def perform(self, call: Call, endpoint: Endpoint) -> ApiResponse:
        """Validate and handle a call; commit its changes, notify their listeners and record them in the audit trail.

        Raises:
            ApiError: the call is refused, and nothing has changed.
        """
        self.directory.open(call.org, call.now)
        if endpoint.validated:
            validate(call, endpoint.invalid_status)
        if call.operation.method == "GET" or endpoint.read_only:
            return endpoint.handler(call)
        with self.directory.store.transaction():
            response = endpoint.handler(call)
        for kind, identifier in call.changes:
            self.directory.notify(call.org, kind, identifier)
        if call.changes:
            audit.record(call, self._trail(call.org))
        return response

    def _trail(self, org: str) -> TelemetryStore:
        return self._trails.get(org) or self._trails.setdefault(org, TelemetryStore(self.directory.store.path, org))


def validate(call: Call, invalid_status: int) -> None:
    """Raise :class:`ApiError` unless the body is what the operation's model says."""
    operation = call.operation
    if call.body is None:
        if operation.body_required:
            raise ApiError(invalid_status, "Invalid request body: a JSON body is required")
        return
    if operation.model is None:
        return
    if operation.body_is_list and not isinstance(call.body, list):
        raise ApiError(invalid_status, "Invalid request body: must be a list")
    items = call.body if operation.body_is_list else [call.body]
    faults = [fault for item in items for fault in validation.faults(item, operation.model)]
    faults += validation.envelope_faults(call.body, operation.model, operation.method in ("POST", "PUT"))
    if faults:
        raise ApiError(invalid_status, *(f"Invalid request body: {fault}" for fault in faults[:SHOWN_FAULTS]))
    for item in items:
        validation.without_nulls(item, operation.model)
