"""Bodies of intake requests: decompression, JSON, and the organisation of the API key."""

import zlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from firedrill.sandbox.datadog.json_text import parse_json

MAX_BYTES = 50 * 1024 * 1024
"""Size limit of a decompressed body, above those of all intake endpoints."""
DETECT_HEADER = 32
"""zlib's flag that detects gzip or zlib by the header."""


class InvalidPayload(ValueError):
    """A body that its endpoint does not accept; the text is the reason."""


class Refused(Exception):
    """An intake request that gets an error response, with a status and the API's ``errors``."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[1])


Endpoint = Callable[[Request], Awaitable[Response]]


def with_error_responses(endpoint: Endpoint) -> Endpoint:
    """Wrap an endpoint so that :class:`Refused` becomes the API's error response ``{"errors": [...]}``."""

    @wraps(endpoint)
    async def handle(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as error:
            return JSONResponse({"errors": [str(error)]}, status_code=error.status)

    return handle


async def read_body(request: Request) -> bytes:
    """Return the decompressed body. Raises :class:`Refused`."""
    body = await request.body()
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding in ("gzip", "deflate"):
        decompressor = zlib.decompressobj(zlib.MAX_WBITS | DETECT_HEADER)
        try:
            body = decompressor.decompress(body, MAX_BYTES + 1)
        except zlib.error as error:
            raise Refused(400, f"Payload is not in {encoding} format: {error}") from error
        if not decompressor.eof and len(body) <= MAX_BYTES:
            raise Refused(400, f"Payload is not in {encoding} format: it is truncated")
    elif encoding not in ("identity", ""):
        raise Refused(415, f"Unsupported content encoding: {encoding}")
    if len(body) > MAX_BYTES:
        raise Refused(413, "Payload too big")
    return body


async def read_json(request: Request) -> Any:
    """Return the body as JSON. Raises :class:`Refused`."""
    try:
        return parse_json(await read_body(request))
    except ValueError as error:
        raise Refused(400, "Payload is not in the expected format: invalid JSON") from error


def organisation(request: Request) -> str:
    """Return the organisation whose API key the request carries. Raises :class:`Refused` without one."""
    key = (
        request.headers.get("dd-api-key")
        or request.query_params.get("dd-api-key")
        or request.query_params.get("api_key")
    )
    if not key or len(key) > 128 or not key.isascii() or not key.isprintable():
        raise Refused(403, "Forbidden")
    return key
