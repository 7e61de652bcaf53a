"""The whole story on the real engine: from the first look at an account to an empty one."""

import re
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.delivery.conftest import Repository, hurry, new_repository
from tests.e2e.conftest import Answer, output
from tests.e2e.test_automation import run

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

QUESTION = "What is an error budget?"
"""What people ask; the tests from outside ask something else."""
TESTED_BAD = """
from flask import abort, request

from service.app import create_app

app = create_app()


@app.before_request
def refuse():
    if request.path == "/v1/chat":
        abort(503)
"""
"""A revision that gets ready and answers /health, and fails every chat: only a test of the chat sees it."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A repository with one commit; nothing is deployed."""
    made = new_repository(tmp_path_factory.mktemp("story"))
    hurry(made)
    yield made
    made.sandbox.firedrill("down")


def well(answer: Answer) -> str:
    """What a command that must succeed printed."""
    assert answer.returncode == 0, output(answer)
    assert "Traceback" not in output(answer)
    return answer.stdout


def traffic(repository: Repository) -> list[tuple[str, int]]:
    """Who gets the requests: revision and percent."""
    url = f"http://localhost:{repository.sandbox.settings.google_port}/-/status"
    [service] = httpx.get(url, timeout=10).json()["services"]
    return [(str(one["revision"]), int(one["percent"])) for one in service["traffic"] if one["percent"]]


def people(repository: Repository, stop: threading.Event, answers: list[int]) -> None:
    """Somebody chats every second or so, all the time: their answers' statuses."""
    url = f"http://localhost:{repository.sandbox.settings.port}/v1/chat"
    while not stop.wait(1):
        try:
            answers.append(httpx.post(url, json={"message": QUESTION}, timeout=30).status_code)
        except httpx.HTTPError:
            answers.append(0)


def test_the_whole_story(repository: Repository) -> None:
    sandbox = repository.sandbox
    # Look: an account in which nothing is.
    assert "all well" in well(sandbox.firedrill("doctor"))

    # Deploy for the first time.
    told = well(sandbox.firedrill("deploy"))
    assert "First what an image needs: APIs and the registry." in told
    assert "its monitors are muted for 30 minutes" in told
    [(first, share)] = traffic(repository)
    assert share == 100
    muted = sandbox.datadog("GET", "/api/v2/downtime")["data"]
    assert any(one["attributes"]["message"].startswith("First deployment") for one in muted)
    well(sandbox.firedrill("up"))  # what an organisation shares, once there is traffic

    # Change a threshold and the code, and look at what that does.
    repository.edit("infra/objectives.py", r"SLOW_CHAT = Threshold\(\s+4,", "SLOW_CHAT = Threshold(\n    9,")
    repository.edit("service/__init__.py", r"\A", "# Other code, so that there is another revision.\n")
    good = repository.commit("Another threshold")
    report = well(sandbox.firedrill("preview", "--markdown", "--base", "HEAD~1", "--seeds", "0"))
    assert "`monitorThresholds.critical`: `` 4 `` → `` 9 ``" in report
    assert "| chat-slow | slow_answers | **lost**: fires no more, which it did after " in report
    assert "### Who is paged now" in report

    # Deploy it in steps, while people chat.
    stop, answers = threading.Event(), list[int]()
    chats = threading.Thread(target=people, args=(repository, stop, answers))
    chats.start()
    try:
        told = well(sandbox.firedrill("deploy", "--steps", "50", "--bake", "10"))
        [(second, share)] = traffic(repository)
        assert second != first and share == 100
        assert re.search(rf"{second} has 50 % of the requests\..*{second} has 100 % of the requests", told, re.DOTALL)
        assert "tests passed in" in told

        # A bad one: it is tested where nobody sees it, and returned by itself.
        before = len(answers)
        whole = (repository.root / "service" / "wsgi.py").read_text()
        (repository.root / "service" / "wsgi.py").write_text(TESTED_BAD)
        repository.commit("No model")
        bad = sandbox.firedrill("deploy", "--steps", "50", "--bake", "10")
        assert bad.returncode == 1, output(bad)
        assert "was returned: tests: " in bad.stderr and f"{second} has all requests again" in bad.stderr, bad.stderr
        assert traffic(repository) == [(second, 100)]
        assert set(answers[before:]) == {200}, "nobody was to see the bad revision"
    finally:
        stop.set()
        chats.join()

    # An `up` after it, of the mended code: the requests stay where they are.
    (repository.root / "service" / "wsgi.py").write_text(whole)
    repository.commit("The model again")
    well(sandbox.firedrill("up"))
    assert traffic(repository) == [(second, 100)]

    # Somebody edits a monitor: found and named, with both values and who it was.
    assert sandbox.firedrill("drift").returncode == 0
    monitor = sandbox.monitor("throttle")
    sandbox.datadog("PUT", f"/api/v1/monitor/{monitor['id']}", json={"priority": 5})
    found = sandbox.firedrill("drift", "--markdown")
    assert found.returncode == 3, output(found)
    assert "| Monitor gemini-throttled | priority |" in found.stdout
    assert "ada.okafor@example.com modified it" in found.stdout
    well(sandbox.firedrill("up", "--refresh"))
    assert sandbox.monitor("throttle")["priority"] == monitor["priority"]

    # The way back to the first deployment: what it costs, then gone.
    told = well(sandbox.firedrill("rollback", "--to", good, "--check"))
    assert "The way there and back exists." in told
    told = well(sandbox.firedrill("rollback", "--to", first))
    assert f"Revision {first} has all requests after" in told
    assert traffic(repository) == [(first, 100)]

    # Nothing is left to do, and the requests stay with the returned revision.
    last = well(sandbox.firedrill("up"))
    assert re.search(r"The stack is up after \d+ s \(\d+ unchanged\)\.", last), last
    assert traffic(repository) == [(first, 100)]

    # The end. What a workflow made is no left-over of the stack.
    listed = sandbox.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [one for one in listed if one["attributes"]["spec"]["handle"] == "anomaly-notebook"]
    assert run(sandbox, workflow)["status"] == "succeeded"
    told = well(sandbox.firedrill("destroy"))
    assert "gone with the sandbox's account: downtime First deployment (managed_by:deploy)" in told
    assert "gone with the sandbox's account: notebook llm-api local: something is unusual (managed_by:workflow)" in told
    assert "The account is empty and nothing runs." in told
