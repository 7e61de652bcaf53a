"""The package with its base dependencies alone, without stack and sandbox, proves the monitors of any account."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGE_DATA = PROJECT["tool"]["setuptools"]["package-data"]
INPUTS = {
    "name": "load",
    "type": "query alert",
    "query": "avg(last_5m):avg:system.load.1{*} by {host} > 4",
    "message": "{{#is_alert}}high{{/is_alert}} @slack-ops",
}
TERRAFORM_RESOURCE = {
    "address": "datadog_monitor.load",
    "type": "datadog_monitor",
    "mode": "managed",
    "values": INPUTS | {"monitor_thresholds": [{"critical": "4"}]},
}
PULUMI_RESOURCE = {
    "type": "datadog:index/monitor:Monitor",
    "urn": "urn:pulumi:s::p::t::load",
    "id": "1",
    "inputs": INPUTS,
}
EXPORTS = {
    "api": [INPUTS | {"id": 1}],
    "terraform": {"planned_values": {"root_module": {"resources": [TERRAFORM_RESOURCE]}}},
    "pulumi": {"deployment": {"resources": [PULUMI_RESOURCE]}},
}
EXTRA_ONLY = ("datadog_api_client", "grpc", "msgpack", "psutil", "pulumi", "starlette", "uvicorn")


def packaged_files() -> set[Path]:
    """Return the files of the wheel: all modules, and the package data that pyproject.toml declares."""
    files = set((ROOT / "firedrill").rglob("*.py"))
    for package, patterns in PACKAGE_DATA.items():
        folder = "firedrill/**" if package == "*" else package.replace(".", "/")
        for pattern in patterns:
            files |= {file for file in ROOT.glob(f"{folder}/{pattern}") if file.is_file()}
    return files


def closure(names: list[str]) -> set[str]:
    """Return the installed distributions that these need, transitively."""
    closed: set[str] = set()
    pending = list(names)
    while pending:
        name = re.split(r"[ ;\[<>=!~(]", pending.pop(), maxsplit=1)[0].lower().replace("_", "-")
        if name in closed:
            continue
        try:
            requirements = distribution(name).requires or []
        except PackageNotFoundError:  # for other platforms
            continue
        closed.add(name)
        pending += [requirement for requirement in requirements if "extra ==" not in requirement]
    return closed


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what ``pip install firedrill`` installs: the package's files and its base dependencies."""
    folder = tmp_path_factory.mktemp("site")
    for file in packaged_files():
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    for name in closure(PROJECT["project"]["dependencies"]):
        for part in distribution(name).files or ():
            top = Path(str(distribution(name).locate_file(part.parts[0])))
            if part.parts[0] != ".." and not (folder / part.parts[0]).exists() and top.exists():
                (folder / part.parts[0]).symlink_to(top)
    return folder


