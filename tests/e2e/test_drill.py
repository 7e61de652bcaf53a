"""A failure in the running sandbox fires the declared alerts, pages, is remediated, and the alerts clear."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from firedrill.prove.collect import from_program
from firedrill.prove.monitor_file import from_file
from firedrill.scenario.definitions import Definitions
from tests.e2e.conftest import Sandbox, output

ASSIGNED = re.compile(
    r"http://(localhost:\d+|service\.example)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|user:[\w.@]+"
    r"|(?<=/dashboard/)[\w/-]+|\b[a-z-]+-id\b|\b\d{7,}\b"
)
"""The service's address and the ids that a deployment assigns. Under mocks they are stand-ins."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


def test_a_throttle_storm_fires_pages_switches_the_model_and_clears(sandbox: Sandbox) -> None:
    result = sandbox.firedrill("drill", "throttle_storm", "--segment", "20")
    assert result.returncode == 0, output(result)
    alerts = ("gemini-throttled", "requests-fail", "availability-fast-burn", "availability-slow-burn")
    verdict = result.stdout.split("1 drills: ")[1]
    for alert in alerts:
        assert alert in verdict
    assert "1 page, 1 workflow runs" in " ".join(verdict.split())
    assert "200 of 200 chats" in result.stdout
    assert "from 2 instances" in " ".join(result.stdout.split())
    page = (sandbox.settings.home / "drill" / "index.html").read_text()
    assert '{"alert":"signal-burns-fast",' in page


@pytest.mark.slow
def test_a_monitor_on_a_metric_that_nobody_emits_is_named(sandbox: Sandbox) -> None:
    monitor = sandbox.monitor("chat-slow")
    broken = monitor["query"].replace("llm.chat.latency", "llm.chat.latencies")
    sandbox.datadog("PUT", f"/api/v1/monitor/{monitor['id']}", json={"query": broken})
    try:
        result = sandbox.firedrill("drill", "slow_answers", "--segment", "20")
    finally:
        sandbox.datadog("PUT", f"/api/v1/monitor/{monitor['id']}", json={"query": monitor["query"]})
    assert result.returncode == 1, output(result)
    assert "chat-slow: did not fire" in result.stdout
    assert "llm.chat.latencies" in result.stdout


def test_the_accounts_own_monitors_saw_no_failure(sandbox: Sandbox) -> None:
    report = sandbox.datadog("GET", "/-/status")
    assert [run for run in report["workflow_runs"] if run["trigger"] == "monitor"] == []
    # The service and workflows open pages on request; only the pages of monitors have an alert.
    assert [page for page in report["pages"] if "alert" in page["attributes"]] == []
    # Other tests created synthetic tests of hosts that do not exist, whose monitors are in alert.
    monitors = sandbox.datadog("GET", "/api/v1/monitor")
    declared = [monitor for monitor in monitors if "managed_by:pulumi" in monitor["tags"]]
    assert len(declared) > 7
    # A signal is a state that composites read: "enough chats" is on by day.
    notifying = [monitor for monitor in declared if "severity:signal" not in monitor["tags"]]
    assert [monitor["name"] for monitor in notifying if monitor["overall_state"] == "Alert"] == []


def test_the_proof_collects_what_the_engine_registered(sandbox: Sandbox, tmp_path: Path) -> None:
    exported = tmp_path / "state.json"
    exported.write_text(sandbox.pulumi("stack", "export", "-s", "local").stdout)
    registered = texts_by_name(from_file(exported))
    collected = texts_by_name(from_program(sandbox.settings.root, "local"))
    assert registered.keys() == collected.keys()
    assert {name for name in registered if registered[name] != collected[name]} == set()


def _without_idle_default(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object without the time that the plugin's Check adds, where no alert on missing data reads it."""
    options = item.get("options")
    if not isinstance(options, dict) or options.get("notify_no_data"):
        return item
    return {**item, "options": {name: value for name, value in options.items() if name != "no_data_timeframe"}}


def texts_by_name(definitions: Definitions) -> dict[str, str]:
    """Return everything that decides the behaviour of alerts as text, with names in place of ids, which differ."""
    account, directory = definitions.account, definitions.directory
    kinds = {
        "monitor": account.monitors, "slo": account.slos, "test": account.synthetics, "team": directory.teams,
        "schedule": directory.schedules, "policy": directory.policies, "workflow": directory.workflows,
    }  # fmt: skip
    texts: dict[str, str] = {}
    ids: dict[str, str] = {}
    for kind, objects in kinds.items():
        for item in objects:
            body = item.get("data", item)
            content = body.get("attributes", body)
            resource = definitions.names.get(str(item.get("id")))
            name = f"{kind} {resource or content.get('name') or content.get('handle')}"
            ids[str(body.get("id") or item.get("public_id"))] = name
            texts[name] = json.dumps(_without_idle_default(item), sort_keys=True)
    for identifier, name in sorted(ids.items(), key=lambda pair: -len(pair[0])):
        texts = {key: text.replace(identifier, name) for key, text in texts.items()}
    return {key: ASSIGNED.sub("(assigned)", text) for key, text in texts.items()}
