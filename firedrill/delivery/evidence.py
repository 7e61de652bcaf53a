"""What a deployment asks Datadog: do the synthetic tests pass, does the gate open, which monitors alert?"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from firedrill.delivery.made import DEPLOY
from firedrill.errors import KnownFailure
from firedrill.sandbox.providers.datadog.api import Api, ApiError

Json = Mapping[str, Any]
MONITOR = "datadog:index/monitor:Monitor"
TEST = "datadog:index/syntheticsTest:SyntheticsTest"
BURNS = "burn_rate("
ADDRESS = "SERVICE_URL"
"""The variable by which a test of several steps names the service's address."""
RESULT_DEADLINE = 300.0
"""Seconds for the results of a run in all locations."""
GATE_DEADLINE = 1800.0
"""Seconds for a gate: its rules look at some minutes."""
PAUSE = 2.0


@dataclass(frozen=True)
class Verdict:
    """Whether a question was answered well, and in words how."""

    good: bool
    told: str


def synthetic_tests(api: Api, resources: Iterable[Json], address: str) -> Verdict:
    """Run the stack's API tests against another address of the service (a tag's), and wait for their results.

    ``startUrl`` overrides the host alone, in tests of one request; steps name theirs by the variable ADDRESS:
    https://docs.datadoghq.com/continuous_testing/cicd_integrations/configuration
    """
    tests = [one for one in resources if one["type"] == TEST and one["inputs"].get("type") == "api"]
    named = {str(one["id"]): str(one["inputs"].get("name")) for one in tests}
    if not named:
        return Verdict(True, "the stack declares no API test")
    place = urlsplit(address)
    base = f"{place.scheme}://{place.netloc}"
    led = {"startUrl": f"{base}{{{{PATHNAME}}}}{{{{PARAMS}}}}", "variables": {ADDRESS: base}}
    body = {"tests": [{"public_id": one, **led} for one in named]}
    asked = api.call("POST /api/v1/synthetics/tests/trigger/ci", body)["results"]
    deadline = time.monotonic() + RESULT_DEADLINE
    failed: list[str] = []
    for run in asked:
        result = _result(api, run, deadline)
        if result is None:
            failed.append(f"{named[run['public_id']]}: no result within {RESULT_DEADLINE:.0f} s")
        elif not result.get("passed"):
            reason = (result.get("failure") or {}).get("message") or result.get("errorMessage") or "failed"
            failed.append(f"{named[run['public_id']]}: {reason}")
    if failed:
        return Verdict(False, "; ".join(dict.fromkeys(failed)))
    return Verdict(True, f"{len(named)} tests passed in {len(asked)} runs")


def _result(api: Api, run: Json, deadline: float) -> Json | None:
    path = f"GET /api/v1/synthetics/tests/{run['public_id']}/results/{run['result_id']}"
    while time.monotonic() < deadline:
        try:
            found: Json = api.call(path)["result"]
        except ApiError as error:
            if error.status != 404:
                raise
            time.sleep(PAUSE)
        else:
            return found
    return None


def gate(api: Api, service: str, env: str, version: str) -> Verdict:
    """Ask the deployment gate of a service, and wait for its verdict."""
    attributes = {"service": service, "env": env, "version": version}
    body = {"data": {"type": "deployment_gates_evaluation_request", "attributes": attributes}}
    try:
        asked = api.call("POST /api/v2/deployments/gates/evaluation", body)["data"]["attributes"]["evaluation_id"]
    except ApiError as error:
        if error.status == 404:
            return Verdict(True, f"no gate is declared for service {service} in {env}")
        raise
    deadline = time.monotonic() + GATE_DEADLINE
    while True:
        found = api.call(f"GET /api/v2/deployments/gates/evaluation/{asked}")["data"]["attributes"]
        if found["gate_status"] != "in_progress":
            break
        if time.monotonic() > deadline:
            return Verdict(False, f"the gate has not decided within {GATE_DEADLINE:.0f} s")
        time.sleep(PAUSE)
    rules = ", ".join(f"{one['name']}: {one['status']}" for one in found.get("rules") or ())
    return Verdict(found["gate_status"] == "pass", f"{found['gate_status']} ({rules})")


def watched(resources: Iterable[Json]) -> dict[str, str]:
    """The stack's burn-rate monitors, and those of priority 1 and 2: id to name.

    Burn rates alone are not enough: a revision that fails before it counts a request burns no budget.
    """
    return {
        str(one["id"]): one["urn"].split("::")[-1]
        for one in resources
        if one["type"] == MONITOR
        and (BURNS in str(one["inputs"].get("query")) or str(one["inputs"].get("priority")) in {"1", "2"})
    }


def alerting(api: Api, monitors: Mapping[str, str]) -> list[str]:
    """The names of those that alert now."""
    states = {one: api.call(f"GET /api/v1/monitor/{one}").get("overall_state") for one in monitors}
    return [monitors[one] for one, state in states.items() if state == "Alert"]


def watch(api: Api, monitors: Mapping[str, str], seconds: float, known: Sequence[str] = ()) -> list[str]:
    """Look at monitors for a while; ends at the first alert, whose names it gives."""
    deadline = time.monotonic() + seconds
    while True:
        found = [one for one in alerting(api, monitors) if one not in known]
        if found or time.monotonic() >= deadline:
            return found
        time.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))


def mute(api: Api, service: str, env: str, minutes: int) -> None:
    """Mute a new stack's monitors for so long: their first data are those of an empty service."""
    attributes = {
        "scope": f"service:{service} AND env:{env}",
        "monitor_identifier": {"monitor_tags": [f"service:{service}", f"env:{env}"]},
        "message": f"First deployment ({DEPLOY})",
        "schedule": {"start": None, "end": _later(minutes)},
    }
    api.call("POST /api/v2/downtime", {"data": {"type": "downtime", "attributes": attributes}})


def _later(minutes: int) -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")


def required_env(env: str | None) -> str:
    """The stack's env tag.

    Raises:
        KnownFailure: it has none.
    """
    if env is None:
        raise KnownFailure("the stack's configuration has no env: `pulumi config set env dev`")
    return env
