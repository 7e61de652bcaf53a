"""The commands of README.md, docs/proof.md and docs/sandbox.md that need no sandbox, run as they are written."""

import json
from pathlib import Path

import pytest

from tests.documented import ALONE, runnable
from tests.integration.commands import attempt, copy_checkout, run

MONITOR = {
    "id": 1, "name": "load", "type": "query alert", "message": "high @slack-ops",
    "query": "avg(last_5m):avg:system.load.1{*} > 4", "options": {"thresholds": {"critical": 4}},
}  # fmt: skip
ORDINARY = "signals: {load: {metric: system.load.1, type: gauge, value: 1, spread: 0, tags: {host: a}}}\n"
SCENARIO = """title: A host is overloaded
given: {failing: {load: {value: 9}}}
timeline: {healthy: 1h, failing: 30m, remediated: 1h}
then: [{alert: load, fires_within: 10m, clears_within: 10m}]
"""
EXPECTED = {
    "firedrill prove --monitors FILE": (0, "1 monitors, 0 findings"),
    "firedrill prove --monitors FILE --ordinary FILE": (0, "load"),
    "firedrill prove --monitors FILE --scenarios DIR/scenarios": (1, "no scenario says that it stays quiet"),
    "firedrill coverage FOLDER": (0, "operations are served"),
    "python -m firedrill.sandbox.wire FILE": (1, "equal: 72 of 73 requests"),
    "grep -l gemini-throttled drills/scenarios/*": (0, "drills/scenarios/throttle_storm.yaml"),
    "make policies": (0, "iam-no-project-wide-secrets"),
    "make prove": (0, "Proven."),
    "firedrill prove --no-cache": (0, "Proven."),
    "firedrill prove --report FOLDER": (0, "Proven."),
    "firedrill backtest --base REV": (0, "No alert behaves differently."),
}
"""The exit code of each command, and a part of its output."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a repository with the checkout's files and the reader's own beside them."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    copied = copy_checkout(folder)
    mine = copied / "mine"
    (mine / "scenarios").mkdir(parents=True)
    (mine / "monitors.json").write_text(json.dumps([MONITOR]))
    (mine / "ordinary.yaml").write_text(ORDINARY)
    (mine / "scenarios" / "busy.yaml").write_text(SCENARIO)
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "The stack"]):
        run(copied, ["git", *author, *arguments])
    return copied


def with_names(command: str) -> str:
    """Return a command with the reader's names in place of the page's."""
    file = "tests/unit/datadog/wire.jsonl" if "wire" in command else "mine/monitors.json"
    command = command.replace("--ordinary FILE", "--ordinary mine/ordinary.yaml").replace("DIR", "mine")
    return command.replace("FILE", file).replace("FOLDER", "mine/out").replace("REV", "HEAD")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "command",
    [pytest.param(command, marks=pytest.mark.slow if pace else ()) for command, pace in ALONE.items()],
)
def test_a_command_does_what_the_page_says(copy: Path, command: str) -> None:
    code, text = EXPECTED[command]
    line = f'export PATH="$PWD/.venv/bin:$PATH"; {with_names(runnable(command))}'
    done = attempt(copy, ["bash", "-c", line])
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    assert text in done.stdout + done.stderr