def python(installed: Path, cwd: Path, *arguments: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with nothing importable but what is installed; ``root`` is the checkout, if there is one."""
    environment = {"PYTHONPATH": str(installed), "HOME": str(cwd), "PATH": "/usr/bin:/bin"}
    environment |= {"FIREDRILL_ROOT": str(root)} if root else {}
    command = [sys.executable, "-S", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def firedrill(
    installed: Path, cwd: Path, *arguments: str, root: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing importable but what is installed."""
    return python(installed, cwd, "-m", "firedrill.cli", *arguments, root=root)


@pytest.mark.parametrize("module", EXTRA_ONLY)
def test_the_dependencies_of_the_sandbox_are_not_there(module: str, installed: Path, tmp_path: Path) -> None:
    assert f"No module named '{module}'" in python(installed, tmp_path, "-c", f"import {module}").stderr


def test_the_wheel_has_every_file_of_the_package() -> None:
    files = {file for file in (ROOT / "firedrill").rglob("*") if file.is_file() and file.suffix != ".pyc"}
    assert files == packaged_files()


@pytest.mark.parametrize("kind", EXPORTS)
def test_every_export_is_judged(kind: str, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "monitors.json").write_text(json.dumps(EXPORTS[kind]))
    result = firedrill(installed, tmp_path, "prove", "--monitors", "monitors.json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 monitors" in result.stdout


@pytest.fixture
def scenarios(tmp_path: Path) -> list[str]:
    """Return the options that prove a monitor on a scenario in which it fires and one in which it stays quiet."""
    (tmp_path / "monitors.json").write_text(json.dumps(EXPORTS["api"]))
    (tmp_path / "ordinary.yaml").write_text(
        "signals: {load: {metric: system.load.1, type: gauge, value: 1, spread: 0, tags: {host: a}}}\n"
    )
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "busy.yaml").write_text(
        "title: A host is overloaded\ngiven: {failing: {load: {value: 9}}}\n"
        "timeline: {healthy: 1h, failing: 30m, remediated: 1h}\n"
        "then: [{alert: load, fires_within: 5m, clears_within: 6m}]\n"
    )
    (tmp_path / "scenarios" / "calm.yaml").write_text(
        "title: Nothing happens\ngiven: {failing: {load: {value: 2}}}\n"
        "timeline: {healthy: 1h, failing: 30m, remediated: 1h}\nthen: [{alert: load, stays: quiet}]\n"
    )
    return ["--monitors", "monitors.json", "--scenarios", "scenarios", "--no-faults", "--seeds", "1"]


def test_scenarios_are_played(scenarios: list[str], installed: Path, tmp_path: Path) -> None:
    result = firedrill(installed, tmp_path, "prove", *scenarios)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 of 1 alerts fire" in result.stdout.replace("\n", " ")


OF_A_CHECKOUT = pytest.mark.parametrize(
    "command",
    [["status"], ["up"], ["drill"], ["down"], ["deploy"], ["doctor"], ["import", "--tag", "a:b"], ["destroy"]],
    ids=lambda command: command[0],
)


@OF_A_CHECKOUT
def test_a_command_that_needs_a_checkout_says_so_in_a_line_and_in_its_help(
    command: list[str], installed: Path, tmp_path: Path
) -> None:
    result = firedrill(installed, tmp_path, *command)
    assert result.returncode == 1
    assert f"`firedrill {command[0]}` needs a checkout of the stack, and {installed} is not one" in result.stderr
    assert result.stderr.count("\n") == 1
    text = " ".join(firedrill(installed, tmp_path, command[0], "--help").stdout.split())
    assert "Needs a checkout of the stack; the installed package alone is not enough." in text


@OF_A_CHECKOUT
def test_a_command_that_needs_the_sandbox_names_the_extra(command: list[str], installed: Path, tmp_path: Path) -> None:
    result = firedrill(installed, tmp_path, *command, root=ROOT)
    assert result.returncode == 1
    assert re.fullmatch(
        r"This command needs the package \w+: run `pip install 'firedrill\[sandbox\]'`\.\n", result.stderr
    ), result.stderr


def test_the_report_is_a_page_with_its_plots(scenarios: list[str], installed: Path, tmp_path: Path) -> None:
    result = firedrill(installed, tmp_path, "prove", *scenarios, "--report", "report")
    assert result.returncode == 0, result.stdout + result.stderr
    assert {file.name for file in (tmp_path / "report").iterdir()} == {"README.md", "index.html"}
    assert '"fired":true,"plot":{' in (tmp_path / "report" / "index.html").read_text()


def test_a_stacks_program_names_the_extra(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.local.yaml").write_text("config: {}\n")
    result = firedrill(installed, tmp_path, "prove")
    assert result.returncode == 1
    assert "a stack's program needs Pulumi's SDK: run `pip install 'firedrill[sandbox]'`" in result.stderr


def test_the_help_lists_all_commands(installed: Path, tmp_path: Path) -> None:
    commands = re.findall(r"^  ([a-z]+)  ", firedrill(installed, tmp_path, "--help").stdout, re.MULTILINE)
    assert {"prove", "up", "drill", "status", "rollback"} <= set(commands)
