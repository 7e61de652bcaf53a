"""Execution of tests (API v1 objects), with a result for each location.

https://docs.datadoghq.com/synthetics/api_tests/http_tests and .../synthetics/multistep. It needs no server. All
locations are this machine. Browser tests run where there is a Chromium; elsewhere their results say why not.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from firedrill.sandbox.datadog.live.synthetics import browser
from firedrill.sandbox.datadog.live.synthetics.assertions import Json
from firedrill.sandbox.datadog.live.synthetics.request import send_request
from firedrill.sandbox.datadog.live.synthetics.steps import SUPPORTED_STEPS, run_steps
from firedrill.sandbox.datadog.live.synthetics.variables import draw_patterns

RETRY_PAUSE = 300
"""Default of the milliseconds between retries."""
SCHEDULED, TRIGGERED = 0, 3
"""``runType`` of a result."""
NO_DATA = 2
"""``status`` of a result that is neither passed nor failed."""


class NotRun(Exception):
    """A test that the sandbox does not run; the text is the reason."""


def is_due(test: Mapping[str, Any], last: float | None, now: float) -> bool:
    """Return whether a live test is due: ``tick_every`` seconds after the start of its last run."""
    interval = float((test.get("options") or {}).get("tick_every") or 60)
    return test.get("status") == "live" and (last is None or now - last >= interval)


def run_test(
    test: Mapping[str, Any],
    http: httpx.Client,
    *,
    locations: Sequence[str] | None = None,
    variables: Mapping[str, str] | None = None,
    run_type: int = SCHEDULED,
    wait: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
    result_id: str | None = None,
) -> list[Json]:
    """Run a test and return a result for each location, by default the test's, in the API's form.

    ``status`` is 0 for passed, 1 for failed. ``result_id`` is that of the only result. Raises :class:`NotRun`.
    """
    if (reason := reason_not_run(test)) is not None:
        raise NotRun(reason)
    options = test.get("options") or {}
    retry = options.get("retry") or {}
    results = []
    for location in locations or test.get("locations") or ["local"]:
        identifier = result_id or str(secrets.randbelow(2**62))
        attempt = Attempt(test, http, variables or {}, wait, identifier)
        checked, result = now(), attempt.run()
        for _ in range(int(retry.get("count") or 0)):
            if result["passed"]:
                break
            wait(float(retry.get("interval") or RETRY_PAUSE) / 1000)
            checked, result = now(), attempt.run()
        results.append(
            {
                "status": int(not result["passed"]),
                "check_time": int(checked * 1000),
                "check_version": 1,
                "result": {**result, "runType": run_type, "tunnel": False},
                "probe_dc": location,
                "result_id": identifier,
                "run_type": run_type,
            }
        )
    return results


def reason_not_run(test: Mapping[str, Any]) -> str | None:
    """Return why the sandbox does not run a test, or None if it does."""
    kind = f"{test.get('type')}/{test.get('subtype') or 'http'}"
    if kind == "api/multi":
        unsupported = [
            step for step in (test.get("config") or {}).get("steps") or () if step.get("subtype") not in SUPPORTED_STEPS
        ]
        return (
            f"a step is {unsupported[0].get('subtype')}: the sandbox runs steps of {', '.join(SUPPORTED_STEPS)}"
            if unsupported
            else None
        )
    if kind == "api/http":
        return None
    if test.get("type") == "browser":
        return browser.unsupported(test.get("steps") or ())
    return f"the test is {kind}: the sandbox runs api/http, api/multi and browser"


@dataclass(frozen=True)
class Attempt:
    """One attempt at a test."""

    test: Mapping[str, Any]
    http: httpx.Client
    variables: Mapping[str, str]
    wait: Callable[[float], None]
    result_id: str

    def run(self) -> Json:
        """Return the result, with new values for the patterns in variables."""
        config, options = self.test.get("config") or {}, self.test.get("options") or {}
        values = draw_patterns(self.variables)
        if self.test.get("type") == "browser":
            # The RUM SDK reads these, and marks the session as that of a synthetic test.
            identity = {
                "_DATADOG_SYNTHETICS_PUBLIC_ID": str(self.test["public_id"]),
                "_DATADOG_SYNTHETICS_RESULT_ID": self.result_id,
            }
            return browser.run_browser(self.test, values, identity)
        if self.test.get("subtype") == "multi":
            return run_steps(config["steps"], self.http, values, self.wait)
        redirects = bool(options.get("follow_redirects"))
        assertions = config.get("assertions") or ()
        return send_request(config.get("request") or {}, assertions, self.http, values, redirects)[0]


def with_start_url(test: Mapping[str, Any], start_url: str | None) -> Mapping[str, Any]:
    """Return a test whose request goes to the ``startUrl`` of its run, which may contain parts of the declared URL.

    https://docs.datadoghq.com/continuous_testing/cicd_integrations/configuration
    """
    config = test["config"]
    if start_url is None or "request" not in config:
        return test  # steps of a multistep test have their address in a variable
    declared = urlsplit(config["request"]["url"])
    url = (
        start_url.replace("{{PATHNAME}}", declared.path)
        .replace("{{PARAMS}}", f"?{declared.query}" if declared.query else "")
        .replace("{{HOST}}", declared.netloc)
        .replace("{{PROTOCOL}}", f"{declared.scheme}:")
        .replace("{{URL}}", config["request"]["url"])
    )
    return {**test, "config": {**config, "request": {**config["request"], "url": url}}}
