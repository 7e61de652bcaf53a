"""Command `python -m firedrill.sandbox.providers`: serves both providers until SIGTERM."""

import signal
import sys
import threading
from types import FrameType

from firedrill import settings
from firedrill.datadog.client import DatadogClient
from firedrill.datadog.provider import provider
from firedrill.provider.resource import ProviderError
from firedrill.sandbox.providers import gcp
from firedrill.sandbox.providers.server import serve, wait_for_termination


def main() -> None:
    """Serve on the sandbox's two provider ports; report a taken port in one line."""
    sandbox = settings.from_environment()
    account = DatadogClient(sandbox.datadog_url, settings.API_KEY, settings.APP_KEY)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    servers = []
    try:
        for table, port in (
            (provider(account), sandbox.datadog_provider_port),
            (gcp.provider(), sandbox.gcp_provider_port),
        ):
            servers.append(serve(table, port)[0])
            print(f"{table.name} provider {table.version} on 127.0.0.1:{port}", file=sys.stderr, flush=True)
    except ProviderError as error:
        sys.exit(str(error))
    wait_for_termination(servers, stop)


if __name__ == "__main__":
    main()
