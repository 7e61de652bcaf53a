"""The bodies of intake requests: compressed or not, JSON or not, of one organisation."""

import json
import zlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LIMIT = 50 * 1024 * 1024
"""Bytes of a body, unpacked; above the limits of all intake endpoints."""
AUTOMATIC = 32
"""zlib: gzip or zlib by the header."""


class InvalidPayload(ValueError):
    """A body that is not what its endpoint takes; the text says why."""


class Refused(Exception):
    """An intake request that is answered with an error: status and the API's ``errors``."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


Endpoint = Callable[[Request], Awaitable[Response]]


def refusals_answered(endpoint: Endpoint) -> Endpoint:
    """Answer what an endpoint refuses in the form of the API: ``{"errors": [...]}``."""

    @wraps(endpoint)
    async def answering(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as error:
            return JSONResponse({"errors": [str(error)]}, status_code=error.status)

    return answering


async def unpacked(request: Request) -> bytes:
    """The body, gzip or deflate undone. Raises :class:`Refused`."""
    body = await request.body()
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding in ("gzip", "deflate"):
        packed = zlib.decompressobj(zlib.MAX_WBITS | AUTOMATIC)
        try:
            body = packed.decompress(body, LIMIT + 1)
        except zlib.error as error:
            raise Refused(400, f"Payload is not in {encoding} format: {error}") from error
        if not packed.eof and len(body) <= LIMIT:
            raise Refused(400, f"Payload is not in {encoding} format: it is cut off")
    elif encoding not in ("identity", ""):
        raise Refused(415, f"Unsupported content encoding: {encoding}")
    if len(body) > LIMIT:
        raise Refused(413, "Payload too big")
    return body


async def json_body(request: Request) -> Any:
    """The body as JSON. Raises :class:`Refused`."""
    try:
        return json.loads(await unpacked(request))
    except ValueError as error:
        raise Refused(400, "Payload is not in the expected format: invalid JSON") from error


def organisation(request: Request) -> str:
    """The organisation whose API key the request carries. Raises :class:`Refused` without one."""
    key = (
        request.headers.get("dd-api-key")
        or request.query_params.get("dd-api-key")
        or request.query_params.get("api_key")
    )
    if not key or len(key) > 128 or not key.isascii() or not key.isprintable():
        raise Refused(403, "Forbidden")
    return key
