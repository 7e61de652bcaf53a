"""The loop closes: a failure in the running sandbox fires the declared alerts, pages, remediates, and all clears."""

import json
import re
from pathlib import Path

import pytest

from firedrill.drill.account import Definitions
from firedrill.prove.collect import from_file, from_program
from tests.e2e.conftest import Sandbox, output

GIVEN_AT_DEPLOYMENT = re.compile(
    r"http://(localhost:\d+|service\.example)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|user:[\w.@]+"
    r"|(?<=/dashboard/)[\w/-]+|\b[a-z-]+-id\b|\b\d{7,}\b"
)
"""The service's address and the ids of people and of other kinds: under mocks they are stand-ins."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


def test_a_throttle_storm_fires_pages_switches_the_model_and_clears(sandbox: Sandbox) -> None:
    held = sandbox.firedrill("drill", "throttle_storm", "--segment", "20")
    assert held.returncode == 0, output(held)
    alerts = ("gemini-throttled", "requests-fail", "availability-fast-burn", "availability-slow-burn")
    verdict = held.stdout.split("1 drills: ")[1]
    for alert in alerts:
        assert alert in verdict
    assert "1 pages, 1 workflow runs" in " ".join(verdict.split())
    assert "200 of 200 chats" in held.stdout
    assert "from 2 instances" in " ".join(held.stdout.split())
    pictures = sandbox.settings.home / "drill"
    assert (pictures / "throttle_storm-signal-burns-fast.svg").stat().st_size > 10_000


@pytest.mark.slow
def test_a_monitor_on_a_metric_that_nobody_emits_is_named(sandbox: Sandbox) -> None:
    monitor = sandbox.monitor("chats are slow")
    broken = monitor["query"].replace("llm.chat.latency", "llm.chat.latencies")
    sandbox.datadog("PUT", f"/api/v1/monitor/{monitor['id']}", json={"query": broken})
    try:
        held = sandbox.firedrill("drill", "slow_answers", "--segment", "20")
    finally:
        sandbox.datadog("PUT", f"/api/v1/monitor/{monitor['id']}", json={"query": monitor["query"]})
    assert held.returncode == 1, output(held)
    assert "chat-slow: did not fire" in held.stdout
    assert "llm.chat.latencies" in held.stdout


def test_the_account_itself_saw_nothing_of_the_failures(sandbox: Sandbox) -> None:
    report = sandbox.datadog("GET", "/-/status")
    assert [run for run in report["workflow_runs"] if run["trigger"] == "monitor"] == []
    # The service and workflows open pages when they are asked to; only those of monitors belong to an alert.
    assert [page for page in report["pages"] if "alert" in page["attributes"]] == []
    # Nor are the tests that it was asked to make, of hosts that are not there.
    declared = [one for one in sandbox.datadog("GET", "/api/v1/monitor") if "managed_by:pulumi" in one["tags"]]
    assert len(declared) > 7
    # A signal is a state of things, which composites read: "enough chats" is on by day.
    told = [one for one in declared if "severity:signal" not in one["tags"]]
    assert [one["name"] for one in told if one["overall_state"] == "Alert"] == []


def test_what_the_proof_collects_is_what_the_engine_registered(sandbox: Sandbox, tmp_path: Path) -> None:
    exported = tmp_path / "state.json"
    exported.write_text(sandbox.pulumi("stack", "export", "-s", "local").stdout)
    registered = named(from_file(exported))
    collected = named(from_program(sandbox.settings.root, "local"))
    assert registered.keys() == collected.keys()
    assert {name for name in registered if registered[name] != collected[name]} == set()


def named(definitions: Definitions) -> dict[str, str]:
    """Everything that decides what alerts do, as text, with names in place of ids: the engine gives other ones."""
    account, directory = definitions.account, definitions.directory
    kinds = {
        "monitor": account.monitors, "slo": account.slos, "test": account.synthetics, "team": directory.teams,
        "schedule": directory.schedules, "policy": directory.policies, "workflow": directory.workflows,
    }  # fmt: skip
    found: dict[str, str] = {}
    ids: dict[str, str] = {}
    for kind, objects in kinds.items():
        for one in objects:
            body = one.get("data", one)
            content = body.get("attributes", body)
            name = f"{kind} {definitions.names.get(str(one.get('id'))) or content.get('name') or content.get('handle')}"
            ids[str(body.get("id") or one.get("public_id"))] = name
            found[name] = json.dumps(one, sort_keys=True)
    for identifier, name in sorted(ids.items(), key=lambda pair: -len(pair[0])):
        found = {key: text.replace(identifier, name) for key, text in found.items()}
    return {key: GIVEN_AT_DEPLOYMENT.sub("(given)", text) for key, text in found.items()}
