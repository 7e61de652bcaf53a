"""Drift detection on the real engine: both values, the author, harmless differences, and an unchanged state."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.delivery.drift import SECRET_VERSION, find_drift, harmless_rules
from firedrill.delivery.target import Target
from firedrill.engine import stack
from firedrill.settings import API_KEY, APP_KEY
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
    """Return the state files that Pulumi keeps of the stack."""
    folder = sandbox.settings.home / "state" / ".pulumi" / "stacks"
    return {str(file): file.read_bytes() for file in folder.rglob("*.json")}


def test_an_up_leaves_no_drift_and_objects_created_at_runtime_are_listed_separately(account: Sandbox) -> None:
    url = f"http://localhost:{account.settings.port}/datadog/synthetics/health-check"
    answer = httpx.post(url, json={"service_url": "https://your-app.run.app"}, timeout=30)
    assert answer.status_code < 300, answer.text
    listed = account.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [workflow for workflow in listed if workflow["attributes"]["spec"]["handle"] == "anomaly-notebook"]
    notebook = run(account, workflow)["steps"][0]["output"]["id"]
    result = account.firedrill("drift")
    delete(account, f"/api/v1/notebooks/{notebook}")
    assert result.returncode == 0, output(result)
    assert "No drift in" in result.stdout
    assert "Created at run time by the service, a workflow or a deployment, not declared: 2" in result.stdout
    assert "synthetic test your-app.run.app answers /health" in result.stdout
    assert "notebook llm-api local: something is unusual" in result.stdout


def test_the_drift_check_of_real_accounts_reads_no_secret(account: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = account.settings
    sandbox_target = Target("local", settings.root, stack.select(settings), settings)
    real_target = Target("local", settings.root, sandbox_target.stack, None)
    for name, value in (("DD_HOST", settings.datadog_url), ("DD_API_KEY", API_KEY), ("DD_APP_KEY", APP_KEY)):
        monkeypatch.setenv(name, value)
    versions = [resource for resource in sandbox_target.resources() if resource["type"] == SECRET_VERSION]
    base = f"http://localhost:{settings.google_port}/-/resources/{SECRET_VERSION}"
    url = f"{base}/{versions[0]['id']}"
    httpx.patch(url, json={"enabled": False}, timeout=30).raise_for_status()
    try:
        assert [change.type for change in find_drift(sandbox_target).changes] == [SECRET_VERSION]
        result = find_drift(real_target)
        assert result.changes == []
        assert [note for note in result.notes if note.startswith(f"Not compared: {len(versions)} secret versions")]
    finally:
        httpx.patch(url, json={"enabled": True}, timeout=30).raise_for_status()


def test_a_change_is_named_with_both_values_and_its_author_and_the_state_stays(account: Sandbox) -> None:
    before = states(account)
    monitor = account.monitor("gemini-throttled")
    path = f"/api/v1/monitor/{monitor['id']}"
    account.datadog("PUT", path, json={"priority": 5})
    result = account.firedrill("drift", "--markdown")
    assert result.returncode == 3, output(result)
    (row,) = [line for line in result.stdout.splitlines() if "| priority |" in line]
    assert row.startswith("| Monitor gemini-throttled |")
    assert f"`` {monitor['priority']} `` | `` 5 ``" in row
    assert "ada.okafor@example.com modified it at 20" in result.stdout
    assert "with python-httpx/" in result.stdout
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
        result = account.firedrill("drift", "--markdown")
    finally:
        ask(declared["query"])
    assert result.returncode == 3, output(result)
    (row,) = [line for line in result.stdout.splitlines() if "| filter.query |" in line]
    assert row.startswith("| LogsMetric logs-llm-logs-chats |")
    assert "`` service:somebody-else ``" in row


def test_without_an_audit_trail_the_author_is_unknown(account: Sandbox) -> None:
    monitor = account.monitor("gemini-throttled")
    path = f"/api/v1/monitor/{monitor['id']}"
    account.datadog("PUT", path, json={"priority": 5})
    account.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": "/api/v2/audit"}]})
    try:
        result = account.firedrill("drift")
    finally:
        account.datadog("DELETE", "/-/faults")
        account.datadog("PUT", path, json={"priority": monitor["priority"]})
    assert result.returncode == 3, output(result)
    assert "Who made the changes is not known: the audit trail cannot be read" in result.stdout
    assert "403" in result.stdout


def test_each_known_harmless_difference_happens_and_is_no_drift(account: Sandbox) -> None:
    workflows = account.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [workflow for workflow in workflows if workflow["attributes"]["spec"]["handle"] == "switch-model"]
    spec = workflow["attributes"]["spec"]
    moved = {**spec, "steps": [{**spec["steps"][0], "display": {"bounds": {"x": 40, "y": 300}}}]}

    def draw(content: dict[str, Any]) -> None:
        body = {"data": {"type": "workflows", "attributes": {"spec": content}}}
        account.datadog("PATCH", f"/api/v2/workflows/{workflow['id']}", json=body)

    status = httpx.get(f"http://localhost:{account.settings.google_port}/-/status", timeout=10).json()
    revision = status["services"][0]["revisions"][0]["name"]
    pinned = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": revision, "percent": 100}]
    draw(moved)
    patch_service(account, {"traffics": pinned, "client": "gcloud", "clientVersion": "540.0.0"})
    try:
        result = account.firedrill("drift")
    finally:
        draw(spec)
        patch_service(account, {"traffics": LATEST, "client": None, "clientVersion": None})
    assert result.returncode == 0, output(result)
    for rule in harmless_rules():
        assert rule.because in result.stdout


def test_a_missing_stack_is_an_error_of_one_line(
    account: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    result = account.firedrill("drift", "-s", "nowhere")
    assert result.returncode == 1
    assert "no stack named 'nowhere' found" in result.stderr
    assert "Traceback" not in output(result)
