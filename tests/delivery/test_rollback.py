"""The way back on the real engine: the revision in seconds, the whole program from git, and what it costs before."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.delivery.conftest import Repository, new_repository
from tests.e2e.conftest import output
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
    """Two commits, both deployed: the second has other code, another model, another threshold and a monitor more."""
    made = new_repository(tmp_path_factory.mktemp("rollback"))
    made.edit("Pulumi.local.yaml", "policies:level: mandatory", "policies:level: advisory")
    made.commit("Policies advise")
    try:
        first = made.sandbox.firedrill("up")
        assert first.returncode == 0, output(first)
        made.edit("infra/objectives.py", r"SLOW_CHAT = Threshold\(\s+4,", "SLOW_CHAT = Threshold(\n    9,")
        made.edit("Pulumi.local.yaml", "modelPrimary: gemini-3.8-flash", "modelPrimary: gemini-3.5-flash")
        made.edit("service/__init__.py", r"\A", "# Other code, so that there is another revision.\n")
        program = made.root / "infra" / "__main__.py"
        program.write_text(program.read_text() + EXTRA)
        made.commit("Another threshold")
        second = made.sandbox.firedrill("up")
        assert second.returncode == 0, output(second)
        yield made
    finally:
        made.sandbox.firedrill("down")


def serving(repository: Repository) -> str:
    """The revision that has the requests."""
    status = httpx.get(f"http://localhost:{repository.sandbox.settings.google_port}/-/status", timeout=10).json()
    [target] = [one for one in status["services"][0]["traffic"] if one["percent"] == 100]
    return str(target["revision"])


def model(repository: Repository) -> str:
    """The model that answers."""
    token = repository.sandbox.pulumi("config", "get", "llm-api:operatorToken", "-s", "local").stdout.strip()
    url = f"http://localhost:{repository.sandbox.settings.port}/v1/control"
    return str(httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()["model"])


def names(repository: Repository) -> list[str]:
    """The monitors of the account."""
    return sorted(one["name"] for one in repository.sandbox.datadog("GET", "/api/v1/monitor"))


def test_the_check_says_what_would_be_lost_and_whether_the_way_back_exists(repository: Repository) -> None:
    before = names(repository), serving(repository)
    told = repository.sandbox.firedrill("rollback", "--to", "1", "--check")
    assert told.returncode == 0, output(told)
    assert "delete Monitor extra" in told.stdout
    assert "update Monitor chat-slow" in told.stdout
    assert "Lost: Monitor extra loses its states" in told.stdout
    assert "The way back, at update 2" in told.stdout
    assert "The way there and back exists." in told.stdout
    assert (names(repository), serving(repository)) == before
    assert repository.git("worktree", "list").count("\n") == 0


def test_an_unknown_update_lists_those_that_there_are(repository: Repository) -> None:
    told = repository.sandbox.firedrill("rollback", "--to", "77")
    assert told.returncode == 1
    assert "77 is no update of this stack" in told.stderr
    assert "update 1 of 20" in told.stderr and "Another threshold" in told.stderr


def test_an_emergency_return_by_the_workflow_survives_the_next_up(repository: Repository) -> None:
    sandbox, second = repository.sandbox, serving(repository)
    listed = sandbox.datadog("GET", "/api/v2/workflows")["data"]
    [workflow] = [one for one in listed if one["attributes"]["spec"]["handle"] == "roll-back"]
    assert run(sandbox, workflow)["status"] == "succeeded"
    returned = serving(repository)
    assert returned != second
    looked = sandbox.firedrill("drift")
    assert looked.returncode == 0 and "an emergency return must survive" in looked.stdout, output(looked)
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
    # The newest revision never served: an emergency now returns to what served before, not from the newest to this one.
    assert run(sandbox, workflow)["status"] == "succeeded"
    assert serving(repository) == returned
    forward = sandbox.firedrill("rollback", "--to", second)
    assert forward.returncode == 0, output(forward)
    assert serving(repository) == second


def test_the_revision_returns_in_seconds_though_the_program_does_not_import_and_survives_the_next_up(
    repository: Repository,
) -> None:
    second = serving(repository)
    program = repository.root / "infra" / "__main__.py"
    whole = program.read_text()
    program.write_text("this is not Python\n")
    try:
        began = time.monotonic()
        told = repository.sandbox.firedrill("rollback", "--to", "1")
        took = time.monotonic() - began
    finally:
        program.write_text(whole)
    assert told.returncode == 0, output(told)
    first = serving(repository)
    assert first != second
    assert re.search(rf"Revision {first} has all requests after \d+ s", told.stdout)
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


def test_the_whole_program_returns_from_git_and_half_way_says_what_changed(repository: Repository) -> None:
    sandbox = repository.sandbox
    first = repository.git("rev-parse", "HEAD~1")
    back = sandbox.firedrill("rollback", "--to", first, "--alerts")
    assert back.returncode == 0, output(back)
    assert "extra" not in names(repository)
    assert sandbox.monitor("chats are slow")["options"]["thresholds"]["critical"] == 4
    history = sandbox.pulumi("stack", "history", "-s", "local", "--json").stdout
    assert first in history

    sandbox.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": "/api/v1/dashboard"}]})
    try:
        half = sandbox.firedrill("rollback", "--to", "HEAD", "--alerts")
    finally:
        sandbox.datadog("DELETE", "/-/faults")
    assert half.returncode == 1
    assert "the roll-back failed half-way" in half.stderr
    changed = half.stderr.split("Changed before it failed:")[1]
    # How far it got before the first refusal is chance: what it says is what is so.
    reached = sandbox.monitor("chats are slow")["options"]["thresholds"]["critical"] != 4
    assert ("update Monitor chat-slow" in changed) == reached
    assert ("create Monitor extra" in changed) == ("extra" in names(repository))
    assert re.search(r"(create|update) \w+ [\w-]+", changed)
    assert "Traceback" not in output(half)
    restored = sandbox.firedrill("up")
    assert restored.returncode == 0, output(restored)
    assert sandbox.monitor("chats are slow")["options"]["thresholds"]["critical"] == 9
    assert "extra" in names(repository)


def test_an_update_of_uncommitted_changes_cannot_be_made_again(repository: Repository) -> None:
    numbers = [
        int(one)
        for one in re.findall(r"update (\d+) of", repository.sandbox.firedrill("rollback", "--to", "777").stderr)
    ]
    dirty = next(
        line
        for line in repository.sandbox.firedrill("rollback", "--to", "777").stderr.splitlines()
        if "uncommitted" in line
    )
    number = re.search(r"update (\d+)", dirty)
    assert number is not None and int(number[1]) in numbers
    told = repository.sandbox.firedrill("rollback", "--to", number[1], "--check")
    assert told.returncode == 1
    assert "changes that were not committed" in " ".join(told.stdout.split())
