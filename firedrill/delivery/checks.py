"""The checks of a deployment in Datadog: synthetic tests, the deployment gate, and monitors that alert."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from firedrill.datadog.client import DatadogClient, DatadogError
from firedrill.delivery.created_at_runtime import DEPLOY

Json = Mapping[str, Any]
MONITOR = "datadog:index/monitor:Monitor"
TEST = "datadog:index/syntheticsTest:SyntheticsTest"
BURN_RATE = "burn_rate("
ADDRESS = "SERVICE_URL"
"""The variable with the service's address in multistep tests."""
RESULT_DEADLINE = 300.0
"""Seconds for the results of a run in all locations."""
GATE_DEADLINE = 1800.0
"""Seconds for a gate: its rules watch for some minutes."""
PAUSE = 2.0
"""Seconds between two requests for a result."""


@dataclass(frozen=True)
class CheckResult:
    """The result of a check, with a description."""

    passed: bool
    description: str


def run_synthetic_tests(client: DatadogClient, resources: Iterable[Json], url: str) -> CheckResult:
    """Run the stack's API tests against another URL of the service (a tag's), and wait for their results.

    ``startUrl`` replaces the host in tests of one request; multistep tests have the variable ADDRESS for it:
    https://docs.datadoghq.com/continuous_testing/cicd_integrations/configuration
    """
    tests = [resource for resource in resources if resource["type"] == TEST and resource["inputs"].get("type") == "api"]
    names = {str(test["id"]): str(test["inputs"].get("name")) for test in tests}
    if not names:
        return CheckResult(True, "the stack declares no API test")
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    overrides = {"startUrl": f"{base}{{{{PATHNAME}}}}{{{{PARAMS}}}}", "variables": {ADDRESS: base}}
    body = {"tests": [{"public_id": test, **overrides} for test in names]}
    runs = client.call("POST /api/v1/synthetics/tests/trigger/ci", body)["results"]
    deadline = time.monotonic() + RESULT_DEADLINE
    failures: list[str] = []
    for run in runs:
        result = _test_result(client, run, deadline)
        if result is None:
            failures.append(f"{names[run['public_id']]}: no result within {RESULT_DEADLINE:.0f} s")
        elif not result.get("passed"):
            reason = (result.get("failure") or {}).get("message") or result.get("errorMessage") or "failed"
            failures.append(f"{names[run['public_id']]}: {reason}")
    if failures:
        return CheckResult(False, "; ".join(dict.fromkeys(failures)))
    return CheckResult(True, f"{len(names)} tests passed in {len(runs)} runs")


def _test_result(client: DatadogClient, run: Json, deadline: float) -> Json | None:
    request = f"GET /api/v1/synthetics/tests/{run['public_id']}/results/{run['result_id']}"
    while time.monotonic() < deadline:
        try:
            result: Json = client.call(request)["result"]
        except DatadogError as error:
            if error.status != 404:
                raise
            time.sleep(PAUSE)
        else:
            return result
    return None


def evaluate_gate(
    client: DatadogClient, service: str, env: str, version: str, waiting: Callable[[str], None]
) -> CheckResult:
    """Request an evaluation of a service's deployment gate, and wait for the result.

    ``waiting`` is called with what is waited for, each time that a rule changes its state.
    """
    attributes = {"service": service, "env": env, "version": version}
    body = {"data": {"type": "deployment_gates_evaluation_request", "attributes": attributes}}
    try:
        response = client.call("POST /api/v2/deployments/gates/evaluation", body)
    except DatadogError as error:
        if error.status == 404:
            return CheckResult(True, f"no gate is declared for service {service} in {env}")
        raise
    evaluation = response["data"]["attributes"]["evaluation_id"]
    deadline, shown = time.monotonic() + GATE_DEADLINE, ""
    while True:
        result = client.call(f"GET /api/v2/deployments/gates/evaluation/{evaluation}")["data"]["attributes"]
        rules = ", ".join(f"{rule['name']}: {rule['status']}" for rule in result.get("rules") or ())
        if result["gate_status"] != "in_progress":
            break
        state = f"version {version}, at most {GATE_DEADLINE / 60:.0f} min ({rules or 'no rule has begun'})"
        if state != shown:
            waiting(state)
        shown = state
        if time.monotonic() > deadline:
            return CheckResult(False, f"the gate has not decided within {GATE_DEADLINE:.0f} s")
        time.sleep(PAUSE)
    return CheckResult(result["gate_status"] == "pass", f"{result['gate_status']} ({rules})")


def watched_monitors(resources: Iterable[Json]) -> dict[str, str]:
    """Return the stack's burn-rate monitors and those of priority 1 and 2, as id to name.

    Burn rates alone are not enough: a revision that fails before it counts a request burns no error budget.
    """
    return {
        str(resource["id"]): resource["urn"].split("::")[-1]
        for resource in resources
        if resource["type"] == MONITOR
        and (BURN_RATE in str(resource["inputs"].get("query")) or str(resource["inputs"].get("priority")) in {"1", "2"})
    }


def alerting(client: DatadogClient, monitors: Mapping[str, str]) -> list[str]:
    """Return the names of the monitors (id to name) that alert now."""
    return [
        name
        for monitor, name in monitors.items()
        if client.call(f"GET /api/v1/monitor/{monitor}").get("overall_state") == "Alert"
    ]


def watch(client: DatadogClient, monitors: Mapping[str, str], seconds: float, ignored: Sequence[str] = ()) -> list[str]:
    """Watch monitors for some seconds; return the names of those that alert, as soon as one does."""
    deadline = time.monotonic() + seconds
    while True:
        alerts = [name for name in alerting(client, monitors) if name not in ignored]
        if alerts or time.monotonic() >= deadline:
            return alerts
        time.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))


def mute(client: DatadogClient, service: str, env: str, minutes: int) -> None:
    """Mute a new stack's monitors for some minutes: their first data are those of an idle service."""
    end = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")
    attributes = {
        "scope": f"service:{service} AND env:{env}",
        "monitor_identifier": {"monitor_tags": [f"service:{service}", f"env:{env}"]},
        "message": f"First deployment ({DEPLOY})",
        "schedule": {"start": None, "end": end},
    }
    client.call("POST /api/v2/downtime", {"data": {"type": "downtime", "attributes": attributes}})
