"""Monitors of any account are read from what its tools export."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firedrill.cli import app
from firedrill.prove.collect import CollectError, from_file

QUERY = "avg(last_5m):avg:system.load.1{env:prod} by {host} > 4"


def test_api_terraform_and_pulumi_say_the_same(tmp_path: Path) -> None:
    api = [{"id": 1, "name": "load", "type": "query alert", "query": QUERY, "message": "@a",
            "options": {"thresholds": {"critical": 4}}}]  # fmt: skip
    values = {"name": "load", "type": "query alert", "query": QUERY, "message": "@a",
              "monitor_thresholds": [{"critical": "4"}]}  # fmt: skip
    plan = {"planned_values": {"root_module": {"child_modules": [{"resources": [
        {"address": "module.a.datadog_monitor.load", "type": "datadog_monitor", "mode": "managed", "values": values}
    ]}]}}}  # fmt: skip
    inputs = {"name": "load", "type": "query alert", "query": QUERY, "message": "@a",
              "monitorThresholds": {"critical": "4"}}  # fmt: skip
    state = {"deployment": {"resources": [
        {"type": "datadog:index/monitor:Monitor", "urn": "urn:pulumi:s::p::t::load", "id": "1", "inputs": inputs}
    ]}}  # fmt: skip
    for place, content in enumerate((api, plan, state)):
        path = tmp_path / f"{place}.json"
        path.write_text(json.dumps(content))
        (one,) = from_file(path).account.monitors
        assert (one["query"], one["message"]) == (QUERY, "@a")
        assert one["options"]["thresholds"] == {"critical": 4}


def test_a_file_without_monitors_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[]")
    with pytest.raises(CollectError, match=r"x\.json has no monitors"):
        from_file(path)


def test_a_broken_query_of_anybodys_monitor_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "monitors.json"
    query = "avg(last_5m):avg:a{*} > avg(last_1h):avg:a{*} * 1.5"
    path.write_text(json.dumps([{"id": 1, "name": "m", "type": "query alert", "query": query, "message": ""}]))
    ran = CliRunner().invoke(app, ["prove", "--monitors", str(path)])
    assert ran.exit_code == 1
    assert "not-a-query" in ran.output
