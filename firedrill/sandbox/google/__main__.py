"""Command ``python -m firedrill.sandbox.google``: serves Google Cloud's APIs and Cloud Run services until SIGTERM."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from firedrill.sandbox.foreign_requests import ForeignRequests
from firedrill.sandbox.google import scheduler
from firedrill.sandbox.google.app import build
from firedrill.sandbox.google.cloud_run import processes
from firedrill.settings import KEEP_ALIVE_SECONDS, Settings, from_environment

log = logging.getLogger("firedrill.sandbox.google")

OPEN_REQUESTS_SECONDS = 1
"""Time that open requests, such as event streams, get at shutdown."""


class _Server(uvicorn.Server):
    """A server without signal handlers: this process runs two servers and handles signals itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(port: int, purpose: str) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's algorithm off only then: 44 ms a request otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise SystemExit(f"cannot listen on port {port} ({purpose}): {error.strerror}") from None
    listener.listen(2048)
    return listener


def _server(application: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            application, lifespan="off", access_log=False, log_config=None, server_header=False, date_header=False,
            proxy_headers=False, timeout_graceful_shutdown=OPEN_REQUESTS_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )  # fmt: skip


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then end every instance."""
    listeners = [_listen(settings.google_port, "Google Cloud"), _listen(settings.port, "the service")]
    google = build(settings)
    for pid in processes.end_leftovers(google.database):
        log.warning("ended instance with process id %d, left over from an earlier run", pid)
    shutdown = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, shutdown.set)
    servers = [_server(ForeignRequests(google.api)), _server(google.front)]
    await google.services.restore()
    serving = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    stopping = asyncio.create_task(shutdown.wait())
    jobs = asyncio.create_task(scheduler.run(google.database, google.http, settings.google_url))
    try:
        await asyncio.wait({stopping, jobs, *serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        jobs.cancel()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving, return_exceptions=True)
        await google.close()


def main() -> None:
    """Run the sandbox that the environment configures."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(run(from_environment()))


if __name__ == "__main__":
    main()
