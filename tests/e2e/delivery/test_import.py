"""Existing objects become declarations that change nothing, on the real engine."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firedrill.engine import environment
from tests.conftest import ROOT
from tests.e2e.conftest import Sandbox, output

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

TAG = "team:checkout"


def monitors() -> list[dict[str, Any]]:
    """Return eighteen monitors on metrics, logs and service checks, with options that people set by hand."""
    definitions = []
    for number in range(9):
        options: dict[str, Any] = {"thresholds": {"critical": 5 + number, "warning": 2.5}, "include_tags": False}
        if number % 2:
            options |= {"renotify_interval": 60, "notify_no_data": True, "no_data_timeframe": 20, "timeout_h": 1}
        definitions.append({
            "name": f"Queue {number} is long", "type": "query alert", "priority": 1 + number % 5,
            "query": f"avg(last_5m):avg:queue.length{{queue:q{number}}} by {{host}} > {5 + number}",
            "message": "Too long.\n\n{{#is_alert}}Look at \"it\"{{/is_alert}} @ada.okafor@example.com",
            "tags": [TAG, f"queue:q{number}"], "options": options,
        })  # fmt: skip
    for number in range(5):
        definitions.append({
            "name": f"Errors of shop {number}", "type": "log alert", "message": "Errors.", "tags": [TAG],
            "query": f'logs("status:error shop:{number}").index("*").rollup("count").last("5m") > {number + 1}',
            "options": {"thresholds": {"critical": number + 1}, "enable_logs_sample": True},
        })  # fmt: skip
    for number in range(4):
        definitions.append({
            "name": f"Host {number} is gone", "type": "service check", "message": "Gone.", "tags": [TAG],
            "query": f'"datadog.agent.up".over("host:h{number}").by("host").last(3).count_by_status()',
            "options": {"thresholds": {"critical": 2, "warning": 1, "ok": 1}},
        })  # fmt: skip
    return definitions


def slos() -> list[dict[str, Any]]:
    """Return six SLOs."""
    query = {"numerator": "sum:shop.good{*}.as_count()", "denominator": "sum:shop.all{*}.as_count()"}
    return [
        {
            "name": f"Shop {number} sells", "type": "metric", "description": "Of all orders", "tags": [TAG],
            "query": query, "thresholds": [{"timeframe": "30d", "target": 99.0 + number / 10, "warning": 99.8}],
        }
        for number in range(6)
    ]  # fmt: skip


def dashboards() -> list[dict[str, Any]]:
    """Return six dashboards."""
    note = {"definition": {"type": "note", "content": 'Shop\'s "own"', "background_color": "yellow"}}
    series = {
        "definition": {
            "type": "timeseries", "title": "Orders", "requests": [{
                "response_format": "timeseries", "display_type": "line",
                "queries": [{"name": "a", "data_source": "metrics", "query": "sum:shop.all{*}.as_count()"}],
                "formulas": [{"formula": "a"}],
            }],
        }
    }  # fmt: skip
    return [
        {
            "title": f"Shop {number}", "description": None, "layout_type": "ordered", "tags": [TAG],
            "widgets": [note, series], "template_variables": [{"name": "env", "prefix": "env", "default": "prod"}],
        }
        for number in range(6)
    ]  # fmt: skip


def pulumi(account: Sandbox, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run plain Pulumi in the test's own project."""
    variables = account.environment | environment.variables(account.settings) | {"FIREDRILL_CHECKOUT": str(ROOT)}
    command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
    return subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=300
    )


def test_thirty_objects_become_declarations_that_change_nothing(account: Sandbox, tmp_path: Path) -> None:
    created = [
        ("/api/v1/monitor", account.datadog("POST", "/api/v1/monitor", json=monitor)["id"]) for monitor in monitors()
    ]
    created += [("/api/v1/slo", account.datadog("POST", "/api/v1/slo", json=slo)["data"][0]["id"]) for slo in slos()]
    created += [
        ("/api/v1/dashboard", account.datadog("POST", "/api/v1/dashboard", json=dashboard)["id"])
        for dashboard in dashboards()
    ]
    assert len(created) == 30
    try:
        (tmp_path / "Pulumi.yaml").write_text("name: adopted\nruntime: python\n")
        (tmp_path / "__main__.py").write_text(
            "import os, sys\nsys.path.append(os.environ['FIREDRILL_CHECKOUT'])\n"
            "from firedrill import lean_sdk\nlean_sdk.install()\nimport adopted\n"
        )
        written = account.firedrill("import", "--tag", TAG, "--out", str(tmp_path / "adopted.py"))
        assert written.returncode == 0, output(written)
        assert "30 objects" in written.stderr
        assert pulumi(account, tmp_path, "stack", "init", "adopted").returncode == 0
        try:
            preview = pulumi(account, tmp_path, "preview", "-s", "adopted", "--json")
            assert preview.returncode == 0, output(preview)
            assert json.loads(preview.stdout)["changeSummary"] == {"create": 1, "import": 30}  # the stack itself
            applied = pulumi(account, tmp_path, "up", "-s", "adopted", "--yes", "--skip-preview")
            assert applied.returncode == 0, output(applied)
            after = pulumi(account, tmp_path, "preview", "-s", "adopted", "--refresh", "--expect-no-changes")
            assert after.returncode == 0, output(after)
        finally:
            pulumi(account, tmp_path, "stack", "rm", "adopted", "--yes", "--force")
    finally:
        for path, identifier in reversed(created):
            account.datadog("DELETE", f"{path}/{identifier}")


def test_nothing_with_the_tag_is_one_line(account: Sandbox) -> None:
    result = account.firedrill("import", "--tag", "team:nobody")
    assert result.returncode == 1
    assert "no unmanaged monitor, SLO or dashboard has the tag team:nobody" in result.stderr
