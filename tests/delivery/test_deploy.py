"""A deployment that does not go well, on the real engine: the requests stay with, or return to, the revision before."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.delivery.conftest import Repository, hurry, new_repository
from tests.delivery.test_story import QUESTION, people, traffic, well
from tests.e2e.conftest import DEADLINE, output
from tests.e2e.test_automation import run

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

NEVER_READY = "raise RuntimeError('no model today')\n"
FAILS_FOR_PEOPLE = f"""
from flask import abort, request

from service.app import create_app

app = create_app()


@app.before_request
def refuse():
    asked = request.get_json(silent=True) if request.path == "/v1/chat" else None
    if asked and asked.get("message") == "{QUESTION}":
        abort(500)
"""
"""A revision that fails the chats of people, and of nobody else: no test from outside can see it."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A repository with one commit, deployed."""
    made = new_repository(tmp_path_factory.mktemp("deploy"))
    hurry(made)
    well(made.sandbox.firedrill("up"))
    yield made
    made.sandbox.firedrill("down")


def test_a_revision_that_never_gets_ready_has_no_requests_and_its_reason_is_told(repository: Repository) -> None:
    before = traffic(repository)
    program = repository.root / "service" / "wsgi.py"
    whole = program.read_text()
    program.write_text(NEVER_READY)
    try:
        told = repository.sandbox.firedrill("deploy", "--steps", "50", "--bake", "5")
        looked = repository.sandbox.firedrill("drift")
    finally:
        program.write_text(whole)
    assert told.returncode == 1, output(told)
    assert "no model today" in told.stderr and "Traceback" not in told.stderr.partition("no model today")[2]
    [(revision, share)] = traffic(repository)
    assert share == 100 and [(revision, share)] == before
    assert f"{revision} keeps all requests: mend what failed, then `firedrill deploy` goes on" in told.stderr
    assert looked.returncode == 0, output(looked)
    again = repository.sandbox.firedrill("up")
    assert again.returncode == 0, output(again)
    assert traffic(repository) == before


def killed_at(repository: Repository, line: str) -> str:
    """Deploy, kill the command (-9) once it says a line, and return what `firedrill status` said just before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "firedrill.cli", "deploy", "--steps", "50", "--bake", "900"],
        cwd=repository.root, env=repository.sandbox.environment | {"PYTHONUNBUFFERED": "1"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    watchdog = threading.Timer(DEADLINE, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        said = []
        for text in process.stdout:
            said.append(text)
            if line in text:
                return well(repository.sandbox.firedrill("status"))
        raise AssertionError("".join(said))
    finally:
        watchdog.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_deployment_killed_between_two_steps_is_told_of_and_the_next_one_goes_on(repository: Repository) -> None:
    sandbox = repository.sandbox
    [(first, _)] = traffic(repository)
    repository.edit("service/__init__.py", r"\A", "# Other code, so that there is another revision.\n")
    repository.commit("Other code")
    running = killed_at(repository, "has 50 % of the requests")
    (before, half), (second, other) = traffic(repository)
    assert (before, half, other) == (first, 50, 50)
    split = f"The requests are split, {first} 50 % and {second} 50 %"
    assert f"{split}, while another firedrill command is at work." in running and "killed" not in running

    left = f"{split}, as a `firedrill deploy` that was killed leaves them: `firedrill deploy` takes all back to {first}"
    assert left in well(sandbox.firedrill("status"))
    again = sandbox.firedrill("up")
    well(again)
    assert left in again.stderr
    assert traffic(repository) == [(first, 50), (second, 50)]

    on = sandbox.firedrill("deploy", "--steps", "50", "--bake", "5")
    told = well(on)
    assert left in on.stderr
    assert re.search(rf"{first} has all requests again\..*{second} has 50 %.*{second} has 100 %", told, re.DOTALL)
    assert traffic(repository) == [(second, 100)]

    # A newer revision that was made and got no requests: nothing is split, and an emergency returns to the first.
    repository.edit("service/__init__.py", r"\A", "# And other code again.\n")
    quiet = sandbox.firedrill("up")
    repository.restore()
    assert "split" not in well(quiet) + quiet.stderr + well(sandbox.firedrill("status"))
    listed = sandbox.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [one for one in listed if one["attributes"]["spec"]["handle"] == "roll-back"]
    ended = run(sandbox, workflow)
    assert ended["status"] == "succeeded", ended
    assert traffic(repository) == [(first, 100)]
    assert "split" not in well(sandbox.firedrill("status"))
    well(sandbox.firedrill("rollback", "--to", second))


def test_a_revision_that_fails_for_people_only_is_returned_when_a_monitor_fires(repository: Repository) -> None:
    before = traffic(repository)
    (repository.root / "service" / "wsgi.py").write_text(FAILS_FOR_PEOPLE)
    repository.commit("Nobody tests this")
    stop, answers = threading.Event(), list[int]()
    chats = threading.Thread(target=people, args=(repository, stop, answers))
    chats.start()
    try:
        told = repository.sandbox.firedrill("deploy", "--steps", "50", "--bake", "550")
    finally:
        stop.set()
        chats.join()
    assert told.returncode == 1, output(told)
    assert "tests passed in" in told.stdout, output(told)
    assert "alerts at 50 % of the requests" in told.stderr and "has all requests again" in told.stderr, output(told)
    assert traffic(repository) == before
    assert 500 in answers
