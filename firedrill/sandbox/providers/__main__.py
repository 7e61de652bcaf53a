"""Serves both providers until SIGTERM: `python -m firedrill.sandbox.providers`."""

import signal
import sys
import threading
from types import FrameType

from firedrill.sandbox import settings
from firedrill.sandbox.providers import datadog, gcp
from firedrill.sandbox.providers.resource import ProviderError
from firedrill.sandbox.providers.server import serve, wait_for_termination


def main() -> None:
    """Listen on the sandbox's two provider ports; a taken one is an error of one line."""
    sandbox = settings.from_environment()
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    servers = []
    try:
        for table, port in (
            (datadog.provider(), sandbox.datadog_provider_port),
            (gcp.provider(), sandbox.gcp_provider_port),
        ):
            servers.append(serve(table, port)[0])
            print(f"{table.name} provider {table.version} on 127.0.0.1:{port}", file=sys.stderr, flush=True)
    except ProviderError as error:
        sys.exit(str(error))
    wait_for_termination(servers, stop)


if __name__ == "__main__":
    main()
