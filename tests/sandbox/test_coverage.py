"""The page of what is served is that of the code, and says how each operation was checked."""

import json
from pathlib import Path

from firedrill.sandbox import coverage
from firedrill.sandbox.datadog.serving import load_families
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "coverage.md"


def test_the_page_in_docs_is_what_the_command_writes(tmp_path: Path) -> None:
    copy = tmp_path / "coverage.md"
    copy.write_text(PAGE.read_text())
    coverage.write(copy, tmp_path / "no recordings")
    assert copy.read_text() == PAGE.read_text(), "run `firedrill coverage`"


def test_every_served_operation_stands_in_it_once() -> None:
    named = [row["name"] for row in coverage.ROW.finditer(PAGE.read_text())]
    assert sorted(named) == sorted(load_families())


def test_recorded_answers_and_requests_are_counted(tmp_path: Path) -> None:
    (tmp_path / "cassettes").mkdir()
    get = {"method": "GET", "path": "/api/v1/monitor/17"}
    (tmp_path / "cassettes" / "monitors.jsonl").write_text(json.dumps({"interactions": [get, get]}))
    post = {"method": "POST", "path": "/api/v1/monitor", "body": {}}
    (tmp_path / "provider-wire.jsonl").write_text(json.dumps({"requests": [post]}))
    counted = coverage.counted(tmp_path)
    assert counted == {"v1.get_monitor": "2 recordings", "v1.create_monitor": "1 wire"}
