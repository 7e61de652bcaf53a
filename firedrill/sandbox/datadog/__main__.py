"""``python -m firedrill.sandbox.datadog``: Datadog's API, agent endpoints and intake on the sandbox's ports."""

import logging

import uvicorn
from starlette.applications import Starlette

from firedrill import settings as sandbox
from firedrill.sandbox import this_machine
from firedrill.sandbox.datadog import console
from firedrill.sandbox.datadog.account import Directory, utc_now
from firedrill.sandbox.datadog.console.shell import PAGES
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket, routes
from firedrill.sandbox.datadog.live import Live
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.datadog.telemetry.database import Limits
from firedrill.sandbox.foreign_requests import ForeignRequests

BROWSER_INTAKE = ("/api/v2/rum", "/api/v2/replay", "/api/v2/logs")
"""What the browser SDKs of any page send; they can send, and read nothing."""


def build(settings: sandbox.Settings) -> Starlette:
    """Return the whole server of a sandbox: API, intake and live behaviour over one database."""
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "datadog.sqlite"
    directory = Directory(Store(path))
    directory.open(sandbox.API_KEY, utc_now())
    limits = Limits(
        event_seconds=settings.telemetry_days * 86400, size=int(settings.telemetry_gigabytes * 1_000_000_000)
    )
    receiver = Receiver(path, sandbox.API_KEY, directory.objects, put=directory.put, limits=limits)
    try:
        statsd = StatsdSocket(receiver, settings.statsd_port)
    except OSError as error:
        raise SystemExit(
            f"DogStatsD: UDP port {settings.statsd_port} cannot be used: {error.strerror}; set FIREDRILL_PORT"
        ) from error
    live = Live(directory, receiver, statsd, this_machine.client(settings))
    own = [*live.routes(), *routes(receiver, settings.statsd_port), *console.routes(directory, receiver, live)]
    return create_app(directory, own, live.lifespan)


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = sandbox.from_environment()
    app = ForeignRequests(build(settings), BROWSER_INTAKE, ("", *PAGES))
    uvicorn.run(
        app, host="127.0.0.1", port=settings.datadog_port, access_log=False, timeout_graceful_shutdown=5,
        timeout_keep_alive=sandbox.KEEP_ALIVE_SECONDS,
    )  # fmt: skip


if __name__ == "__main__":
    main()
