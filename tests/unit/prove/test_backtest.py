"""A backtest draws each changed alert: its series with the thresholds of both versions, as a chart of Mermaid."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from firedrill.prove.backtest import compare, markdown
from firedrill.prove.monitor_file import from_file
from firedrill.prove.proof import ProofInputs, read_inputs

MONITOR = {
    "id": 1,
    "name": "load",
    "type": "query alert",
    "message": "high",
    "options": {"thresholds": {"critical": 4}},
}
OTHER = {**MONITOR, "id": 2, "name": "other", "query": "avg(last_5m):avg:system.load.1{*} > 4"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with ordinary telemetry and a scenario in which the load rises from 1 to 9."""
    (tmp_path / "ordinary.yaml").write_text(
        "signals: {load: {metric: system.load.1, type: gauge, value: 1, spread: 0, tags: {host: a}}}\n"
    )
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "busy.yaml").write_text(
        "title: A host is overloaded\ngiven: {failing: {load: {value: 1..9}}}\n"
        "timeline: {healthy: 1h, failing: 30m, remediated: 1h}\nthen: [{alert: load, fires_within: 30m}]\n"
    )
    return tmp_path


def version(folder: Path, *monitors: dict[str, Any]) -> ProofInputs:
    """Return the inputs of a proof of these monitors."""
    file = folder / "monitors.json"
    file.write_text(json.dumps(monitors))
    return read_inputs(from_file(file), folder)


def with_threshold(critical: float) -> dict[str, Any]:
    """Return the monitor with another threshold."""
    options = {"thresholds": {"critical": critical, "warning": critical / 2}}
    return {**MONITOR, "query": f"avg(last_5m):avg:system.load.1{{*}} > {critical:g}", "options": options}


def test_a_changed_threshold_is_drawn_with_the_series_and_both_versions(folder: Path) -> None:
    before = version(folder, with_threshold(4), OTHER).definitions
    text = markdown(compare(before, version(folder, with_threshold(6), OTHER), 0))
    assert "| load | busy | fires 8 min later" in text
    [chart] = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert chart.splitlines()[1] == "xychart-beta"
    lines = [json.loads(line) for line in re.findall(r"^  line (\[.*\])$", chart, re.MULTILINE)]
    assert sorted({line[0] for line in lines[1:]}) == [3, 4, 6]  # warning, critical before, critical
    assert lines[0][0] == 1 and max(lines[0]) > 8
    assert len({len(line) for line in lines}) == 1
    assert "red = critical 6" in text and "pink = critical before 4" in text
    assert re.search(r"fires \d+ min after the failure began; before: fires \d+ min after the failure began\.", text)


def test_a_new_alert_is_drawn_and_an_equal_one_is_not(folder: Path) -> None:
    text = markdown(compare(version(folder, OTHER).definitions, version(folder, with_threshold(6), OTHER), 0))
    assert "| load | | new alert |" in text
    assert re.findall(r'title "(.*)"', text) == ["load in busy"]
    assert "before" not in text.partition("```mermaid")[2]


def test_without_a_change_nothing_is_drawn(folder: Path) -> None:
    before = version(folder, OTHER)
    assert "mermaid" not in markdown(compare(before.definitions, before, 0))
