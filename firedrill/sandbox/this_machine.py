"""HTTP to Google's and Datadog's hosts, redirected to the sandbox's processes on this machine.

A workflow step calls the same host as in production (``run.googleapis.com``), so a stack does not depend on where it
runs. Requests to any other host are refused: the sandbox never reaches the network.
"""

import httpx

from firedrill.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "::1")
GOOGLE = ".googleapis.com"
DATADOG = ("datadoghq.com", "datadoghq.eu", "ddog-gov.com")
TIMEOUT = 30.0
"""Default timeout in seconds."""


class LocalTransport(httpx.BaseTransport):
    """A transport that sends each request to the sandbox process that stands for its host."""

    def __init__(self, settings: Settings) -> None:
        self._google, self._datadog = httpx.URL(settings.google_url), httpx.URL(settings.datadog_url)
        self._transport = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to this machine. Raises :class:`httpx.ConnectError` for any other host."""
        host = request.url.host
        if host in LOOPBACK or host.endswith(".localhost"):
            return self._transport.handle_request(request)
        if host.endswith(GOOGLE):
            target = self._google
        elif host.startswith("api.") and host.endswith(DATADOG):
            target = self._datadog
        else:
            raise httpx.ConnectError(f"the sandbox does not emulate {host}, and reaches no host outside this machine")
        request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def client(settings: Settings, timeout: float = TIMEOUT) -> httpx.Client:
    """Return an HTTP client for calls that the sandbox makes as Datadog."""
    return httpx.Client(transport=LocalTransport(settings), timeout=timeout, trust_env=False)
