"""Every ``--json`` has a schema in docs/schemas, and what is printed is as the schema says."""

import dataclasses
import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from firedrill.cli import delivery_json, main, prove_json
from firedrill.delivery.audit import AuditEdit
from firedrill.delivery.created_at_runtime import RuntimeObject
from firedrill.delivery.deploy import Deployed
from firedrill.delivery.doctor import CheckedItem
from firedrill.delivery.drift import Drift
from firedrill.delivery.history import Update
from firedrill.delivery.preview import OnCallTeam, PreviewReport
from firedrill.delivery.resource_changes import PropertyChange, ResourceChange
from firedrill.delivery.rollback import Check, Direction
from firedrill.engine.result import Violation
from firedrill.prove.account.calibrate import Agreement, Divergence
from firedrill.prove.backtest import AlertChange, Comparison
from firedrill.rehearse.cases import Case
from firedrill.rehearse.commands import Step
from firedrill.rehearse.play import Rehearsal
from firedrill.rehearse.report import rehearsals_data
from firedrill.settings import Provider

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "docs" / "schemas"
URN = "urn:pulumi:dev::llm-api::datadog:index/monitor:Monitor::slow"
CHANGE = ResourceChange(URN, "datadog:index/monitor:Monitor", "7", "update", (PropertyChange("priority", 2, None),))


def validate(document: Any, name: str) -> None:
    """Check a document against a schema."""
    jsonschema.validate(document, json.loads((SCHEMAS / f"{name}.json").read_text()), jsonschema.Draft202012Validator)


def printed(*arguments: str, code: int = 0, **variables: str) -> Any:
    """Run a command and return the document that it prints."""
    command = [sys.executable, "-m", "firedrill.cli", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), **variables}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)


def commands_with_json() -> set[str]:
    """Return the commands that have ``--json``."""
    groups = [group.typer_instance for group in main.app.registered_groups]
    commands = [command for group in groups if group for command in group.registered_commands]
    return {
        command.name or command.callback.__name__
        for command in commands
        if command.callback is not None and "as_json" in command.callback.__annotations__ and not command.hidden
    }


def test_every_report_has_json_and_a_schema() -> None:
    reports = commands_with_json()
    assert {"prove", "preview", "rehearse"} <= reports
    assert {file.stem for file in SCHEMAS.glob("*.json")} == reports | {"prove-monitors"}


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_a_schema_is_valid_and_refuses_another_document(file: Path) -> None:
    schema = json.loads(file.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"unknown": 1}, schema, jsonschema.Draft202012Validator)


@pytest.fixture
def monitors(tmp_path: Path) -> Path:
    """Return a file of one monitor, with ordinary telemetry and a scenario beside it."""
    file = tmp_path / "monitors.json"
    file.write_text(
        '[{"id": 1, "name": "load", "type": "query alert", "message": "high @slack-ops", '
        '"query": "avg(last_5m):avg:system.load.1{*} > 4"}]'
    )
    (tmp_path / "ordinary.yaml").write_text(
        "signals: {load: {metric: system.load.1, type: gauge, value: 1, spread: 0, tags: {host: a}}}\n"
    )
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "busy.yaml").write_text(
        "title: A host is overloaded\ngiven: {failing: {load: {value: 9}}}\n"
        "timeline: {healthy: 1h, failing: 30m, remediated: 1h}\n"
        "then: [{alert: load, fires_within: 1m, clears_within: 6m}]\n"
    )
    return file


def test_a_proof_that_fails(monitors: Path) -> None:
    scenarios = str(monitors.parent / "scenarios")
    document = printed("prove", "--monitors", str(monitors), "--scenarios", scenarios, "--seeds", "1", "--json", code=1)
    validate(document, "prove")
    assert not document["proven"]
    [alert] = document["alerts"]
    assert alert["fires_in"] == ["busy"]
    assert alert["faults"]["caught"] > 0
    assert any("not within 1 min" in problem for problem in alert["problems"])
    assert "load: no scenario says that it stays quiet" in document["problems"]


def test_monitors_without_scenarios(monitors: Path) -> None:
    ordinary = str(monitors.parent / "ordinary.yaml")
    document = printed("prove", "--monitors", str(monitors), "--ordinary", ordinary, "--seeds", "1", "--json")
    validate(document, "prove-monitors")
    assert document["monitors"] == [{"alert": "load", "false_alerts_a_week": 0.0}]


