"""One HTTP request of a synthetic test, with its assertions."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from firedrill.sandbox.datadog.live.synthetics.assertions import Json, failures
from firedrill.sandbox.datadog.live.template_variables import UnknownVariable, fill

DEFAULT_TIMEOUT = 60.0
"""Seconds; https://docs.datadoghq.com/synthetics/api_tests/http_tests/#define-the-request"""


def send_request(
    declared: Mapping[str, Any],
    assertions: Sequence[Json],
    http: httpx.Client,
    variables: Mapping[str, str],
    follow_redirects: bool = False,
) -> tuple[Json, httpx.Response | None]:
    """Send a request and return the API's result (``timings`` in ms) and the response, if there is one."""
    started = time.perf_counter()
    try:
        request = fill(dict(declared), variables)
        assertions_filled = fill(list(assertions), variables)
        url, headers = _local_url(request["url"], request.get("headers") or {})
        response = http.request(
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
        return result_of(started, f"{type(error).__name__}: {error}", code), None
    violations = failures(assertions_filled, response, (time.perf_counter() - started) * 1000)
    if violations:
        return result_of(started, "; ".join(violations), "INCORRECT_ASSERTION", response.status_code), response
    return result_of(started, None, "", response.status_code), response


def result_of(started: float, message: str | None, code: str, status: int | None = None) -> Json:
    """Return a result in the API's form; ``message`` is the reason of a failure, None for success."""
    result: Json = {
        "passed": message is None,
        "errorMessage": message,
        "timings": {"total": round((time.perf_counter() - started) * 1000, 1)},
        "httpStatusCode": status,
    }
    if message is not None:
        result |= {"errorCode": code, "failure": {"code": code, "message": message}}
    return result


def _local_url(url: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Send ``NAME.localhost`` to localhost with NAME as Host: not every resolver supports RFC 6761."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".localhost"):
        return url, dict(headers)
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"localhost{port}")), {**headers, "Host": parts.netloc}
