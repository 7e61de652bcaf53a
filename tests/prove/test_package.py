"""The package by itself, without the stack and without Pulumi, judges anybody's monitors."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
INPUTS = {"name": "load", "type": "query alert", "query": "avg(last_5m):avg:system.load.1{*} by {host} > 4",
          "message": "{{#is_alert}}high{{/is_alert}} @slack-ops"}  # fmt: skip
EXPORTS = {
    "api": [INPUTS | {"id": 1}],
    "terraform": {"planned_values": {"root_module": {"resources": [
        {"address": "datadog_monitor.load", "type": "datadog_monitor", "mode": "managed",
         "values": INPUTS | {"monitor_thresholds": [{"critical": "4"}]}}
    ]}}},
    "pulumi": {"deployment": {"resources": [
        {"type": "datadog:index/monitor:Monitor", "urn": "urn:pulumi:s::p::t::load", "id": "1", "inputs": INPUTS}
    ]}},
}  # fmt: skip


def closure(names: list[str]) -> set[str]:
    """The distributions that these need, of those that are installed."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = re.split(r"[ ;\[<>=!~(]", pending.pop(), maxsplit=1)[0].lower().replace("_", "-")
        if name in found:
            continue
        try:
            needed = distribution(name).requires or []
        except PackageNotFoundError:  # for other platforms
            continue
        found.add(name)
        pending += [one for one in needed if "extra ==" not in one]
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip would install: the package's own files as pyproject.toml names them, and its dependencies alone."""
    folder = tmp_path_factory.mktemp("site")
    patterns = ["*.py", *PROJECT["tool"]["setuptools"]["package-data"]["*"]]
    for pattern in patterns:
        for file in (ROOT / "firedrill").rglob(pattern):
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    for name in closure(PROJECT["project"]["dependencies"]):
        for part in distribution(name).files or ():
            top = Path(str(distribution(name).locate_file(part.parts[0])))
            if part.parts[0] != ".." and not (folder / part.parts[0]).exists() and top.exists():
                (folder / part.parts[0]).symlink_to(top)
    return folder


def firedrill(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing else importable."""
    command = [sys.executable, "-S", "-m", "firedrill.cli", *arguments]
    environment = {"PYTHONPATH": str(installed), "HOME": str(cwd), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_pulumi_is_not_there(installed: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-S", "-c", "import pulumi"], cwd=tmp_path, env={"PYTHONPATH": str(installed)}, check=False,
        capture_output=True,
    )  # fmt: skip
    assert b"No module named 'pulumi'" in ran.stderr


@pytest.mark.parametrize("kind", EXPORTS)
def test_every_export_is_judged(kind: str, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "monitors.json").write_text(json.dumps(EXPORTS[kind]))
    ran = firedrill(installed, tmp_path, "prove", "--monitors", "monitors.json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 monitors" in ran.stdout


def test_scenarios_are_played(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "monitors.json").write_text(json.dumps(EXPORTS["api"]))
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "ordinary.yaml").write_text(
        "signals: {load: {metric: system.load.1, type: gauge, value: 1, spread: 0, tags: {host: a}}}\n"
    )
    (tmp_path / "scenarios" / "busy.yaml").write_text(
        "title: A host is overloaded\ngiven: {failing: {load: {value: 9}}}\n"
        "timeline: {healthy: 1h, failing: 30m, remediated: 1h}\n"
        "then: [{alert: load, fires_within: 5m, clears_within: 6m}]\n"
    )
    (tmp_path / "scenarios" / "calm.yaml").write_text(
        "title: Nothing happens\ngiven: {failing: {load: {value: 2}}}\n"
        "timeline: {healthy: 1h, failing: 30m, remediated: 1h}\nthen: [{alert: load, stays: quiet}]\n"
    )
    ran = firedrill(installed, tmp_path, "prove", "--monitors", "monitors.json", "--scenarios", "scenarios",
                    "--no-faults", "--seeds", "1")  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 of 1 alerts fire" in ran.stdout.replace("\n", " ")
