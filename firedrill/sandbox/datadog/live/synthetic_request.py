"""One HTTP request of a synthetic test, and whether its answer is as asserted."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from firedrill.sandbox.datadog.live.assertions import Json, failures
from firedrill.sandbox.datadog.live.workflow_values import UnknownVariable, fill

DEFAULT_TIMEOUT = 60.0
"""Seconds; https://docs.datadoghq.com/synthetics/api_tests/http_tests/#define-the-request"""


def ask(
    declared: Mapping[str, Any],
    assertions: Sequence[Json],
    http: httpx.Client,
    variables: Mapping[str, str],
    follow_redirects: bool = False,
) -> tuple[Json, httpx.Response | None]:
    """What the API says of a request (``passed``, ``errorMessage``, ``timings`` in ms), and its answer, if any."""
    started = time.perf_counter()
    try:
        request = fill(dict(declared), variables)
        wanted = fill(list(assertions), variables)
        url, headers = _here(request["url"], request.get("headers") or {})
        answer = http.request(
            request.get("method") or "GET",
            url,
            headers=headers,
            params=request.get("query") or None,
            content=request.get("body") or None,
            timeout=float(request.get("timeout") or DEFAULT_TIMEOUT),
            follow_redirects=bool(request.get("follow_redirects") or follow_redirects),
        )
    except (httpx.HTTPError, httpx.InvalidURL, UnknownVariable, KeyError) as error:
        code = "TIMEOUT" if isinstance(error, httpx.TimeoutException) else "CONNREFUSED"
        code = code if isinstance(error, httpx.HTTPError) else "INVALID_REQUEST"
        return outcome(started, f"{type(error).__name__}: {error}", code), None
    wrong = failures(wanted, answer, (time.perf_counter() - started) * 1000)
    if wrong:
        return outcome(started, "; ".join(wrong), "INCORRECT_ASSERTION", answer.status_code), answer
    return outcome(started, None, "", answer.status_code), answer


def outcome(started: float, message: str | None, code: str, status: int | None = None) -> Json:
    """A result; ``message`` says why it failed."""
    result: Json = {
        "passed": message is None,
        "errorMessage": message,
        "timings": {"total": round((time.perf_counter() - started) * 1000, 1)},
        "httpStatusCode": status,
    }
    if message is not None:
        result |= {"errorCode": code, "failure": {"code": code, "message": message}}
    return result


def _here(url: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """``NAME.localhost`` is this machine (RFC 6761), which not every resolver knows; the name stays the Host."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".localhost"):
        return url, dict(headers)
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"localhost{port}")), {**headers, "Host": parts.netloc}
