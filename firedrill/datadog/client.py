"""The client of Datadog's API: keys, retries, and errors in one line.

A request is retried up to 3 times: after 429, when `X-RateLimit-Reset` seconds have passed; after 5xx, when 1, 2 and 4
seconds have passed. A failed POST may have created something, so it is retried only where the response says that
nothing was done: 429, and 503 with `Retry-After`. A connection that could not be opened is retried with every method.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx

from firedrill.provider.resource import ProviderError

Json = Any

RETRIES: Final = 3
LONGEST_WAIT: Final = 60.0
"""Seconds."""
TIMEOUT: Final = 60.0
"""Seconds for one request."""


class DatadogError(ProviderError):
    """A request that Datadog refused or did not answer. status: the HTTP status; 0 when there was no response."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass
class DatadogClient:
    """One account of Datadog. url: of the API, without a trailing slash; wait: sleeps for a number of seconds."""

    url: str
    api_key: str
    app_key: str
    transport: httpx.BaseTransport | None = None
    wait: Callable[[float], None] = time.sleep
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(
            base_url=self.url,
            headers={"DD-API-KEY": self.api_key, "DD-APPLICATION-KEY": self.app_key, "Accept": "application/json"},
            timeout=TIMEOUT,
            transport=self.transport,
            trust_env=False,
        )

    def call(self, request: str, body: Json = None) -> Json:
        """Send "METHOD /path" with a JSON body (a text is sent as YAML); return the response's JSON, None when empty.

        Raises:
            DatadogError: the response is not 2xx, or there is none.
        """
        method, _, path = request.partition(" ")
        # The published provider sends YAML unchanged, under this content type.
        content = body.encode() if isinstance(body, str) else None
        headers = {"Content-Type": "application/json"} if content is not None else None
        for attempt in range(RETRIES + 1):
            last = attempt == RETRIES
            try:
                response = self._client.request(
                    method, path, json=None if content is not None else body, content=content, headers=headers
                )
            except httpx.ConnectError as error:
                if last:
                    raise DatadogError(f"{request}: nothing listens at {self.url} ({error})", 0) from error
                self.wait(0.5 * 2**attempt)
                continue
            except httpx.HTTPError as error:
                raise DatadogError(
                    f"{request}: no answer from {self.url} ({error or type(error).__name__})", 0
                ) from error
            if response.is_success:
                return response.json() if response.content.strip() else None
            pause = _pause(method, response, attempt)
            if last or pause is None:
                break
            self.wait(min(pause, LONGEST_WAIT))
        raise DatadogError(f"{request} answered {response.status_code}: {_reason(response)}", response.status_code)


def escape(value: object) -> str:
    """Return a value as one segment of a path, escaped as the published provider escapes it."""
    return quote(str(value), safe=":@&=+$!'()*")


def _pause(method: str, response: httpx.Response, attempt: int) -> float | None:
    """Return the seconds until a request may be retried; None when it must not be."""
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return _seconds(response, "X-RateLimit-Reset") or _seconds(response, "Retry-After") or 2.0**attempt
    if response.status_code < 500:
        return None
    if method == "POST":
        return _seconds(response, "Retry-After") if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else None
    return 2.0**attempt


def _seconds(response: httpx.Response, header: str) -> float | None:
    try:
        return float(response.headers.get(header, ""))
    except ValueError:
        return None


def _reason(response: httpx.Response) -> str:
    """Return Datadog's own message: `errors` is a list of texts, or of JSON:API error objects."""
    try:
        body = response.json()
    except ValueError:
        return response.text.strip()[:500] or response.reason_phrase
    errors = body.get("errors", body.get("error", body)) if isinstance(body, dict) else body
    if isinstance(errors, dict):
        errors = errors.get("message") or [f"{key}: {value}" for key, value in errors.items()]
    texts = [_error_text(error) for error in (errors if isinstance(errors, list) else [errors])]
    return "; ".join(texts) or "no reason given"


def _error_text(error: Json) -> str:
    if not isinstance(error, dict):
        return str(error)
    source = error.get("source") or {}
    pointer = source.get("pointer") or source.get("parameter") or ""
    text = error.get("detail") or error.get("title") or error.get("message") or str(error)
    return f"{text} ({pointer})" if pointer else str(text)
