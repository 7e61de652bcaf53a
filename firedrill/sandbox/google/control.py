"""The sandbox's own routes below ``/-/``: health, status, and the declared resources.

``/-/resources/gcp:MODULE/KIND/ID``: GET, POST {"properties"} (create; the response has the id, which may differ), PUT
{"properties"}, PATCH (a merge patch of the properties), DELETE. Responses: {"id", "properties"}.
"""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.resources import Resources

BASE = "/-/resources"
STARTUP_SECONDS = 30.0


def _kind_and_id(request: Request) -> tuple[str, str]:
    """Return the kind and id of a request, from the raw path: ids hold slashes and spaces."""
    raw = request.scope["raw_path"].decode().partition("?")[0].removeprefix(f"{BASE}/")
    match = re.fullmatch(r"(gcp:\w+/\w+:\w+)(?:/(.*))?", unquote(raw))
    if not match:
        raise ErrorResponse(400, f"{unquote(raw)!r} does not have the form gcp:MODULE/KIND/ID")
    return match[1], match[2] or ""


async def _properties(request: Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise ErrorResponse(400, 'the body must be {"properties": {...}}')
    properties: dict[str, Any] = body["properties"]
    return properties


def _resource_response(name: str, properties: dict[str, Any]) -> Response:
    return JSONResponse({"id": name, "properties": properties})


def routes(resources: Resources, status: Callable[[], dict[str, Any]], settled: Callable[[], bool]) -> list[BaseRoute]:
    """Return the control routes. Health is 503 until the restored services run, for STARTUP_SECONDS at most."""
    started = time.monotonic()

    async def health(_request: Request) -> Response:
        if settled() or time.monotonic() - started > STARTUP_SECONDS:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "starting"}, 503)

    async def show(_request: Request) -> Response:
        return JSONResponse(status() | {"resources": resources.listing()})

    async def listing(_request: Request) -> Response:
        return JSONResponse(resources.listing())

    async def read(request: Request) -> Response:
        kind, name = _kind_and_id(request)
        return _resource_response(name, resources.get(kind, name))

    async def create(request: Request) -> Response:
        return _resource_response(*await resources.create(*_kind_and_id(request), await _properties(request)))

    async def update(request: Request) -> Response:
        kind, name = _kind_and_id(request)
        return _resource_response(name, await resources.update(kind, name, await _properties(request)))

    async def patch(request: Request) -> Response:
        kind, name = _kind_and_id(request)
        return _resource_response(name, await resources.patch(kind, name, await request.json()))

    async def delete(request: Request) -> Response:
        await resources.delete(*_kind_and_id(request))
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
