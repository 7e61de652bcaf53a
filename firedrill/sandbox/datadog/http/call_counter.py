"""Counts of successful API calls by organisation and operation, which `firedrill status --products` reads."""

from collections.abc import Callable
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firedrill.sandbox.datadog.http.routing import Match, Routes, raw_path
from firedrill.sandbox.datadog.store import Store

MATCH = "firedrill.match"
"""The key of the ASGI scope that holds the matched operation."""


class CallCounter:
    """Middleware that matches each request to an operation and counts the successful ones.

    Intake requests are counted too, as ``METHOD /path/{parameter}``. Refused calls are not: a product whose
    endpoints respond with 403 was not seen. Nor are those of the console: to look at a product is not to use it.
    """

    def __init__(self, app: ASGIApp, store: Store, routes: Routes, clock: Callable[[], datetime]) -> None:
        self._app, self._store, self._routes, self._clock = app, store, routes, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        match = scope[MATCH] = self._routes.match(scope["method"], raw_path(scope))
        status = 500

        async def watch_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watch_status)
        request = Request(scope)
        org = request.headers.get("dd-api-key") or request.query_params.get("api_key")
        by_console = request.headers.get("sec-fetch-site") == "same-origin"
        if status < 400 and org and scope["path"].startswith("/api/") and not by_console:
            path = match.operation.path if match else scope["path"]
            await run_in_threadpool(self._store.count, org, f"{scope['method']} {path}", self._clock().timestamp())


def matched(scope: Scope) -> Match | None:
    """Return the operation that the middleware matched a request to."""
    match: Match | None = scope.get(MATCH)
    return match
