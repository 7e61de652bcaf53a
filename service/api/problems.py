"""Problems as HTTP responses: RFC 9457 documents, for Flask's own errors as well."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Flask, Response, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # publishes no types
from werkzeug.exceptions import HTTPException

from service.problems import Problem
from service.telemetry import entry_span

CONTENT_TYPE = "application/problem+json"


def problem_response(problem: Problem, trace_id: str | None = None) -> Response:
    """Return the problem as a response."""
    _drain_body()
    response = Response(json.dumps(problem.document(trace_id)), problem.status, content_type=CONTENT_TYPE)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


MAX_DRAINED_BYTES = 32 * 1024 * 1024
"""Cloud Run's limit of a request: https://docs.cloud.google.com/run/quotas"""


DRAIN_SECONDS = 1.0
"""The longest wait for the next bytes of a refused body; the worker's limit of a request bounds the whole."""
MALFORMED = (OSError, ParseException)
"""What gunicorn raises when a body ends early, stalls or is chunked wrongly."""


def _drain_body() -> None:
    """Read what is left of the body of a request that is refused.

    Closing a connection that has unread bytes resets it, and proxies then answer 503 in the place of the refusal. A
    client that does not send what it announced gets its refusal all the same, and gunicorn closes the connection. Where
    the server does not end the stream with the body, as Werkzeug's does not, a read would wait for the client to leave.
    """
    if not request.environ.get("wsgi.input_terminated"):
        return
    read, stream = 0, request.environ["wsgi.input"]
    with suppress(*MALFORMED), _wait_shortly(request.environ.get("gunicorn.socket")):
        while read < MAX_DRAINED_BYTES and (chunk := stream.read(65_536)):
            read += len(chunk)


@contextmanager
def _wait_shortly(client: socket.socket | None) -> Iterator[None]:
    """Let reads from a client fail after :data:`DRAIN_SECONDS` without a byte."""
    if client is None:
        yield
        return
    before = client.gettimeout()
    client.settimeout(DRAIN_SECONDS)
    try:
        yield
    finally:
        client.settimeout(before)


def register_error_handlers(app: Flask) -> None:
    """Answer with a problem document whatever a route, or Flask itself, raises as an HTTP error."""
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http_error)


def _problem(problem: Problem) -> Response:
    entry_span.mark_failed(problem)
    return problem_response(problem)


def _http_error(error: HTTPException) -> Response:
    """Return Flask's own errors (no such route, wrong method, body too large) in the same form."""
    _drain_body()
    document = {"type": "about:blank", "title": error.name, "status": error.code, "detail": error.description}
    response = Response(json.dumps(document), error.code, content_type=CONTENT_TYPE)
    if error.code == 405 and (allowed := getattr(error, "valid_methods", None)):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response
