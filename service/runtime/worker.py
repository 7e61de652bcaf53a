"""gunicorn's threaded worker, with a limit for clients that send slowly: each of them occupies one of few threads.

It also ends the calls to Gemini before it ends itself, so that every chat that began has an answer.
"""

import socket
import threading
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # publishes no types

END_CALLS = "end_calls"
"""The application's extension that ends its calls."""
CALLS_SECONDS = 3.0
"""The time from SIGTERM to the end of calls: a second before the worker stops waiting for open requests."""
READ_SECONDS = 10.0
"""The time for a request's head and body, of which the service takes 200 KB at most."""


class Worker(ThreadWorker):  # type: ignore[misc]  # as above
    """``gthread`` with a main loop that also stops reading from clients that are not done in time.

    A socket's own timeout would begin again with each byte. Where the request has arrived, this does not touch its
    answer: only the connection is not used again.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._handled: dict[int, tuple[socket.socket, float]] = {}

    def handle(self, conn: Any) -> Any:
        """Handle a connection's next request, in a thread."""
        thread_id = threading.get_ident()
        self._handled[thread_id] = conn.sock, time.monotonic() + READ_SECONDS
        try:
            return super().handle(conn)
        finally:
            self._handled.pop(thread_id, None)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to end: let chats go on for :data:`CALLS_SECONDS`, then end their calls to Gemini."""
        if self.alive:
            timer = threading.Timer(CALLS_SECONDS, self.wsgi.extensions[END_CALLS])
            timer.daemon = True
            timer.start()
        super().handle_exit(sig, frame)

    def murder_pending(self) -> None:
        """Stop reading from clients whose time is over; the main loop calls this each second and at each event."""
        super().murder_pending()
        now = time.monotonic()
        for thread_id, (client, until) in list(self._handled.items()):
            if now > until:
                self._handled.pop(thread_id, None)
                try:
                    client.shutdown(socket.SHUT_RD)
                except OSError:
                    continue  # it has ended by itself
