"""Runs declared API tests (API v1 objects), of one HTTP request or of several, and says what each location saw.

https://docs.datadoghq.com/synthetics/api_tests/http_tests and .../synthetics/multistep. Usable without a server. All
locations are this machine. Browser tests are not run: that would take a browser, and their results say so.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from firedrill.sandbox.datadog.live.assertions import Json
from firedrill.sandbox.datadog.live.synthetic_request import ask
from firedrill.sandbox.datadog.live.synthetic_steps import STEPS, walk
from firedrill.sandbox.datadog.live.synthetic_variables import drawn

RETRY_PAUSE = 300
"""Milliseconds between retries where the test does not say."""
SCHEDULED, TRIGGERED = 0, 3
"""``runType`` of a result."""
NO_DATA = 2
"""``status`` of a result that says neither that the test passed nor that it failed."""


class NotRun(Exception):
    """A test that the sandbox does not run; the text says why."""


def due(test: Mapping[str, Any], last: float | None, now: float) -> bool:
    """Whether a live test's next run (``tick_every`` seconds after the last one's start) has come."""
    every = float((test.get("options") or {}).get("tick_every") or 60)
    return test.get("status") == "live" and (last is None or now - last >= every)


def run(
    test: Mapping[str, Any],
    http: httpx.Client,
    *,
    locations: Sequence[str] | None = None,
    variables: Mapping[str, str] | None = None,
    run_type: int = SCHEDULED,
    wait: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> list[Json]:
    """One result for each location (the test's, unless some are named), as the API lists them.

    ``status`` is 0 for passed, 1 for failed. Raises :class:`NotRun`.
    """
    if (reason := not_run(test)) is not None:
        raise NotRun(reason)
    options = test.get("options") or {}
    retry = options.get("retry") or {}
    results = []
    for location in locations or test.get("locations") or ["local"]:
        result = _attempt(test, http, variables or {}, wait, now)
        for _ in range(int(retry.get("count") or 0)):
            if result["passed"]:
                break
            wait(float(retry.get("interval") or RETRY_PAUSE) / 1000)
            result = _attempt(test, http, variables or {}, wait, now)
        checked = result.pop("checked")
        results.append(
            {
                "status": int(not result["passed"]),
                "check_time": int(checked * 1000),
                "check_version": 1,
                "result": {**result, "runType": run_type, "tunnel": False},
                "probe_dc": location,
                "result_id": str(secrets.randbelow(2**62)),
                "run_type": run_type,
            }
        )
    return results


def not_run(test: Mapping[str, Any]) -> str | None:
    """Why the sandbox does not run a test; None for those that it runs."""
    kind = f"{test.get('type')}/{test.get('subtype') or 'http'}"
    if kind == "api/multi":
        other = [one for one in (test.get("config") or {}).get("steps") or () if one.get("subtype") not in STEPS]
        return f"a step is {other[0].get('subtype')}: the sandbox runs steps of {', '.join(STEPS)}" if other else None
    if kind == "api/http":
        return None
    if test.get("type") == "browser":
        return "the sandbox has no browser: the test is recorded as it is declared, and was not run"
    return f"the test is {kind}: the sandbox runs api/http and api/multi"


def _attempt(
    test: Mapping[str, Any],
    http: httpx.Client,
    variables: Mapping[str, str],
    wait: Callable[[float], None],
    now: Callable[[], float],
) -> Json:
    config, options = test.get("config") or {}, test.get("options") or {}
    checked, known = now(), drawn(variables)
    if test.get("subtype") == "multi":
        return {"checked": checked, **walk(config["steps"], http, known, wait)}
    redirects = bool(options.get("follow_redirects"))
    result, _ = ask(config.get("request") or {}, config.get("assertions") or (), http, known, redirects)
    return {"checked": checked, **result}


def led(test: Mapping[str, Any], start_url: str | None) -> Mapping[str, Any]:
    """A test whose request goes to the ``startUrl`` of its run, which names parts of the declared URL.

    https://docs.datadoghq.com/continuous_testing/cicd_integrations/configuration
    """
    config = test["config"]
    if start_url is None or "request" not in config:
        return test  # a test of several steps has no start: its steps name their address by a variable
    declared = urlsplit(config["request"]["url"])
    url = (
        start_url.replace("{{PATHNAME}}", declared.path)
        .replace("{{PARAMS}}", f"?{declared.query}" if declared.query else "")
        .replace("{{HOST}}", declared.netloc)
        .replace("{{PROTOCOL}}", f"{declared.scheme}:")
        .replace("{{URL}}", config["request"]["url"])
    )
    return {**test, "config": {**config, "request": {**config["request"], "url": url}}}
