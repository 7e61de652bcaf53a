"""Failed deployments on the real engine: the traffic stays with, or returns to, the previous revision."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import DEADLINE, check_ok, output
from tests.e2e.delivery.conftest import Repository, hurry, new_repository
from tests.e2e.delivery.test_story import QUESTION, chat_repeatedly, traffic
from tests.e2e.test_automation import run

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

NEVER_READY = "raise RuntimeError('no model today')\n"
FAILS_FOR_USERS = f"""
from flask import abort, request

from service.app import create_app

app = create_app()


@app.before_request
def refuse():
    asked = request.get_json(silent=True) if request.path == "/v1/chat" else None
    if asked and asked.get("message") == "{QUESTION}":
        abort(500)
"""
"""A revision that fails users' chats only: no synthetic test notices."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Provide a repository with one commit, deployed."""
    repo = new_repository(tmp_path_factory.mktemp("deploy"))
    hurry(repo)
    check_ok(repo.sandbox.firedrill("up"))
    yield repo
    repo.sandbox.firedrill("down")


def test_a_revision_that_never_gets_ready_gets_no_traffic_and_is_reported(repository: Repository) -> None:
    before = traffic(repository)
    program = repository.root / "service" / "wsgi.py"
    original = program.read_text()
    program.write_text(NEVER_READY)
    try:
        text = repository.sandbox.firedrill("deploy", "--steps", "50", "--bake", "5")
        drift = repository.sandbox.firedrill("drift")
    finally:
        program.write_text(original)
    assert text.returncode == 1, output(text)
    assert "no model today" in text.stderr and "Traceback" not in text.stderr.partition("no model today")[2]
    [(revision, share)] = traffic(repository)
    assert share == 100 and [(revision, share)] == before
    assert f"{revision} keeps all requests: fix the failure, then run `firedrill deploy` again" in text.stderr
    assert drift.returncode == 0, output(drift)
    again = repository.sandbox.firedrill("up")
    assert again.returncode == 0, output(again)
    assert traffic(repository) == before


def killed_at(repository: Repository, line: str) -> str:
    """Deploy, kill the command (-9) once it prints a line, and return the output of `firedrill status` just before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "firedrill.cli", "deploy", "--steps", "50", "--bake", "900"],
        cwd=repository.root, env=repository.sandbox.environment | {"PYTHONUNBUFFERED": "1"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    watchdog = threading.Timer(DEADLINE, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        printed = []
        for text in process.stdout:
            printed.append(text)
            if line in text:
                return check_ok(repository.sandbox.firedrill("status"))
        raise AssertionError("".join(printed))
    finally:
        watchdog.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_deployment_killed_between_two_steps_is_reported_and_the_next_one_continues(repository: Repository) -> None:
    sandbox = repository.sandbox
    [(first, _)] = traffic(repository)
    repository.edit("service/__init__.py", r"\A", "# Other code, so that there is another revision.\n")
    repository.commit("Other code")
    running = killed_at(repository, "has 50 % of the requests")
    (before, first_share), (second, second_share) = traffic(repository)
    assert (before, first_share, second_share) == (first, 50, 50)
    split = f"The requests are split, {first} 50 % and {second} 50 %"
    assert f"{split}, while another firedrill command is running." in running and "killed" not in running

    warning = f"{split}. A killed `firedrill deploy` leaves them so: `firedrill deploy` returns all requests to {first}"
    assert warning in check_ok(sandbox.firedrill("status"))
    again = sandbox.firedrill("up")
    check_ok(again)
    assert warning in again.stderr
    assert traffic(repository) == [(first, 50), (second, 50)]

    continued = sandbox.firedrill("deploy", "--steps", "50", "--bake", "5")
    text = check_ok(continued)
    assert warning in continued.stderr
    assert re.search(rf"{first} has all requests again\..*{second} has 50 %.*{second} has 100 %", text, re.DOTALL)
    assert traffic(repository) == [(second, 100)]

    # A newer revision without traffic: nothing is split, and the roll-back workflow returns to the first revision.
    repository.edit("service/__init__.py", r"\A", "# And other code again.\n")
    quiet = sandbox.firedrill("up")
    repository.restore()
    assert "split" not in check_ok(quiet) + quiet.stderr + check_ok(sandbox.firedrill("status"))
    listed = sandbox.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [workflow for workflow in listed if workflow["attributes"]["spec"]["handle"] == "roll-back"]
    instance = run(sandbox, workflow)
    assert instance["status"] == "succeeded", instance
    assert traffic(repository) == [(first, 100)]
    assert "split" not in check_ok(sandbox.firedrill("status"))
    check_ok(sandbox.firedrill("rollback", "--to", second))


def test_a_revision_that_fails_for_users_only_is_rolled_back_when_a_monitor_fires(repository: Repository) -> None:
    before = traffic(repository)
    (repository.root / "service" / "wsgi.py").write_text(FAILS_FOR_USERS)
    repository.commit("Nobody tests this")
    stop, answers = threading.Event(), list[int]()
    chats = threading.Thread(target=chat_repeatedly, args=(repository, stop, answers))
    chats.start()
    try:
        text = repository.sandbox.firedrill("deploy", "--steps", "50", "--bake", "550")
    finally:
        stop.set()
        chats.join()
    assert text.returncode == 1, output(text)
    assert "tests passed in" in text.stdout, output(text)
    assert "alerts at 50 % of the requests" in text.stderr and "has all requests again" in text.stderr, output(text)
    assert traffic(repository) == before
    assert 500 in answers
