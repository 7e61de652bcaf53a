"""gunicorn's threaded worker, with an end to waiting for clients that send slowly: each holds one of few threads."""

import socket
import threading
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # publishes no types

READ_SECONDS = 10.0
"""For a request's head and body; what the service takes is 100 KB at most."""


class Worker(ThreadWorker):  # type: ignore[misc]  # as above
    """``gthread``, whose main loop also stops reading from clients that are not done in time.

    A socket's own timeout would begin again with each byte. To stop reading a request that has arrived does nothing
    to its answer: only the connection is not used again.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._handled: dict[int, tuple[socket.socket, float]] = {}

    def handle(self, conn: Any) -> Any:
        """Handle a connection's next request, in a thread."""
        me = threading.get_ident()
        self._handled[me] = conn.sock, time.monotonic() + READ_SECONDS
        try:
            return super().handle(conn)
        finally:
            self._handled.pop(me, None)

    def murder_pending(self) -> None:
        """Called each second and at each event."""
        super().murder_pending()
        now = time.monotonic()
        for me, (client, until) in list(self._handled.items()):
            if now > until:
                self._handled.pop(me, None)
                try:
                    client.shutdown(socket.SHUT_RD)
                except OSError:
                    continue  # it has ended by itself
