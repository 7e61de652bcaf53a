"""``python -m firedrill.sandbox.google``: the sandbox's Google Cloud and Cloud Run's front, until SIGTERM or SIGINT."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from firedrill.sandbox.google import cloud_run_processes as processes
from firedrill.sandbox.google import scheduler
from firedrill.sandbox.google.app import build
from firedrill.sandbox.settings import KEEP_ALIVE_SECONDS, Settings, from_environment

log = logging.getLogger("firedrill.sandbox.google")

OPEN_REQUESTS_SECONDS = 1
"""How long open requests, such as event streams, may still go on at the end."""


class _Server(uvicorn.Server):
    """A server that leaves signals to this process: there are two of them."""

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
        raise SystemExit(f"port {port} ({purpose}) cannot be used: {error.strerror}") from None
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
    """Serve until told to end; then end every instance."""
    listeners = [_listen(settings.google_port, "Google Cloud"), _listen(settings.port, "the service")]
    google = build(settings)
    for pid in processes.end_leftovers(google.database):
        log.warning("ended instance %d that an earlier run left behind", pid)
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    servers = [_server(google.api), _server(google.front)]
    await google.services.restore()
    serving = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    told = asyncio.create_task(end.wait())
    jobs = asyncio.create_task(scheduler.run(google.database, google.http, settings.google_url))
    try:
        await asyncio.wait({told, jobs, *serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        jobs.cancel()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving, return_exceptions=True)
        await google.close()


def main() -> None:
    """Run with the sandbox that the environment names."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(run(from_environment()))


if __name__ == "__main__":
    main()
