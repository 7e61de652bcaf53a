"""``python -m firedrill.sandbox.datadog``: Datadog's API, agent endpoints and intake on the sandbox's ports."""

import logging

import uvicorn
from starlette.applications import Starlette

from firedrill.sandbox import settings as sandbox
from firedrill.sandbox import this_machine
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket, routes
from firedrill.sandbox.datadog.live import Live
from firedrill.sandbox.datadog.serving import utc_now
from firedrill.sandbox.datadog.store import Store


def build(settings: sandbox.Settings) -> Starlette:
    """The whole server of a sandbox: API, intake and live behaviour over one database."""
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "datadog.sqlite"
    directory = Directory(Store(path))
    directory.open(sandbox.API_KEY, utc_now())
    receiver = Receiver(path, sandbox.API_KEY, directory.objects, put=directory.put)
    try:
        statsd = StatsdSocket(receiver, settings.statsd_port)
    except OSError as error:
        raise SystemExit(f"DogStatsD: UDP port {settings.statsd_port} cannot be used: {error.strerror}") from error
    live = Live(directory, receiver, statsd, this_machine.client(settings))
    return create_app(directory, [*live.routes(), *routes(receiver, settings.statsd_port)], live.lifespan)


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = sandbox.from_environment()
    app = build(settings)
    uvicorn.run(
        app, host="127.0.0.1", port=settings.datadog_port, access_log=False, timeout_graceful_shutdown=5,
        timeout_keep_alive=sandbox.KEEP_ALIVE_SECONDS,
    )  # fmt: skip


if __name__ == "__main__":
    main()
