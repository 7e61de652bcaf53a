"""A deployment that does not go well, on the real engine: the requests stay with, or return to, the revision before."""

import threading
from collections.abc import Iterator

import pytest

from tests.delivery.conftest import Repository, hurry, new_repository
from tests.delivery.test_story import QUESTION, people, traffic, well
from tests.e2e.conftest import output

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
