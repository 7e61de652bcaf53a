"""The sandbox's own routes below ``/-/``: health, status, and the declared resources.

``/-/resources/gcp:MODULE/KIND/ID``: GET, POST {"properties"} (create; the id may change: see the answer), PUT
{"properties"}, PATCH (a merge patch of the properties), DELETE. Answers: {"id", "properties"}.
"""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.google.resources import Resources

BASE = "/-/resources"
STARTING = 30.0


def _path(request: Request) -> tuple[str, str]:
    """Kind and id. From the raw path: ids hold slashes and spaces."""
    raw = request.scope["raw_path"].decode().partition("?")[0].removeprefix(f"{BASE}/")
    found = re.fullmatch(r"(gcp:\w+/\w+:\w+)(?:/(.*))?", unquote(raw))
    if not found:
        raise GoogleError(400, f"{unquote(raw)!r} is not like gcp:MODULE/KIND/ID")
    return found[1], found[2] or ""


async def _properties(request: Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise GoogleError(400, 'the body must be {"properties": {...}}')
    found: dict[str, Any] = body["properties"]
    return found


def _answer(name: str, properties: dict[str, Any]) -> Response:
    return JSONResponse({"id": name, "properties": properties})


def routes(resources: Resources, status: Callable[[], dict[str, Any]], settled: Callable[[], bool]) -> list[BaseRoute]:
    """The control routes. Health is 503 until the services that ran before run again, for STARTING seconds at most."""
    began = time.monotonic()

    async def health(_request: Request) -> Response:
        if settled() or time.monotonic() - began > STARTING:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "starting"}, 503)

    async def show(_request: Request) -> Response:
        return JSONResponse(status() | {"resources": resources.listing()})

    async def listing(_request: Request) -> Response:
        return JSONResponse(resources.listing())

    async def read(request: Request) -> Response:
        kind, name = _path(request)
        return _answer(name, resources.get(kind, name))

    async def create(request: Request) -> Response:
        return _answer(*await resources.create(*_path(request), await _properties(request)))

    async def update(request: Request) -> Response:
        kind, name = _path(request)
        return _answer(name, await resources.update(kind, name, await _properties(request)))

    async def patch(request: Request) -> Response:
        kind, name = _path(request)
        return _answer(name, await resources.patch(kind, name, await request.json()))

    async def delete(request: Request) -> Response:
        await resources.delete(*_path(request))
        return Response(status_code=204)

    item = f"{BASE}/{{rest:path}}"
    return [
        Route("/-/health", health),
        Route("/-/status", show),
        Route(BASE, listing),
        Route(item, read, methods=["GET"]),
        Route(item, create, methods=["POST"]),
        Route(item, update, methods=["PUT"]),
        Route(item, patch, methods=["PATCH"]),
        Route(item, delete, methods=["DELETE"]),
    ]
