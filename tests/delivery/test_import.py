"""Objects that the API made become declarations that change nothing, on the real engine."""

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
    """Eighteen monitors: of metrics, logs, traces, services and of each other's kind, with what people set by hand."""
    found = []
    for number in range(9):
        options: dict[str, Any] = {"thresholds": {"critical": 5 + number, "warning": 2.5}, "include_tags": False}
        if number % 2:
            options |= {"renotify_interval": 60, "notify_no_data": True, "no_data_timeframe": 20, "timeout_h": 1}
        found.append({
            "name": f"Queue {number} is long", "type": "query alert", "priority": 1 + number % 5,
            "query": f"avg(last_5m):avg:queue.length{{queue:q{number}}} by {{host}} > {5 + number}",
            "message": "Too long.\n\n{{#is_alert}}Look at \"it\"{{/is_alert}} @ada.okafor@example.com",
            "tags": [TAG, f"queue:q{number}"], "options": options,
        })  # fmt: skip
    for number in range(5):
        found.append({
            "name": f"Errors of shop {number}", "type": "log alert", "message": "Errors.", "tags": [TAG],
            "query": f'logs("status:error shop:{number}").index("*").rollup("count").last("5m") > {number + 1}',
            "options": {"thresholds": {"critical": number + 1}, "enable_logs_sample": True},
        })  # fmt: skip
    for number in range(4):
        found.append({
            "name": f"Host {number} is gone", "type": "service check", "message": "Gone.", "tags": [TAG],
            "query": f'"datadog.agent.up".over("host:h{number}").by("host").last(3).count_by_status()',
            "options": {"thresholds": {"critical": 2, "warning": 1, "ok": 1}},
        })  # fmt: skip
    return found


def slos() -> list[dict[str, Any]]:
    """Six SLOs."""
    counted = {"numerator": "sum:shop.good{*}.as_count()", "denominator": "sum:shop.all{*}.as_count()"}
    return [
        {
            "name": f"Shop {number} sells", "type": "metric", "description": "Of all orders", "tags": [TAG],
            "query": counted, "thresholds": [{"timeframe": "30d", "target": 99.0 + number / 10, "warning": 99.8}],
        }
        for number in range(6)
    ]  # fmt: skip


def dashboards() -> list[dict[str, Any]]:
    """Six dashboards."""
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
    """Plain Pulumi in a project of the test's own."""
    variables = account.environment | environment.variables(account.settings) | {"FIREDRILL_CHECKOUT": str(ROOT)}
    command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
    return subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=300
    )


def test_thirty_objects_become_declarations_that_change_nothing(account: Sandbox, tmp_path: Path) -> None:
    made = [("/api/v1/monitor", account.datadog("POST", "/api/v1/monitor", json=one)["id"]) for one in monitors()]
    made += [("/api/v1/slo", account.datadog("POST", "/api/v1/slo", json=one)["data"][0]["id"]) for one in slos()]
    made += [
        ("/api/v1/dashboard", account.datadog("POST", "/api/v1/dashboard", json=one)["id"]) for one in dashboards()
    ]
    assert len(made) == 30
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
            taken = pulumi(account, tmp_path, "up", "-s", "adopted", "--yes", "--skip-preview")
            assert taken.returncode == 0, output(taken)
            after = pulumi(account, tmp_path, "preview", "-s", "adopted", "--refresh", "--expect-no-changes")
            assert after.returncode == 0, output(after)
        finally:
            pulumi(account, tmp_path, "stack", "rm", "adopted", "--yes", "--force")
    finally:
        for path, identifier in reversed(made):
            account.datadog("DELETE", f"{path}/{identifier}")


def test_nothing_with_the_tag_is_one_line(account: Sandbox) -> None:
    told = account.firedrill("import", "--tag", "team:nobody")
    assert told.returncode == 1
    assert "no monitor, SLO or dashboard that is not managed already has the tag team:nobody" in told.stderr
