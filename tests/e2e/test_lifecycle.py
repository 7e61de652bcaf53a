"""A stack on the real engine: `up`, no changes, drift, restoration, and plain Pulumi throughout."""

import re
import subprocess

import httpx
import pytest

from firedrill.engine import stack
from firedrill.settings import API_KEY, APP_KEY
from service.telemetry import EMITTED
from tests.conftest import ROOT
from tests.e2e.conftest import DEADLINE, Sandbox, checkout_digests, output

pytestmark = pytest.mark.e2e


def test_the_service_answers_with_text_and_tokens(sandbox: Sandbox) -> None:
    url = f"http://localhost:{sandbox.settings.port}"
    assert httpx.get(f"{url}/health", timeout=10).status_code == 200
    answer = httpx.post(f"{url}/v1/chat", json={"message": "What is an error budget?"}, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["text"]
    assert answer.json()["usage"]["output_tokens"] > 0


def test_the_last_screen_gives_the_urls_and_a_second_up_changes_nothing(sandbox: Sandbox) -> None:
    again = sandbox.firedrill("up")
    assert again.returncode == 0, output(again)
    assert f"http://localhost:{sandbox.settings.port}" in again.stdout
    assert re.search(r"The stack is up after \d+ s \(\d+ unchanged\)\.", again.stdout)


@pytest.mark.parametrize("folder", ["", stack.ORGANISATION])
def test_plain_pulumi_finds_nothing_to_do(sandbox: Sandbox, folder: str) -> None:
    preview = sandbox.pulumi("preview", "-s", "local", "--expect-no-changes", folder=folder)
    assert preview.returncode == 0, output(preview)
    refresh = sandbox.pulumi("refresh", "-s", "local", "--yes", "--skip-preview", "--expect-no-changes", folder=folder)
    assert refresh.returncode == 0, output(refresh)


def test_the_organisation_knows_every_metric_that_the_service_emits(sandbox: Sandbox) -> None:
    for metric in EMITTED:
        assert sandbox.datadog("GET", f"/api/v1/metrics/{metric.name}")["unit"] == metric.unit
        tags = sandbox.datadog("GET", f"/api/v2/metrics/{metric.name}/tags")["data"]["attributes"]
        assert sorted(tags["tags"]) == sorted(metric.all_tags)


def test_what_was_edited_or_deleted_is_drift_and_up_restores_it(sandbox: Sandbox) -> None:
    monitor = sandbox.monitor("gemini-throttled")
    sandbox.datadog("PUT", f"/api/v1/monitor/{monitor['id']}", json={"priority": 5})
    dashboard = sandbox.datadog("GET", "/api/v1/dashboard")["dashboards"][0]
    sandbox.datadog("DELETE", f"/api/v1/dashboard/{dashboard['id']}")
    [notebook] = [
        item
        for item in sandbox.datadog("GET", "/api/v1/notebooks")["data"]
        if "Root cause" in item["attributes"]["name"]
    ]
    attributes = {key: notebook["attributes"][key] for key in ("name", "cells", "time", "metadata")}
    attributes["cells"] = attributes["cells"][:-1]
    body = {"data": {"type": "notebooks", "attributes": attributes}}
    sandbox.datadog("PUT", f"/api/v1/notebooks/{notebook['id']}", json=body)
    sandbox.datadog("DELETE", "/api/unstable/llm-obs/config/evaluators/custom/toxicity")

    result = sandbox.firedrill("drift")
    assert result.returncode == 3, output(result)
    (row,) = [line for line in result.stdout.splitlines() if "priority" in line]
    assert str(monitor["priority"]) in row
    assert "5" in row
    for part in ("Dashboard", "Notebook", "Evaluator", "deleted"):
        assert part in result.stdout

    restored = sandbox.firedrill("up", "--refresh")
    assert restored.returncode == 0, output(restored)
    assert sandbox.firedrill("drift").returncode == 0
    assert sandbox.monitor("gemini-throttled")["priority"] == monitor["priority"]
    cells = sandbox.datadog("GET", f"/api/v1/notebooks/{notebook['id']}")["data"]["attributes"]["cells"]
    assert len(cells) == len(notebook["attributes"]["cells"])


def test_nothing_in_the_checkout_is_written(sandbox: Sandbox) -> None:
    assert checkout_digests() == sandbox.before


def test_no_secret_is_in_the_state_or_in_logs(sandbox: Sandbox) -> None:
    token = sandbox.pulumi("config", "get", "llm-api:operatorToken", "-s", "local").stdout.strip()
    assert len(token) > 16
    files = [*(sandbox.settings.home / "state").rglob("*.json"), *sandbox.settings.home.rglob("*.log")]
    assert files
    assert [file for file in files if token in file.read_text(errors="replace")] == []
    for key in (APP_KEY, API_KEY):
        assert [file for file in (sandbox.settings.home / "state").rglob("*.json") if key in file.read_text()] == []


def test_status_shows_what_runs_and_every_monitor(sandbox: Sandbox) -> None:
    shown = sandbox.firedrill("status")
    assert shown.returncode == 0, output(shown)
    for name in ("datadog", "google", "providers"):
        assert name in shown.stdout
    for monitor in sandbox.datadog("GET", "/api/v1/monitor"):
        assert monitor["name"][:30] in shown.stdout


@pytest.mark.slow
def test_plain_pulumi_as_the_readme_says(sandbox: Sandbox) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (block,) = [block for block in blocks if "firedrill env" in block]
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=ROOT,
        env=sandbox.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    # `preview` and the two phases of `up`, each with nothing but unchanged resources.
    assert len(re.findall(r"Resources:\n +\d+ unchanged\n", answer.stdout)) == 3
