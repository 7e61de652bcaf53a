"""The whole stack with the published Datadog plugin instead of ours, where that plugin is on this machine."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from firedrill.engine.published_plugin import PROGRAM, plugin_folder
from firedrill.engine.stack import ORGANISATION
from firedrill.errors import KnownFailure
from firedrill.settings import Provider
from tests.e2e.conftest import Sandbox, check_ok, new_sandbox, output
from tests.e2e.delivery.conftest import Repository, new_repository
from tests.e2e.isolated.test_drift_of_every_kind import edit_every_kind, reported_drift

pytestmark = [pytest.mark.e2e]


def is_installed() -> bool:
    """Return whether the plugin is on PATH or in Pulumi's folder."""
    try:
        plugin_folder()
    except KnownFailure:
        return False
    return True


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Provide a repository whose stack is up with the published plugin."""
    repo = new_repository(tmp_path_factory.mktemp("published"))
    settings = replace(repo.sandbox.settings, provider=Provider.PUBLISHED)
    repo = replace(repo, sandbox=replace(repo.sandbox, settings=settings))
    try:
        check_ok(repo.sandbox.firedrill("up"))
        yield repo
    finally:
        repo.sandbox.firedrill("down")


def check_unchanged(sandbox: Sandbox, provider: Provider) -> None:
    """Check that neither the program nor the account differs from the state, as a provider sees it."""
    preview = check_ok(sandbox.firedrill("preview", "--markdown", "--provider", provider))
    assert "No resource changes" in preview, preview
    assert "No drift in" in check_ok(sandbox.firedrill("drift", "--provider", provider))


def monitors(sandbox: Sandbox) -> dict[str, str]:
    """Return the account's monitors without their times, by name."""
    times = ("modified", "created", "overall_state", "overall_state_modified", "state", "matching_downtimes")
    listed = sandbox.datadog("GET", "/api/v1/monitor")
    return {
        item["name"]: json.dumps({key: item[key] for key in item if key not in times}, sort_keys=True)
        for item in listed
    }


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason=f"the published plugin {PROGRAM} is not on this machine")
@pytest.mark.timeout(1800)
class TestPublishedProvider:
    """In the order of the story; each test leaves the stack as it found it."""

    def test_a_second_up_changes_nothing(self, repository: Repository) -> None:
        assert "unchanged)" in check_ok(repository.sandbox.firedrill("up"))
        check_unchanged(repository.sandbox, Provider.PUBLISHED)

    def test_a_refresh_changes_nothing(self, repository: Repository) -> None:
        for folder in ("", ORGANISATION):
            check_ok(repository.sandbox.pulumi("refresh", "-s", "local", "--yes", folder=folder))
            again = ("preview", "-s", "local", "--refresh", "--expect-no-changes")
            check_ok(repository.sandbox.pulumi(*again, folder=folder))

    def test_drift_names_an_edit_of_each_kind_and_an_up_restores_it(self, repository: Repository) -> None:
        edited = edit_every_kind(repository.sandbox)
        drifted = repository.sandbox.firedrill("drift", "--markdown")
        assert drifted.returncode == 3, output(drifted)
        assert sorted(edited - reported_drift(drifted.stdout)) == []
        check_ok(repository.sandbox.firedrill("up", "--refresh"))
        check_unchanged(repository.sandbox, Provider.PUBLISHED)

    def test_a_roll_back_restores_the_earlier_objects(self, repository: Repository) -> None:
        sandbox, first = repository.sandbox, repository.git("rev-parse", "HEAD")
        before = monitors(sandbox)
        repository.edit("infra/objectives.py", r"SLOW_CHAT = Threshold\(4,", "SLOW_CHAT = Threshold(9,")
        repository.commit("Another threshold")
        assert "updated" in check_ok(sandbox.firedrill("up"))
        assert monitors(sandbox) != before
        check = check_ok(sandbox.firedrill("rollback", "--to", first, "--check"))
        assert "update Monitor chat-slow" in check
        check_ok(sandbox.firedrill("rollback", "--to", first, "--alerts"))
        assert monitors(sandbox) == before
        repository.git("reset", "-q", "--hard", first)
        check_unchanged(sandbox, Provider.PUBLISHED)

    def test_destroy_empties_the_account(self, repository: Repository) -> None:
        assert "The account is empty and nothing runs" in check_ok(repository.sandbox.firedrill("destroy"))


@pytest.mark.skipif(is_installed(), reason=f"{PROGRAM} is on this machine")
def test_without_the_plugin_one_line_says_what_to_do(tmp_path: Path) -> None:
    sandbox = new_sandbox(tmp_path / "home")
    answer = sandbox.firedrill("preview", "--provider", "published")
    assert answer.returncode == 1
    assert PROGRAM in answer.stderr
    assert "pulumi plugin install resource datadog" in answer.stderr
    assert "Traceback" not in output(answer)
    assert "Nothing of this sandbox was running" in sandbox.firedrill("down").stdout
