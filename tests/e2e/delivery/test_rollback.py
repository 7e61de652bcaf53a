"""Roll-backs on the real engine: the revision in seconds, the whole program from git, and the check before."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import output
from tests.e2e.delivery.conftest import Repository, new_repository
from tests.e2e.test_automation import run

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1500)]

EXTRA = """

import pulumi_datadog

pulumi_datadog.Monitor(
    "extra", name="extra", type="query alert", message="x",
    query="avg(last_5m):avg:llm.chat.cost{service:llm-api,env:local} > 5",
)
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Provide two deployed commits: the second has other code, another model and threshold, and one more monitor."""
    repo = new_repository(tmp_path_factory.mktemp("rollback"))
    repo.edit("Pulumi.local.yaml", "policies:level: mandatory", "policies:level: advisory")
    repo.commit("Policies advise")
    try:
        first = repo.sandbox.firedrill("up")
        assert first.returncode == 0, output(first)
        repo.edit("infra/objectives.py", r"SLOW_CHAT = Threshold\(4,", "SLOW_CHAT = Threshold(9,")
        repo.edit("Pulumi.local.yaml", "modelPrimary: gemini-3.8-flash", "modelPrimary: gemini-3.5-flash")
        repo.edit("service/__init__.py", r"\A", "# Other code, so that there is another revision.\n")
        program = repo.root / "infra" / "__main__.py"
        program.write_text(program.read_text() + EXTRA)
        repo.commit("Another threshold")
        second = repo.sandbox.firedrill("up")
        assert second.returncode == 0, output(second)
        yield repo
    finally:
        repo.sandbox.firedrill("down")


def serving(repository: Repository) -> str:
    """Return the revision that has the requests."""
    status = httpx.get(f"http://localhost:{repository.sandbox.settings.google_port}/-/status", timeout=10).json()
    [target] = [item for item in status["services"][0]["traffic"] if item["percent"] == 100]
    return str(target["revision"])


def model(repository: Repository) -> str:
    """Return the model that answers."""
    token = repository.sandbox.pulumi("config", "get", "llm-api:operatorToken", "-s", "local").stdout.strip()
    url = f"http://localhost:{repository.sandbox.settings.port}/v1/control"
    return str(httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()["model"])


def names(repository: Repository) -> list[str]:
    """Return the monitors of the account."""
    return sorted(item["name"] for item in repository.sandbox.datadog("GET", "/api/v1/monitor"))


def test_the_check_lists_what_is_lost_and_whether_the_return_is_possible(repository: Repository) -> None:
    before = names(repository), serving(repository)
    result = repository.sandbox.firedrill("rollback", "--to", "1", "--check")
    assert result.returncode == 0, output(result)
    assert "delete Monitor extra" in result.stdout
    assert "update Monitor chat-slow" in result.stdout
    assert "Lost: Monitor extra loses its states" in result.stdout
    assert "Return to update 2" in result.stdout
    assert "Both directions are possible." in result.stdout
    assert (names(repository), serving(repository)) == before
    assert repository.git("worktree", "list").count("\n") == 0


def test_an_unknown_update_is_answered_with_the_existing_ones(repository: Repository) -> None:
    result = repository.sandbox.firedrill("rollback", "--to", "77")
    assert result.returncode == 1
    assert "77 is not an update of this stack" in result.stderr
    assert "update 1 of 20" in result.stderr and "Another threshold" in result.stderr


def test_the_next_up_keeps_a_roll_back_by_the_workflow(repository: Repository) -> None:
    sandbox, second = repository.sandbox, serving(repository)
    listed = sandbox.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [item for item in listed if item["attributes"]["spec"]["handle"] == "roll-back"]
    assert run(sandbox, workflow)["status"] == "succeeded"
    returned = serving(repository)
    assert returned != second
    drift = sandbox.firedrill("drift")
    assert drift.returncode == 0 and "updates keep an emergency roll-back" in drift.stdout, output(drift)
    repository.edit("service/__init__.py", r"\A", "# Newer code: its revision gets no requests by itself.\n")
    try:
        again = sandbox.firedrill("up")
    finally:
        repository.restore()
    assert again.returncode == 0, output(again)
    assert serving(repository) == returned
    forward = sandbox.firedrill("rollback", "--to", second)
    assert forward.returncode == 0, output(forward)
    assert serving(repository) == second
    # The newest revision never served, so the workflow returns to the revision that served before this one.
    assert run(sandbox, workflow)["status"] == "succeeded"
    assert serving(repository) == returned
    forward = sandbox.firedrill("rollback", "--to", second)
    assert forward.returncode == 0, output(forward)
    assert serving(repository) == second


def test_a_revision_is_restored_in_seconds_without_running_the_program(
    repository: Repository,
) -> None:
    second = serving(repository)
    program = repository.root / "infra" / "__main__.py"
    original = program.read_text()
    program.write_text("this is not Python\n")
    try:
        began = time.monotonic()
        result = repository.sandbox.firedrill("rollback", "--to", "1")
        took = time.monotonic() - began
    finally:
        program.write_text(original)
    assert result.returncode == 0, output(result)
    first = serving(repository)
    assert first != second
    assert re.search(rf"Revision {first} has all requests after \d+ s", result.stdout)
    assert took < 120
    assert model(repository) == "gemini-3.8-flash"
    repository.edit("service/__init__.py", r"\A", "# A third revision, which gets no requests by itself.\n")
    try:
        again = repository.sandbox.firedrill("up")
    finally:
        repository.restore()
    assert again.returncode == 0, output(again)
    assert serving(repository) == first
    forward = repository.sandbox.firedrill("rollback", "--to", second)
    assert forward.returncode == 0, output(forward)
    assert serving(repository) == second


def test_the_whole_program_is_restored_from_git_and_a_failure_lists_what_changed(repository: Repository) -> None:
    sandbox = repository.sandbox
    first = repository.git("rev-parse", "HEAD~1")
    back = sandbox.firedrill("rollback", "--to", first, "--alerts")
    assert back.returncode == 0, output(back)
    assert "extra" not in names(repository)
    assert sandbox.monitor("chat-slow")["options"]["thresholds"]["critical"] == 4
    history = sandbox.pulumi("stack", "history", "-s", "local", "--json").stdout
    assert first in history

    sandbox.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": "/api/v1/dashboard"}]})
    try:
        failed = sandbox.firedrill("rollback", "--to", "HEAD", "--alerts")
    finally:
        sandbox.datadog("DELETE", "/-/faults")
    assert failed.returncode == 1
    assert "the roll-back failed half-way" in failed.stderr
    changed = failed.stderr.split("Changed before it failed:")[1]
    # How far it gets before the first refusal varies; the list must agree with the account.
    reached = sandbox.monitor("chat-slow")["options"]["thresholds"]["critical"] != 4
    assert ("update Monitor chat-slow" in changed) == reached
    assert ("create Monitor extra" in changed) == ("extra" in names(repository))
    assert re.search(r"(create|update) \w+ [\w-]+", changed)
    assert "Traceback" not in output(failed)
    restored = sandbox.firedrill("up")
    assert restored.returncode == 0, output(restored)
    assert sandbox.monitor("chat-slow")["options"]["thresholds"]["critical"] == 9
    assert "extra" in names(repository)


def test_an_update_with_uncommitted_changes_cannot_be_restored(repository: Repository) -> None:
    numbers = [
        int(item)
        for item in re.findall(r"update (\d+) of", repository.sandbox.firedrill("rollback", "--to", "777").stderr)
    ]
    dirty = next(
        line
        for line in repository.sandbox.firedrill("rollback", "--to", "777").stderr.splitlines()
        if "uncommitted" in line
    )
    number = re.search(r"update (\d+)", dirty)
    assert number is not None and int(number[1]) in numbers
    result = repository.sandbox.firedrill("rollback", "--to", number[1], "--check")
    assert result.returncode == 1
    assert "with uncommitted changes, which are lost" in " ".join(result.stdout.split())
