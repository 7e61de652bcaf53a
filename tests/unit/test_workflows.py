"""GitHub's workflows: valid, and safe against what a pull request may contain."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from firedrill.cli.main import app
from tests.conftest import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WRITES = {
    # Only these jobs hold a permission beyond reading; each has its reason beside it in the file.
    ("preview.yml", "accounts"): {"id-token"},
    ("deploy.yml", "deploy"): {"id-token"},
    ("comment.yml", "comment"): {"pull-requests"},
    ("drift.yml", "drift"): {"id-token", "issues"},
    ("release.yml", "publish"): {"id-token"},
}

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def read(file: Path) -> dict[str, Any]:
    """Return a workflow; YAML 1.1 reads its `on` as true."""
    content = yaml.safe_load(file.read_text())
    content["on"] = content.pop(True, content.get("on"))
    return dict(content)


def steps(file: Path) -> list[dict[str, Any]]:
    """Return all steps of all jobs."""
    return [step for job in read(file)["jobs"].values() for step in job["steps"]]


def test_they_are_valid_by_githubs_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    checked = subprocess.run([*command, *map(str, FILES)], capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@each_file
def test_actions_are_pinned_by_commit_with_the_release_beside_it(file: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", file.read_text())
    assert used or "uses" not in file.read_text()
    for action, rest in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", rest), action


@each_file
def test_permissions_are_the_least(file: Path) -> None:
    workflow = read(file)
    assert set((workflow["permissions"] or {}).items()) <= {("contents", "read")}
    for name, job in workflow["jobs"].items():
        written = {kind for kind, level in job.get("permissions", {}).items() if level == "write"}
        assert written == WRITES.get((file.name, name), set())
        assert "timeout-minutes" in job


@each_file
def test_there_is_no_long_lived_key(file: Path) -> None:
    text = file.read_text()
    assert "secrets." not in text
    assert "credentials_json" not in text


@each_file
def test_no_script_contains_an_expression(file: Path) -> None:
    """Text from people (titles, branches) reaches a script only in its environment, where it cannot become code."""
    for step in steps(file):
        assert "${{" not in step.get("run", "")


@each_file
def test_code_of_a_pull_request_never_runs_beside_a_token_that_writes(file: Path) -> None:
    workflow = read(file)
    assert "pull_request_target" not in workflow["on"]
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            assert "workflow_run" not in workflow["on"]


def test_a_forks_pull_request_gets_the_sandbox_and_no_account() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "preview.yml")["jobs"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert "if" not in jobs["sandbox"] and "permissions" not in jobs["sandbox"]
    assert own in jobs["accounts"]["if"]


def test_only_mains_commits_are_deployed_in_the_stacks_environment_proven_and_one_after_the_other() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "deploy.yml")
    assert workflow["on"]["push"] == {"branches": ["main"]}
    assert set(workflow["on"]) == {"push", "workflow_dispatch"}
    assert workflow["concurrency"] == {"group": "deploy", "cancel-in-progress": False}
    deploy = workflow["jobs"]["deploy"]
    assert deploy["needs"] == "prove" and "permissions" not in workflow["jobs"]["prove"]
    assert deploy["if"].startswith("github.ref == 'refs/heads/main' && ")
    # infra/gcp/deploy_identity.py lets only jobs of this environment be the deploying account.
    assert deploy["environment"] == deploy["env"]["STACK"]


def test_the_workflows_name_commands_and_options_that_exist() -> None:
    commands = getattr(get_command(app), "commands", {})
    for file in FILES:
        for name, rest in re.findall(r"firedrill (?!deploy:)([a-z]+)((?: \S+)*)", "\n".join(
            step.get("run", "") for step in steps(file)
        )):  # fmt: skip
            known = {option for param in commands[name].params for option in param.opts}
            assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", rest)) <= known, f"{file.name}: firedrill {name}{rest}"


@each_file
def test_scripts_are_bash(file: Path) -> None:
    for step in steps(file):
        if "run" in step:
            checked = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
            assert checked.returncode == 0, checked.stderr
