"""Drift on the real engine: named with both values and its author, harmless differences apart, the state untouched."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.delivery.drift import SECRET_VERSION, look, rules
from firedrill.delivery.target import Target
from firedrill.engine import stack
from firedrill.sandbox.settings import API_KEY, APP_KEY
from tests.e2e.conftest import Sandbox, output
from tests.e2e.test_automation import delete, run

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SERVICE = "projects/firedrill-sandbox/locations/europe-west1/services/llm-api"
LATEST = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]


def patch_service(sandbox: Sandbox, properties: dict[str, Any]) -> None:
    """Edit the Cloud Run service as the console would."""
    url = f"http://localhost:{sandbox.settings.google_port}/-/resources/gcp:cloudrunv2/service:Service/{SERVICE}"
    httpx.patch(url, json=properties, timeout=60).raise_for_status()


def states(sandbox: Sandbox) -> dict[str, bytes]:
    """The state files that Pulumi keeps of the stack."""
    folder = sandbox.settings.home / "state" / ".pulumi" / "stacks"
    return {str(file): file.read_bytes() for file in folder.rglob("*.json")}


def test_nothing_differs_after_an_up_and_what_was_made_at_run_time_is_listed_apart(account: Sandbox) -> None:
    url = f"http://localhost:{account.settings.port}/datadog/synthetics/health-check"
    answer = httpx.post(url, json={"service_url": "https://your-app.run.app"}, timeout=30)
    assert answer.status_code < 300, answer.text
    listed = account.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [one for one in listed if one["attributes"]["spec"]["handle"] == "anomaly-notebook"]
    notebook = run(account, workflow)["steps"][0]["output"]["id"]
    found = account.firedrill("drift")
    delete(account, f"/api/v1/notebooks/{notebook}")
    assert found.returncode == 0, output(found)
    assert "No drift in" in found.stdout
    assert "Made at run time, by the service, a workflow or a deployment, not declared: 2" in found.stdout
    assert "synthetic test your-app.run.app answers /health" in found.stdout
    assert "notebook llm-api local: something is unusual" in found.stdout


def test_on_real_accounts_whoever_looks_reads_no_secret(account: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = account.settings
    here = Target("local", settings.root, stack.select(settings), settings)
    real = Target("local", settings.root, here.stack, None)
    for name, value in (("DD_HOST", settings.datadog_url), ("DD_API_KEY", API_KEY), ("DD_APP_KEY", APP_KEY)):
        monkeypatch.setenv(name, value)
    versions = [one for one in here.resources() if one["type"] == SECRET_VERSION]
    base = f"http://localhost:{settings.google_port}/-/resources/{SECRET_VERSION}"
    url = f"{base}/{versions[0]['id']}"
    httpx.patch(url, json={"enabled": False}, timeout=30).raise_for_status()
    try:
        assert [change.type for change in look(here).changed] == [SECRET_VERSION]
        found = look(real)
        assert found.changed == []
        assert [note for note in found.notes if note.startswith(f"Not compared: {len(versions)} secret versions")]
    finally:
        httpx.patch(url, json={"enabled": True}, timeout=30).raise_for_status()


def test_a_change_is_named_with_both_values_and_its_author_and_the_state_stays(account: Sandbox) -> None:
    before = states(account)
    monitor = account.monitor("throttle")
    path = f"/api/v1/monitor/{monitor['id']}"
    account.datadog("PUT", path, json={"priority": 5})
    found = account.firedrill("drift", "--markdown")
    assert found.returncode == 3, output(found)
    (row,) = [line for line in found.stdout.splitlines() if "| priority |" in line]
    assert row.startswith("| Monitor gemini-throttled |")
    assert f"`` {monitor['priority']} `` | `` 5 ``" in row
    assert "ada.okafor@example.com modified it at 20" in found.stdout
    assert "with python-httpx/" in found.stdout
    assert states(account) == before
    account.datadog("PUT", path, json={"priority": monitor["priority"]})


def test_what_the_environments_share_drifts_too(account: Sandbox) -> None:
    path = "/api/v2/logs/config/metrics/llm.logs.chats"
    declared = account.datadog("GET", path)["data"]["attributes"]["filter"]

    def ask(query: str) -> None:
        account.datadog(
            "PATCH", path, json={"data": {"type": "logs_metrics", "attributes": {"filter": {"query": query}}}}
        )

    ask("service:somebody-else")
    try:
        found = account.firedrill("drift", "--markdown")
    finally:
        ask(declared["query"])
    assert found.returncode == 3, output(found)
    (row,) = [line for line in found.stdout.splitlines() if "| filter.query |" in line]
    assert row.startswith("| LogsMetric logs-llm-logs-chats |")
    assert "`` service:somebody-else ``" in row


def test_an_account_without_an_audit_trail_says_so(account: Sandbox) -> None:
    monitor = account.monitor("throttle")
    path = f"/api/v1/monitor/{monitor['id']}"
    account.datadog("PUT", path, json={"priority": 5})
    account.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": "/api/v2/audit"}]})
    try:
        found = account.firedrill("drift")
    finally:
        account.datadog("DELETE", "/-/faults")
        account.datadog("PUT", path, json={"priority": monitor["priority"]})
    assert found.returncode == 3, output(found)
    assert "Who changed it is not known: the audit trail cannot be read" in found.stdout
    assert "403" in found.stdout


def test_each_known_harmless_difference_happens_and_is_no_drift(account: Sandbox) -> None:
    workflows = account.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [one for one in workflows if one["attributes"]["spec"]["handle"] == "switch-model"]
    spec = workflow["attributes"]["spec"]
    moved = {**spec, "steps": [{**spec["steps"][0], "display": {"bounds": {"x": 40, "y": 300}}}]}

    def draw(wanted: dict[str, Any]) -> None:
        body = {"data": {"type": "workflows", "attributes": {"spec": wanted}}}
        account.datadog("PATCH", f"/api/v2/workflows/{workflow['id']}", json=body)

    status = httpx.get(f"http://localhost:{account.settings.google_port}/-/status", timeout=10).json()
    revision = status["services"][0]["revisions"][0]["name"]
    pinned = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": revision, "percent": 100}]
    draw(moved)
    patch_service(account, {"traffics": pinned, "client": "gcloud", "clientVersion": "540.0.0"})
    try:
        found = account.firedrill("drift")
    finally:
        draw(spec)
        patch_service(account, {"traffics": LATEST, "client": None, "clientVersion": None})
    assert found.returncode == 0, output(found)
    for rule in rules():
        assert rule.because in found.stdout


def test_a_stack_that_is_not_there_is_one_line(
    account: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    found = account.firedrill("drift", "-s", "nowhere")
    assert found.returncode == 1
    assert "no stack named 'nowhere' found" in found.stderr
    assert "Traceback" not in output(found)
