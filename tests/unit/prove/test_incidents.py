"""The monitors behind five real incidents, re-created as they were: each has exactly the findings of its incident.

The files are those of docs/others.md, and every command of that page is run here.
"""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firedrill.cli.main import app
from firedrill.prove.findings import findings
from firedrill.prove.monitor_file import from_file
from firedrill.prove.ordinary import load

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "others"
PAGE = (ROOT / "docs" / "others.md").read_text()
FINDINGS = {
    "GSA 42": {"counts-traffic"},
    "GSA 49": {"group-storm"},
    "GSA 51": {"reads-nothing"},
    "GSA 57": {"fires-in-ordinary-time"},
    "hawk 1381": {"reads-nothing", "fires-in-ordinary-time"},
}
"""The kinds of findings by incident."""
COMMAND_BLOCKS = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^firedrill (.*?) +# exit code (\d)$", COMMAND_BLOCKS, re.MULTILINE)


def incident_of(alert: str) -> str:
    """Return the name of an alert's incident, which ends at the first colon or comma."""
    return re.split("[:,]", alert)[0]


def kinds_by_incident(file: str) -> dict[str, set[str]]:
    """Return the kinds of findings of a file's monitors by incident."""
    definitions = from_file(FOLDER / file)
    kinds: dict[str, set[str]] = {incident_of(monitor["name"]): set() for monitor in definitions.account.monitors}
    for finding in findings(definitions, load(FOLDER / "ordinary.yaml")):
        kinds[incident_of(finding.alert)].add(finding.kind)
    return kinds


def test_each_incidents_monitor_has_its_findings_and_no_others() -> None:
    assert kinds_by_incident("monitors.json") == FINDINGS


def test_their_replacements_have_none() -> None:
    assert kinds_by_incident("mended.json") == {incident: set() for incident in FINDINGS}


def test_the_page_has_the_same_findings() -> None:
    rows = re.findall(r"^\| ((?:GSA|hawk) \d+) \| (.*?) \|", PAGE, re.MULTILINE)
    assert {incident: set(re.findall(r"`([a-z-]+)`", kinds)) for incident, kinds in rows} == FINDINGS


@pytest.mark.parametrize(("command", "code"), COMMANDS)
def test_every_command_of_the_page_has_its_exit_code(command: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == int(code), result.output


def test_the_pages_scenarios_are_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(COMMANDS) == 4
    monkeypatch.chdir(ROOT)
    output = CliRunner().invoke(app, shlex.split(COMMANDS[-1][0])).output
    uncovered = re.findall(r"Not proven  (.*?): no scenario makes it fire", output)
    assert len(uncovered) == 4
    assert not any("GSA 51" in alert for alert in uncovered)
    assert not re.search("scenario (throttled|busy): GSA (42|51)", output)


def test_the_files_are_like_api_responses() -> None:
    for file in ("monitors.json", "mended.json"):
        for monitor in json.loads((FOLDER / file).read_text()):
            critical = re.search(r"[<>]=? ([\d.]+)$", monitor["query"])
            assert critical is not None
            assert float(critical[1]) == monitor["options"]["thresholds"]["critical"]
