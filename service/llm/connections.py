"""The connections to Gemini, which can all be ended at once: a thread that waits for bytes wakes up with an error.

An instance that is told to end has ten seconds on Cloud Run, and a chat may wait longer for Gemini.
https://cloud.google.com/run/docs/container-contract#instance-shutdown
"""

import math
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import httpx
from ddtrace.trace import Span, tracer

DEFAULT_SECONDS = 30.0
CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
"""The events with a new socket: https://www.encode.io/httpcore/extensions/#trace."""


class Connections(httpx.HTTPTransport):
    """An HTTP transport that knows its sockets. Safe for threads."""

    def __init__(self) -> None:
        super().__init__(limits=httpx.Limits(max_connections=None))
        self._lock = threading.Lock()
        self._seconds = ContextVar("seconds", default=DEFAULT_SECONDS)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.ended = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, which continues the trace: httpx's own span would be a second one of the same call."""
        seconds = self._seconds.get()
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        # Google stops when nobody waits any more.
        request.headers["X-Server-Timeout"] = str(math.ceil(seconds))
        if span := tracer.current_span():
            request.headers["traceparent"] = traceparent(span)
        request.extensions["trace"] = self._note_socket
        return super().handle_request(request)

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Limit the wait at each step of the requests that begin in the block.

        google-genai takes a timeout for each call too, and copies all its options for it.
        """
        token = self._seconds.set(seconds)
        try:
            yield
        finally:
            self._seconds.reset(token)

    def end(self) -> None:
        """End all connections, and each one that is made from now on."""
        with self._lock:
            self.ended = True
            sockets = list(self._sockets)
        for open_socket in sockets:
            _shut_down(open_socket)

    def _note_socket(self, event: str, details: dict[str, Any]) -> None:
        if event in CONNECTED:
            new_socket = details["return_value"].get_extra_info("socket")
            with self._lock:
                self._sockets.add(new_socket)
                ended = self.ended
            if ended:
                _shut_down(new_socket)


def traceparent(span: Span) -> str:
    """Return the header by which a call continues a trace at Google: ids only, since the tracer's headers have more.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    priority = span.context.sampling_priority
    is_kept = priority is None or priority > 0
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(is_kept):02}"


def _shut_down(open_socket: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        open_socket.shutdown(socket.SHUT_RDWR)
