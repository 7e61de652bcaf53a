"""The client of Datadog's API that dynamic resources use."""

import os
import time
from collections.abc import Callable
from typing import Any

import httpx

Json = Any
DEFAULT_URL = "https://api.datadoghq.com"
TIMEOUT_SECONDS = 60.0
TRIES = 4


class ApiRefused(Exception):
    """A response of Datadog's that is an error; the text has the request, the status and the reason."""

    def __init__(self, request: str, response: httpx.Response) -> None:
        super().__init__(f"{request} answered {response.status_code}: {response.text.strip()[:500]}")
        self.status = response.status_code


class Api:
    """One Datadog account. Retries 429, and 5xx of any method but POST.

    ``setting`` reads a key of the stack's configuration. The keys are the provider's (``datadog:apiKey``,
    ``datadog:appKey``, ``datadog:apiUrl``) or DD_API_KEY, DD_APP_KEY and DD_HOST; they are no input of any resource.
    Raises :class:`ValueError` without keys.
    """

    def __init__(
        self,
        setting: Callable[[str], object],
        http: httpx.Client | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        def value(key: str, variable: str, default: str = "") -> str:
            return str(setting(f"datadog:{key}") or os.environ.get(variable) or default)

        self._headers = {
            "DD-API-KEY": value("apiKey", "DD_API_KEY"),
            "DD-APPLICATION-KEY": value("appKey", "DD_APP_KEY"),
        }
        if not all(self._headers.values()):
            keys = "datadog:apiKey and datadog:appKey, or DD_API_KEY and DD_APP_KEY"
            raise ValueError(f"Datadog's keys are missing: set {keys}")
        self._http = http or httpx.Client(base_url=value("apiUrl", "DD_HOST", DEFAULT_URL), timeout=TIMEOUT_SECONDS)
        self._wait = wait

    def call(self, request: str, body: Json = None) -> Json:
        """Send ``METHOD /path`` and return the response's JSON, None if it is empty. Raises :class:`ApiRefused`."""
        method, _, path = request.partition(" ")
        for attempt in range(1, TRIES + 1):
            response = self._http.request(method, path, json=body, headers=self._headers)
            if response.is_success:
                return response.json() if response.content.strip() else None
            rate_limited = response.status_code == httpx.codes.TOO_MANY_REQUESTS
            if attempt == TRIES or not (rate_limited or (response.is_server_error and method != "POST")):
                break
            reset = response.headers.get("X-RateLimit-Reset") if rate_limited else None
            self._wait(float(reset or 2**attempt))
        raise ApiRefused(request, response)

    def find(self, request: str) -> Json:
        """Return as :meth:`call` does, but None for a 404."""
        try:
            return self.call(request)
        except ApiRefused as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
