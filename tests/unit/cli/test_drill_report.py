"""The report of a drill: the table, the data and the page with plots."""

import io
import json
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from firedrill.cli.drill_data import drills_data
from firedrill.cli.drill_page import write_page
from firedrill.drill import report
from firedrill.drill.run import Drill
from firedrill.prove.monitor_file import from_file
from firedrill.prove.play import play
from firedrill.prove.proof import read_inputs

ROOT = Path(__file__).parents[3]
LOAD = {
    "id": 1,
    "name": "load",
    "type": "query alert",
    "query": "avg(last_5m):avg:system.load.1{*} > 4",
    "message": "high",
}
TRAFFIC = LOAD | {
    "id": 2,
    "name": "traffic",
    "query": "avg(last_5m):avg:system.load.1{*} > 0.5",
    "tags": ["severity:signal"],
}


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    """Return a drill in which the load rises, with a signal that is on in ordinary time, too."""
    (tmp_path / "monitors.json").write_text(json.dumps([LOAD, TRAFFIC]))
    (tmp_path / "ordinary.yaml").write_text(
        "signals: {load: {metric: system.load.1, type: gauge, value: 1, spread: 0, tags: {host: a}}}\n"
    )
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "busy.yaml").write_text(
        "title: A host is overloaded\ngiven: {failing: {load: {value: 9}}}\n"
        "timeline: {healthy: 7h, failing: 30m, remediated: 1h}\n"
        "then: [{alert: load, fires_within: 5m, clears_within: 6m}]\n"
    )
    inputs = read_inputs(from_file(tmp_path / "monitors.json"), tmp_path)
    outcome = play(inputs.definitions, inputs.staged()[0])
    staged = outcome.staged
    return Drill(staged.name, staged.scenario, staged.clock, outcome.timeline, dict(outcome.alerts))


def test_the_table_says_in_relation_to_what_and_explains_signals(drill: Drill) -> None:
    console = Console(file=io.StringIO(), width=200)
    report.show(drill, console)
    assert isinstance(console.file, io.StringIO)
    rows = {line.split("│")[1].strip(): line for line in console.file.getvalue().splitlines() if line.count("│") > 4}
    assert "after the failure" in rows["load"] and "after the remediation" in rows["load"]
    assert "on already before the failure (a signal)" in rows["traffic"]
    assert "never" not in rows["traffic"]


def test_the_data_are_as_the_schema_says(drill: Drill) -> None:
    document = drills_data([drill])
    jsonschema.validate(document, json.loads((ROOT / "docs" / "schemas" / "drill.json").read_text()))
    assert document["as_expected"]
    fired = {alert["alert"]: alert["fired_after_failure"] for alert in document["drills"][0]["alerts"]}
    assert 0 < fired["load"] <= 300
    assert fired["traffic"] < 0


def test_the_page_has_a_plot_of_each_alert_that_fired(drill: Drill, tmp_path: Path) -> None:
    write_page([drill], tmp_path / "drill" / "index.html", Console(file=io.StringIO()))
    page = (tmp_path / "drill" / "index.html").read_text()
    assert '"verdict":"As expected."' in page
    assert page.count('"plot":{') == 2
