"""Requests to Datadog's API: keys, retries, and errors in one line.

Retries, up to 3 times: an answer of 429 after `X-RateLimit-Reset` seconds; 5xx after 1, 2 and 4 seconds. A POST may
have made something before it failed, so it is repeated only where the answer says that nothing was done: 429, and 503
with `Retry-After`. A connection that could not be opened is repeated whatever the method.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx

from firedrill.sandbox.providers.resource import ProviderError

Json = Any

RETRIES: Final = 3
LONGEST_WAIT: Final = 60.0
"""Seconds."""
TIMEOUT: Final = 60.0
"""Seconds for one request."""


class ApiError(ProviderError):
    """Datadog refused a request. status: of the HTTP answer; 0 when there was none."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Api:
    """One account. url: without a trailing slash; wait: sleeps for so many seconds."""

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
        """Send "METHOD /path" with JSON (or text as it is); the answer's JSON, None when it is empty.

        Raises:
            ApiError: the answer is not 2xx, or there is none.
        """
        method, _, path = request.partition(" ")
        # YAML travels as it is, under the content type that the published provider gives it.
        content = body.encode() if isinstance(body, str) else None
        headers = {"Content-Type": "application/json"} if content is not None else None
        for attempt in range(RETRIES + 1):
            last = attempt == RETRIES
            try:
                answer = self._client.request(
                    method, path, json=None if content is not None else body, content=content, headers=headers
                )
            except httpx.ConnectError as error:
                if last:
                    raise ApiError(f"{request}: nothing listens at {self.url} ({error})", 0) from error
                self.wait(0.5 * 2**attempt)
                continue
            except httpx.HTTPError as error:
                raise ApiError(f"{request}: no answer from {self.url} ({error or type(error).__name__})", 0) from error
            if answer.is_success:
                return answer.json() if answer.content.strip() else None
            pause = _pause(method, answer, attempt)
            if last or pause is None:
                break
            self.wait(min(pause, LONGEST_WAIT))
        raise ApiError(f"{request} answered {answer.status_code}: {_reason(answer)}", answer.status_code)


def escape(value: object) -> str:
    """A value as one segment of a path, escaped as the published provider does."""
    return quote(str(value), safe=":@&=+$!'()*")


def _pause(method: str, answer: httpx.Response, attempt: int) -> float | None:
    """Seconds until a request may be repeated, None when it must not be."""
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return _seconds(answer, "X-RateLimit-Reset") or _seconds(answer, "Retry-After") or 2.0**attempt
    if answer.status_code < 500:
        return None
    if method == "POST":
        return _seconds(answer, "Retry-After") if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else None
    return 2.0**attempt


def _seconds(answer: httpx.Response, header: str) -> float | None:
    try:
        return float(answer.headers.get(header, ""))
    except ValueError:
        return None


def _reason(answer: httpx.Response) -> str:
    """Datadog's own message: `errors` is a list of texts, or of JSON:API error objects."""
    try:
        body = answer.json()
    except ValueError:
        return answer.text.strip()[:500] or answer.reason_phrase
    errors = body.get("errors", body.get("error", body)) if isinstance(body, dict) else body
    if isinstance(errors, dict):
        errors = errors.get("message") or [f"{key}: {value}" for key, value in errors.items()]
    return "; ".join(_error(error) for error in (errors if isinstance(errors, list) else [errors])) or "no reason given"


def _error(error: Json) -> str:
    if not isinstance(error, dict):
        return str(error)
    source = error.get("source") or {}
    at = source.get("pointer") or source.get("parameter") or ""
    text = error.get("detail") or error.get("title") or error.get("message") or str(error)
    return f"{text} ({at})" if at else str(text)
