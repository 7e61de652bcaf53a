"""The life of a stack on the real engine: check, deploy, change, drift, roll back, destroy."""

import re
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import check_ok, output
from tests.e2e.delivery.conftest import Repository, hurry, new_repository
from tests.e2e.test_automation import run

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

QUESTION = "What is an error budget?"
"""A question that synthetic tests do not ask."""
TESTED_BAD = """
from flask import abort, request

from service.app import create_app

app = create_app()


@app.before_request
def refuse():
    if request.path == "/v1/chat":
        abort(503)
"""
"""A revision that is ready and answers /health, but fails every chat: only the synthetic chat test notices."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Provide a repository with one commit; nothing is deployed."""
    repo = new_repository(tmp_path_factory.mktemp("story"))
    hurry(repo)
    yield repo
    repo.sandbox.firedrill("down")


def traffic(repository: Repository) -> list[tuple[str, int]]:
    """Return the revisions that get requests, with percentages."""
    url = f"http://localhost:{repository.sandbox.settings.google_port}/-/status"
    [service] = httpx.get(url, timeout=10).json()["services"]
    return [(str(item["revision"]), int(item["percent"])) for item in service["traffic"] if item["percent"]]


def chat_repeatedly(repository: Repository, stop: threading.Event, answers: list[int]) -> None:
    """Chat every second until ``stop`` is set, and append the statuses to ``answers``."""
    url = f"http://localhost:{repository.sandbox.settings.port}/v1/chat"
    while not stop.wait(1):
        try:
            answers.append(httpx.post(url, json={"message": QUESTION}, timeout=30).status_code)
        except httpx.HTTPError:
            answers.append(0)


def test_a_stack_from_the_first_check_to_its_destruction(repository: Repository) -> None:
    sandbox = repository.sandbox
    # Check an empty account.
    assert "all passed" in check_ok(sandbox.firedrill("doctor"))

    # Deploy for the first time.
    text = check_ok(sandbox.firedrill("deploy"))
    assert "Creating what an image needs first: APIs and the registry." in text
    assert "its monitors are muted for 30 minutes" in text
    [(first, share)] = traffic(repository)
    assert share == 100
    muted = sandbox.datadog("GET", "/api/v2/downtime")["data"]
    assert any(item["attributes"]["message"].startswith("First deployment") for item in muted)
    check_ok(sandbox.firedrill("up"))  # what an organisation shares, once there is traffic

    # Change a threshold and the code, and preview the change.
    repository.edit("infra/objectives.py", r"SLOW_CHAT = Threshold\(4,", "SLOW_CHAT = Threshold(9,")
    repository.edit("service/__init__.py", r"\A", "# Other code, so that there is another revision.\n")
    commit = repository.commit("Another threshold")
    report = check_ok(sandbox.firedrill("preview", "--markdown", "--base", "HEAD~1", "--seeds", "0"))
    assert "`monitorThresholds.critical`: `` 4 `` → `` 9 ``" in report
    assert "| chat-slow | slow_answers | **lost**: no longer fires, which it did after " in report
    assert "### On call now" in report

    # Deploy it in steps while users chat.
    stop, answers = threading.Event(), list[int]()
    chats = threading.Thread(target=chat_repeatedly, args=(repository, stop, answers))
    chats.start()
    try:
        text = check_ok(sandbox.firedrill("deploy", "--steps", "50", "--bake", "10"))
        [(second, share)] = traffic(repository)
        assert second != first and share == 100
        assert re.search(rf"{second} has 50 % of the requests\..*{second} has 100 % of the requests", text, re.DOTALL)
        assert "tests passed in" in text

        # A bad revision is tested without users' requests and rolled back automatically.
        before = len(answers)
        original = (repository.root / "service" / "wsgi.py").read_text()
        (repository.root / "service" / "wsgi.py").write_text(TESTED_BAD)
        repository.commit("No model")
        failed = sandbox.firedrill("deploy", "--steps", "50", "--bake", "10")
        assert failed.returncode == 1, output(failed)
        assert "was rolled back: tests: " in failed.stderr and f"{second} has all requests again" in failed.stderr, (
            failed.stderr
        )
        assert traffic(repository) == [(second, 100)]
        assert set(answers[before:]) == {200}, "users got answers of the bad revision"
    finally:
        stop.set()
        chats.join()

    # Fix the code and run `up`: the traffic does not move.
    (repository.root / "service" / "wsgi.py").write_text(original)
    repository.commit("The model again")
    check_ok(sandbox.firedrill("up"))
    assert traffic(repository) == [(second, 100)]

    # Somebody edits a monitor: drift detection reports both values and the author.
    assert sandbox.firedrill("drift").returncode == 0
    monitor = sandbox.monitor("gemini-throttled")
    sandbox.datadog("PUT", f"/api/v1/monitor/{monitor['id']}", json={"priority": 5})
    drift = sandbox.firedrill("drift", "--markdown")
    assert drift.returncode == 3, output(drift)
    assert "| Monitor gemini-throttled | priority |" in drift.stdout
    assert "ada.okafor@example.com modified it" in drift.stdout
    check_ok(sandbox.firedrill("up", "--refresh"))
    assert sandbox.monitor("gemini-throttled")["priority"] == monitor["priority"]

    # Check a roll-back to the first deployment, then do it.
    text = check_ok(sandbox.firedrill("rollback", "--to", commit, "--check"))
    assert "Both directions are possible." in text
    text = check_ok(sandbox.firedrill("rollback", "--to", first))
    assert f"Revision {first} has all requests after" in text
    assert traffic(repository) == [(first, 100)]

    # Another `up` changes nothing, and the traffic stays with the restored revision.
    last = check_ok(sandbox.firedrill("up"))
    assert re.search(r"The stack is up after \d+ s \(\d+ unchanged\)\.", last), last
    assert traffic(repository) == [(first, 100)]

    # Destroy. An object that a workflow created does not count as left behind.
    listed = sandbox.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [item for item in listed if item["attributes"]["spec"]["handle"] == "anomaly-notebook"]
    assert run(sandbox, workflow)["status"] == "succeeded"
    text = check_ok(sandbox.firedrill("destroy"))
    created = "Created at run time and deleted with the account: "
    assert f"{created}downtime First deployment (managed_by:deploy)" in text
    assert f"{created}notebook llm-api local: something is unusual (managed_by:workflow)" in text
    assert "The account is empty and nothing runs." in text
