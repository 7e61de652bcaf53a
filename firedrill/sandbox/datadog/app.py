"""The HTTP application: keys, JSON, routing, validation, handlers, and the answers in Datadog's form."""

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog import audit, validation
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.calls import Counted
from firedrill.sandbox.datadog.faults import Faults
from firedrill.sandbox.datadog.rate_limits import RateLimits
from firedrill.sandbox.datadog.routing import Match, Routes, operations
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, Serving, load_families, utc_now
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

log = logging.getLogger(__name__)

BODY_LIMIT = 5 * 1024 * 1024
"""Bytes of a request body of a configuration endpoint."""
TOO_MANY = "Rate limit exceeded. Please try again later."
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def create_app(
    directory: Directory,
    routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Starlette:
    """The API over the objects of a directory; ``routes`` (intake) come before the generated ones."""
    table, served = Routes(operations()), load_families()
    faults, limits = Faults(), RateLimits()
    trails: dict[str, TelemetryStore] = {}

    async def answer(request: Request) -> Response:
        raw_path = request.scope.get("raw_path", request.url.path.encode()).split(b"?")[0].decode("latin-1")
        match = table.match(request.method, raw_path)
        content = await read(request)
        try:
            org = organisation(request)
            injected = await faults.answer(org, request.method, request.url.path)
            if injected is not None:
                return injected
            headers, too_many = limits.count(org, request.method, request.url.path, clock().timestamp())
            if too_many:
                return respond(Answer({"errors": [TOO_MANY]}, 429, headers))
            found_match, serving = serving_of(match, served, table.methods(raw_path))
            authorize(request, found_match)
            body = json_body(content, serving.text)
            parameters, query = found_match.parameters, request.query_params
            call = Call(found_match.operation, org, parameters, query, body, directory, clock())
            found = await run_in_threadpool(perform, call, serving)
            if call.changes:
                trail = trails.get(org) or trails.setdefault(org, TelemetryStore(directory.store.path, org))
                agent = request.headers.get("user-agent", "")
                await run_in_threadpool(audit.record, call, trail, application_key(request), agent)
        except ApiError as error:
            return respond(Answer(error.body, error.status))
        body = faults.emptied(org, request.url.path, found.body) if request.method == "GET" else found.body
        return respond(Answer(body, found.status, {**headers, **found.headers}))

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def not_found(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return JSONResponse({"errors": ["Not Found" if status == 404 else "Method Not Allowed"]}, status)

    return Starlette(
        routes=[
            Route("/-/health", health),
            Route("/-/faults", faults.control, methods=["GET", "PUT", "DELETE"]),
            *routes,
            Route("/{path:path}", answer, methods=METHODS),
        ],
        lifespan=lifespan,
        middleware=[Middleware(Counted, store=directory.store, table=table, clock=clock)],
        exception_handlers={404: not_found, 405: not_found},
    )


def serving_of(match: Match | None, served: dict[str, Serving], methods: set[str]) -> tuple[Match, Serving]:
    """How a request is served. Raises :class:`ApiError` 404, 405, and 501 for an operation that nothing uses."""
    if match is None:
        raise ApiError(405, "Method Not Allowed") if methods else ApiError(404, "Not Found")
    operation = match.operation
    serving = served.get(operation.name)
    if serving is None:
        named = f"{operation.name} ({operation.method} {operation.path})"
        raise ApiError(501, f"{named} is not served by the sandbox")
    return match, serving


def authorize(request: Request, match: Match) -> None:
    """Raise :class:`ApiError` 403 when an application key is needed and missing."""
    if match.operation.needs_application_key and not application_key(request):
        raise ApiError(403, "Forbidden")


def perform(call: Call, serving: Serving) -> Answer:
    """Validate, handle, commit, tell the listeners. Raises :class:`ApiError`, and nothing has changed then."""
    call.directory.open(call.org, call.now)
    if serving.checked:
        validate(call, serving.refused)
    if call.operation.method == "GET" or serving.reads:
        return serving.handler(call)
    with call.directory.store.transaction():
        answer = serving.handler(call)
    for kind, identifier in call.changes:
        call.directory.changed(call.org, kind, identifier)
    return answer


def validate(call: Call, refused: int) -> None:
    """Raise :class:`ApiError` unless the body is what the operation's model says."""
    operation = call.operation
    if call.body is None:
        if operation.body_required:
            raise ApiError(refused, "Invalid request body: a JSON body is required")
        return
    if operation.model is None:
        return
    if operation.body_is_list and not isinstance(call.body, list):
        raise ApiError(refused, "Invalid request body: must be a list")
    items = call.body if operation.body_is_list else [call.body]
    found = [fault for item in items for fault in validation.faults(item, operation.model)]
    found += validation.envelope_faults(call.body, operation.model, operation.method in ("POST", "PUT"))
    if found:
        raise ApiError(refused, *(f"Invalid request body: {fault}" for fault in found[:10]))


def organisation(request: Request) -> str:
    """The API key, which names the organisation. Raises :class:`ApiError` 403."""
    key = request.headers.get("dd-api-key") or request.query_params.get("api_key") or ""
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= 128:
        raise ApiError(403, "Forbidden")
    return key


def application_key(request: Request) -> str:
    """The application key, or an empty text."""
    return request.headers.get("dd-application-key") or request.query_params.get("application_key") or ""


async def read(request: Request) -> bytes | None:
    """The body, None where it is too large; read to its end, so that the client gets the answer, not a reset."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= BODY_LIMIT:
            chunks.append(chunk)
    return b"".join(chunks) if size <= BODY_LIMIT else None


def json_body(content: bytes | None, text: bool = False) -> Any:
    """A body as JSON, None without one; ``text`` takes what is no JSON as it is. Raises :class:`ApiError` 400, 413."""
    if content is None:
        raise ApiError(413, "Payload too large")
    if not content.strip():
        return None
    if text and content.lstrip()[:1] not in (b"{", b"[", b'"'):
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise ApiError(400, "Invalid encoding: not UTF-8") from error
    try:
        body = json.loads(content.decode(), parse_constant=_refuse_constant)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else str(error)
        raise ApiError(400, f"Invalid JSON: {reason}") from error
    if depth(body) > 100:
        raise ApiError(400, "Invalid JSON: too deep")
    return body


def depth(value: Any) -> int:
    """How deep objects and lists are nested."""
    level, deepest = [value], 0
    while level:
        deepest += 1
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return deepest


def respond(answer: Answer) -> Response:
    """An answer on the wire."""
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    return JSONResponse(answer.body, answer.status, answer.headers)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
