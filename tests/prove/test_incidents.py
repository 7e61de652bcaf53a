"""Monitors behind five real incidents, re-created as they were, are each found wanting by the name of the fault.

The files are those of docs/others.md, whose every command is run here.
"""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firedrill.cli import app
from firedrill.prove.collect import from_file
from firedrill.prove.findings import findings
from firedrill.prove.signals import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "others"
PAGE = (ROOT / "docs" / "others.md").read_text()
FAULTS = {
    "GSA 42": {"counts-traffic"},
    "GSA 49": {"group-storm"},
    "GSA 51": {"reads-nothing"},
    "GSA 57": {"fires-in-ordinary-time"},
    "hawk 1381": {"reads-nothing", "fires-in-ordinary-time"},
}
SHOWN = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^firedrill (.*?) +# exit code (\d)$", SHOWN, re.MULTILINE)


def incident(alert: str) -> str:
    """The name before the first colon or comma."""
    return re.split("[:,]", alert)[0]


def found(file: str) -> dict[str, set[str]]:
    """The faults of each monitor of a file, by the incident's name."""
    definitions = from_file(FOLDER / file)
    faults: dict[str, set[str]] = {
        one["name"].split(":")[0].split(",")[0]: set() for one in definitions.account.monitors
    }
    for one in findings(definitions, load(FOLDER / "ordinary.yaml")):
        faults[incident(one.alert)].add(one.fault)
    return faults


def test_each_incidents_monitor_is_found_wanting_and_for_nothing_else() -> None:
    assert found("monitors.json") == FAULTS


def test_what_replaced_them_is_not() -> None:
    assert found("mended.json") == {name: set() for name in FAULTS}


def test_the_page_says_the_same() -> None:
    rows = re.findall(r"^\| ((?:GSA|hawk) \d+) \| (.*?) \|", PAGE, re.MULTILINE)
    assert {name: set(re.findall(r"`([a-z-]+)`", faults)) for name, faults in rows} == FAULTS


@pytest.mark.parametrize(("command", "code"), COMMANDS)
def test_every_command_of_the_page_does_what_it_says(command: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = CliRunner().invoke(app, shlex.split(command))
    assert ran.exit_code == int(code), ran.output


def test_the_page_has_commands_and_its_scenarios_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(COMMANDS) == 4
    monkeypatch.chdir(ROOT)
    output = CliRunner().invoke(app, shlex.split(COMMANDS[-1][0])).output
    named = re.findall(r"Not proven  (.*?): no scenario makes it fire", output)
    assert len(named) == 4
    assert not any("GSA 51" in one for one in named)
    assert not re.search("scenario (throttled|busy): GSA (42|51)", output)


def test_the_files_are_as_an_api_answers() -> None:
    for file in ("monitors.json", "mended.json"):
        for one in json.loads((FOLDER / file).read_text()):
            critical = re.search(r"[<>]=? ([\d.]+)$", one["query"])
            assert critical is not None
            assert float(critical[1]) == one["options"]["thresholds"]["critical"]
