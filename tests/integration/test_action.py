"""The GitHub action and the pre-commit hook, by their own shell steps, against a server in place of GitHub's API."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import GUARD, ROOT
from tests.http_server import QuietHandler, serve
from tests.integration.commands import copy_checkout

STEPS = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
MONITOR = {"id": 1, "name": "load", "type": "query alert", "query": "avg(last_5m):avg:system.load.1{*} by {host} > 4",
           "message": "{{#is_alert}}high{{/is_alert}} @slack-ops"}  # fmt: skip
WRONG = MONITOR | {"query": "avg(last_5m):avg:system.load.1{*} by {host} >> 4"}


class GitHub:
    """The comments of one pull request, served as GitHub's API serves them."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = [{"id": 7, "body": "a person's words"}]
        self.requests: list[str] = []
        self.status = 200
        github = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                page = "&page=1" in self.path
                self._answer(github.comments if page else [])

            def do_POST(self) -> None:
                github.comments.append({"id": 40 + len(github.comments), **self._body()})
                self._answer(github.comments[-1])

            def do_PATCH(self) -> None:
                identifier = int(self.path.rpartition("/")[2])
                comment = next(item for item in github.comments if item["id"] == identifier)
                comment.update(self._body())
                self._answer(comment)

            def _body(self) -> Any:
                return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, content: Any) -> None:
                github.requests.append(f"{self.command} {self.path.partition('?')[0]}")
                data = json.dumps(content).encode()
                self.send_response(github.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.handler = Handler
        self.url = ""


@pytest.fixture
def github() -> Iterator[GitHub]:
    """Provide the API."""
    api = GitHub()
    with serve(api.handler) as api.url:
        yield api


class Job:
    """A job of another repository that uses the action."""

    def __init__(self, folder: Path, api: str, action: Path = ROOT) -> None:
        self.folder, self.output = folder, folder / "output"
        (folder / "temp" / "firedrill" / "bin").mkdir(parents=True)
        self.environment = os.environ | {
            "RUNNER_TEMP": str(folder / "temp"), "GITHUB_ACTION_PATH": str(action), "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_REPOSITORY": "someone/shop",
            "GITHUB_API_URL": api, "TOKEN": "token", "NUMBER": "12", "ORDINARY": "", "CONTRACT": "",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip

    def use_this_checkout(self) -> None:
        """Provide the command that the step "Install" would install."""
        command = self.folder / "temp" / "firedrill" / "bin" / "firedrill"
        text = f'#!/bin/sh\nPYTHONPATH={shlex.quote(f"{GUARD}:{ROOT}")} exec {sys.executable} -m firedrill.cli "$@"\n'
        command.write_text(text)
        command.chmod(0o755)

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the steps so far."""
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())

    def run(self, step: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script as GitHub runs it."""
        [found] = [item for item in STEPS if item.get("name") == step]
        script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"]]
        environment = self.environment | variables
        return subprocess.run(
            script, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )

    def prove(self, *monitors: object) -> bool:
        """Run the steps after the installation; return whether the last one succeeds."""
        (self.folder / "monitors.json").write_text(json.dumps(monitors))
        proved = self.run("Prove", MONITORS="monitors.json")
        assert proved.returncode == 0, proved.stderr
        values = self.outputs()
        commented = self.run("Comment", REPORT=values["report"])
        assert commented.returncode == 0, commented.stderr
        return self.run("Fail if a finding is an error", PROVEN=values["proven"]).returncode == 0


def test_one_comment_is_posted_and_then_updated(tmp_path: Path, github: GitHub) -> None:
    job = Job(tmp_path, github.url)
    job.use_this_checkout()
    assert not job.prove(MONITOR, WRONG | {"id": 2, "name": "ends ``` the block"})
    [person, comment] = github.comments
    assert person["body"] == "a person's words"
    assert "### Datadog monitors: not proven" in comment["body"] and "not-a-query" in comment["body"]
    assert comment["body"].count("```") == 2, "a name ends the block"
    assert "### Datadog monitors: not proven" in (tmp_path / "summary.md").read_text()

    assert job.prove(MONITOR)
    assert [item["id"] for item in github.comments] == [7, comment["id"]]
    assert "### Datadog monitors: proven" in github.comments[1]["body"]
    assert github.requests[-1] == f"PATCH /repos/someone/shop/issues/comments/{comment['id']}"


def test_without_the_permission_the_job_is_not_failed_by_the_comment(tmp_path: Path, github: GitHub) -> None:
    github.status = 403
    (tmp_path / "report.md").write_text("report")
    done = Job(tmp_path, github.url).run("Comment", REPORT=str(tmp_path / "report.md"))
    assert done.returncode == 0
    assert done.stdout.startswith("::warning::The comment could not be written (HTTP Error 403")


def test_no_script_of_the_action_contains_an_expression_and_actions_are_pinned() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        assert "@" not in step.get("uses", "") or len(step["uses"].rpartition("@")[2]) == 40


def test_the_hook_judges_each_file(tmp_path: Path) -> None:
    for name, monitor in (("monitors.json", MONITOR), ("other.monitors.json", WRONG)):
        (tmp_path / name).write_text(json.dumps([monitor]))
    words = shlex.split(HOOK["entry"])
    assert words[0] == "python"
    python_path = os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT)])

    def hook(*files: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words[1:], *files], cwd=tmp_path, env=os.environ | {"PYTHONPATH": python_path},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    assert hook("monitors.json").returncode == 0
    both = hook("other.monitors.json", "monitors.json")
    assert both.returncode == 1
    assert (
        both.stdout.index("other.monitors.json:") < both.stdout.index("not-a-query") < both.stdout.index("1 monitors")
    )


@pytest.mark.slow
def test_the_installed_wheel_proves_without_the_repository(tmp_path: Path, github: GitHub) -> None:
    (tmp_path / "action").mkdir()
    (tmp_path / "job").mkdir()
    job = Job(tmp_path / "job", github.url, copy_checkout(tmp_path / "action"))
    # Only pip may reach another machine here: the package registry.
    installed = job.run("Install", PYTHONPATH="")
    if "No matching distribution" in installed.stderr or "Connection" in installed.stderr:
        pytest.skip("the package registry cannot be reached")
    assert installed.returncode == 0, installed.stderr[-2000:]
    (tmp_path / "action").rename(tmp_path / "gone")
    job.environment["GITHUB_ACTION_PATH"] = str(ROOT)  # the script that comments is no part of the package
    assert job.prove(MONITOR)
    assert not job.prove(WRONG)
    drill = subprocess.run(
        [tmp_path / "job/temp/firedrill/bin/firedrill", "drill"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert drill.returncode == 1
    assert "`firedrill drill` needs a checkout of the stack" in drill.stderr and drill.stderr.count("\n") == 1
