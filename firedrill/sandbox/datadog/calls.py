"""Which operations of the API were answered, how often and when last, by organisation."""

from collections.abc import Callable
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firedrill.sandbox.datadog.routing import Routes
from firedrill.sandbox.datadog.store import Store


class Counted:
    """Middleware: a call to ``/api`` that was answered without an error is kept as ``METHOD /path/{parameter}``.

    Refused calls are not: a product whose endpoints answer 403 was not seen.
    """

    def __init__(self, app: ASGIApp, store: Store, table: Routes, clock: Callable[[], datetime]) -> None:
        self._app, self._store, self._table, self._clock = app, store, table, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watched)
        request = Request(scope)
        org = request.headers.get("dd-api-key") or request.query_params.get("api_key")
        if status < 400 and org:
            match = self._table.match(scope["method"], scope["path"])
            path = match.operation.path if match else scope["path"]
            await run_in_threadpool(self._store.count, org, f"{scope['method']} {path}", self._clock().timestamp())