def test_policies() -> None:
    document = printed("policies", "--json")
    validate(document, "policies")
    assert len(document) >= 50


def test_an_estimate() -> None:
    document = printed("estimate", "--json")
    validate(document, "estimate")
    assert document["total_dollars_a_month"] > 0


def test_the_status_of_a_sandbox_that_does_not_run(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    document = printed("status", "--json", code=1, FIREDRILL_HOME=str(tmp_path), FIREDRILL_PORT=port)
    validate(document, "status")
    assert {row["state"] for row in document["processes"]} == {"not running"}


def test_a_preview() -> None:
    violation = Violation("alert-has-runbook", "advisory", URN, "no runbook")
    team = OnCallTeam("llm-platform", [["ada@example.com"]])
    report = PreviewReport("dev", [CHANGE], {"same": 40}, [violation], "", "No alert.", [team])
    document = delivery_json.preview_data(report)
    validate(document, "preview")
    assert document["failure"] is None
    assert document["changes"][0]["properties"] == [{"path": "priority", "before": 2, "after": None}]


def test_drift() -> None:
    edit = AuditEdit("ada@example.com", "2026-12-01T10:00:00Z", "modified", "")
    runtime = RuntimeObject("pages", "page", "outage", "source:monitor")
    document = delivery_json.drift_data(
        Drift([CHANGE], [(CHANGE, "Datadog adds it")], {"7": edit}, [runtime], 9), "dev"
    )
    validate(document, "drift")
    assert document["changes"][0]["edited"]["user"] == "ada@example.com"


def test_a_roll_back() -> None:
    deleted = dataclasses.replace(
        CHANGE, type="datadog:index/serviceLevelObjective:ServiceLevelObjective", operation="delete"
    )
    checked = Check([Direction("Roll-back", [CHANGE, deleted]), Direction("Return", problem="no SDK")], ["a secret"])
    update = Update(7, "abc", False, datetime(2026, 12, 1, tzinfo=UTC), True, "an update", {})
    document = delivery_json.rollback_data(checked, update, "dev")
    validate(document, "rollback")
    assert not document["possible"]
    assert [change["kind"] for change in document["lost"]] == [deleted.kind]


def test_a_deployment() -> None:
    validate({"stack": "dev", **dataclasses.asdict(Deployed("api-00002", "api@sha256:1", "api-00001", 31.5))}, "deploy")


def test_a_backtest() -> None:
    change = AlertChange("load", "busy", "fires 8 min later")
    document = prove_json.backtest_data(Comparison(2, 1, 0, [change], []), "main")
    validate(document, "backtest")
    assert document["changes"][0]["where"] == "busy"


def test_a_calibration() -> None:
    first = Divergence(1_796_000_000.0, "host:a", "OK", "ALERT", 7.0)
    document = prove_json.calibrate_data([Agreement("load", 9, 10, 1, first), Agreement("new", 0, 0, 0)])
    validate(document, "calibrate")
    assert not document["agree"]
    assert document["monitors"][0]["share"] == 0.9


def test_json_of_a_roll_back_is_only_that_of_its_check() -> None:
    command = [sys.executable, "-m", "firedrill.cli", "rollback", "--to", "1", "--json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert result.stderr.strip() == "--json is for --check, which changes nothing: add --check"


def test_a_rehearsal() -> None:
    step = Step("firedrill deploy -s dev", "", "refused", 41.26, "403")
    played = [Rehearsal(Case("rum"), (step,), "", 120.0), Rehearsal(Case(), (), "no network", 1.0)]
    document = rehearsals_data(played, Provider.OURS, "dev")
    validate(document, "rehearse")
    assert [case["green"] for case in document["cases"]] == [True, False]
    assert not document["green"]
    assert document["cases"][0]["steps"][0]["seconds"] == 41.3


def test_a_doctor() -> None:
    document = delivery_json.doctor_data(
        [CheckedItem("key", "ok", "valid"), CheckedItem("SLOs", "unknown", "no answer")], "dev"
    )
    validate(document, "doctor")
    assert not document["ready"]
