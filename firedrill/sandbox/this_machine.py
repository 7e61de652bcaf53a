"""Calls of the outside world, answered on this machine: Google's and Datadog's hosts are the sandbox's own processes.

A workflow's step names the host that it names in production (``run.googleapis.com``), so no line of a stack knows
where it runs. A host that the sandbox is not is refused: nothing here reaches the network.
"""

import httpx

from firedrill.sandbox.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "::1")
GOOGLE = ".googleapis.com"
DATADOG = ("datadoghq.com", "datadoghq.eu", "ddog-gov.com")
TIMEOUT = 30.0
"""Seconds for an answer, unless a request says otherwise."""


class OnThisMachine(httpx.BaseTransport):
    """Sends each request to the process that stands for its host."""

    def __init__(self, settings: Settings) -> None:
        self._google, self._datadog = httpx.URL(settings.google_url), httpx.URL(settings.datadog_url)
        self._transport = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As the host would. Raises :class:`httpx.ConnectError` for a host that is not here."""
        host = request.url.host
        if host in LOOPBACK or host.endswith(".localhost"):
            return self._transport.handle_request(request)
        if host.endswith(GOOGLE):
            here = self._google
        elif host.startswith("api.") and host.endswith(DATADOG):
            here = self._datadog
        else:
            raise httpx.ConnectError(f"the sandbox reaches no host outside this machine, and is not {host}")
        request.url = request.url.copy_with(scheme=here.scheme, host=here.host, port=here.port)
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()


def client(settings: Settings, timeout: float = TIMEOUT) -> httpx.Client:
    """An HTTP client for what the sandbox does in the name of Datadog."""
    return httpx.Client(transport=OnThisMachine(settings), timeout=timeout, trust_env=False)
