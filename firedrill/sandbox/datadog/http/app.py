"""The HTTP application: keys, bodies, injected faults and rate limits around the API."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog.account import Directory, utc_now
from firedrill.sandbox.datadog.http.api import AccountApi
from firedrill.sandbox.datadog.http.call_counter import CallCounter, matched
from firedrill.sandbox.datadog.http.faults import Faults
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse
from firedrill.sandbox.datadog.http.rate_limits import RateLimits
from firedrill.sandbox.datadog.http.routing import Match, raw_path
from firedrill.sandbox.datadog.json_text import parse_json

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
    """Return the API over the objects of a directory; ``routes`` (intake) come before the API's own."""
    api, faults, limits = AccountApi(directory, clock), Faults(), RateLimits()

    async def answer(request: Request) -> Response:
        content = await read_body(request)
        try:
            org = organisation(request)
            injected = await faults.inject(org, request.method, request.url.path)
            if injected is not None:
                return injected
            headers, too_many = limits.count(org, request.method, request.url.path, clock().timestamp())
            if too_many:
                return respond(ApiResponse({"errors": [TOO_MANY]}, 429, headers))
            match, endpoint = api.endpoint(matched(request.scope), raw_path(request.scope))
            authorize(request, match)
            call = api.call(match, org, request.query_params, json_body(content, endpoint.plain_text))
            call.user_agent = request.headers.get("user-agent", "")
            response = await run_in_threadpool(api.perform, call, endpoint)
        except ApiError as error:
            return respond(ApiResponse(error.body, error.status))
        body = faults.emptied(org, request.url.path, response.body) if request.method == "GET" else response.body
        return respond(ApiResponse(body, response.status, {**headers, **response.headers}))

    return Starlette(
        routes=[
            Route("/-/health", health),
            Route("/-/faults", faults.control, methods=["GET", "PUT", "DELETE"]),
            *routes,
            Route("/{path:path}", answer, methods=METHODS),
        ],
        lifespan=lifespan,
        middleware=[Middleware(CallCounter, store=directory.store, routes=api.routes, clock=clock)],
        exception_handlers={404: not_found, 405: not_found, ClientDisconnect: disconnected},
    )


async def health(_: Request) -> Response:
    """Return that the server is up, for ``/-/health``."""
    return JSONResponse({"status": "ok"})


async def not_found(_: Request, error: Exception) -> Response:
    """Return 404 and 405 in Datadog's form."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    return JSONResponse({"errors": ["Not Found" if status == 404 else "Method Not Allowed"]}, status)


async def disconnected(_: Request, error: Exception) -> Response:
    """Return a response that nobody receives: a client that disconnects is not a fault of the server."""
    del error
    return Response(status_code=499)


def authorize(request: Request, match: Match) -> None:
    """Raise :class:`ApiError` 403 when an application key is needed and missing."""
    if match.operation.needs_application_key and not application_key(request):
        raise ApiError(403, "Forbidden")


def organisation(request: Request) -> str:
    """Return the API key, which names the organisation. Raises :class:`ApiError` 403."""
    key = request.headers.get("dd-api-key") or request.query_params.get("api_key") or ""
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= 128:
        raise ApiError(403, "Forbidden")
    return key


def application_key(request: Request) -> str:
    """Return the application key, or an empty text."""
    return request.headers.get("dd-application-key") or request.query_params.get("application_key") or ""


async def read_body(request: Request) -> bytes | None:
    """Return the body, None where it is too large.

    It is read to its end in any case: otherwise the connection is reset and the client never sees the response.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= BODY_LIMIT:
            chunks.append(chunk)
    return b"".join(chunks) if size <= BODY_LIMIT else None


def json_body(content: bytes | None, plain_text: bool = False) -> Any:
    """Return a body as JSON, None for an empty one; with ``plain_text``, a body that is not JSON as text.

    Raises:
        ApiError: 400 or 413.
    """
    if content is None:
        raise ApiError(413, "Payload too large")
    if not content.strip():
        return None
    if plain_text and content.lstrip()[:1] not in (b"{", b"[", b'"'):
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise ApiError(400, "Invalid encoding: not UTF-8") from error
    try:
        return parse_json(content)
    except ValueError as error:
        raise ApiError(400, f"Invalid JSON: {error}") from error


def respond(response: ApiResponse) -> Response:
    """Return an API response as an HTTP response."""
    if response.body is None:
        return Response(status_code=response.status, headers=response.headers)
    return JSONResponse(response.body, response.status, response.headers)
