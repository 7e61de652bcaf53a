"""``docs/coverage.md`` lists the operations that the code serves, and how each was checked."""

import json
from pathlib import Path

from firedrill.sandbox import coverage
from firedrill.sandbox.datadog.handlers import load_handlers
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "coverage.md"


def test_the_page_in_docs_is_what_the_command_writes(tmp_path: Path) -> None:
    copy = tmp_path / "coverage.md"
    copy.write_text(PAGE.read_text())
    coverage.write(copy, tmp_path / "no recordings")
    assert copy.read_text() == PAGE.read_text(), "run `firedrill coverage`"


def test_the_page_lists_every_served_operation_once() -> None:
    named = [row["name"] for row in coverage.ROW.finditer(PAGE.read_text())]
    assert sorted(named) == sorted(load_handlers())


def test_recorded_answers_and_requests_are_counted(tmp_path: Path) -> None:
    (tmp_path / "cassettes").mkdir()
    get = {"method": "GET", "path": "/api/v1/monitor/17"}
    (tmp_path / "cassettes" / "monitors.jsonl").write_text(json.dumps({"interactions": [get, get]}))
    post = {"method": "POST", "path": "/api/v1/monitor", "body": {}}
    (tmp_path / "provider-wire.jsonl").write_text(json.dumps({"requests": [post]}))
    assert coverage.count_checks(tmp_path) == {"v1.get_monitor": "2 recordings", "v1.create_monitor": "1 wire"}


def test_a_rule_behind_one_recording_is_on_the_page() -> None:
    rows = list(coverage.single_rules())
    assert len(rows) >= 5
    assert any("`TestAccIntegrationGcpStsBasic`" in row and "`handlers/gcp_integration.py`" in row for row in rows)
    assert all(row in PAGE.read_text() for row in rows)


def test_a_recorded_test_of_an_operation_that_is_not_served_is_left_out_by_name(tmp_path: Path) -> None:
    (tmp_path / "recordings-provider").mkdir()
    get = {"method": "GET", "path": "/api/v1/monitor/17"}
    tests = [
        {"name": "served", "interactions": [get]},
        {"name": "dropped", "interactions": [get, {"method": "POST", "path": "/api/v2/powerpacks"}]},
    ]
    (tmp_path / "recordings-provider" / "other.jsonl").write_text("\n".join(map(json.dumps, tests)))
    assert list(coverage.left_out(tmp_path)) == ["- recordings-provider/other: `dropped`"]
    page = tmp_path / "coverage.md"
    coverage.write(page, tmp_path)
    assert coverage.left_out_on_page(page) == "- recordings-provider/other: `dropped`\n"
