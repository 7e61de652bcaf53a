"""The whole stack with the published Datadog plugin instead of ours, where that plugin is on PATH."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from firedrill.engine import environment
from tests.e2e.conftest import Sandbox, new_sandbox, output

PLUGIN = environment.PUBLISHED_PLUGIN
pytestmark = pytest.mark.e2e


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox in which nothing runs yet."""
    made = new_sandbox(tmp_path / "home")
    yield made
    made.firedrill("down")


@pytest.mark.skipif(shutil.which(PLUGIN) is None, reason=f"the published plugin {PLUGIN} is not on PATH")
def test_the_published_provider_brings_the_stack_up_unchanged_without_drift_and_destroys_it(own: Sandbox) -> None:
    for arguments in (["up"], ["up"], ["drift"], ["destroy"]):
        answer = own.firedrill(*arguments, "--provider", "published")
        assert answer.returncode == 0, output(answer)
        if arguments == ["up"]:
            last = answer.stdout
    assert "unchanged)" in last


@pytest.mark.skipif(shutil.which(PLUGIN) is not None, reason=f"{PLUGIN} is on PATH")
def test_without_the_plugin_one_line_says_what_to_do(own: Sandbox) -> None:
    answer = own.firedrill("preview", "--provider", "published")
    assert answer.returncode == 1
    assert PLUGIN in answer.stderr
    assert "pulumi plugin install resource datadog" in answer.stderr
    assert "Traceback" not in output(answer)
