"""The walks of CONTRIBUTING.md, each applied to a copy of the repository, with the commands that it names."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.commands import command_of, copy_checkout, run

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (Add [^\n]+)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(diff|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WALKS = {title: BLOCK.findall(body) for title, body in SECTION.findall(PAGE)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the checkout's files, with its environment."""
    return copy_checkout(tmp_path)


def test_there_are_four_walks() -> None:
    assert list(WALKS) == ["Add an alert", "Add a metric", "Add a policy", "Add an endpoint to the sandbox"]
    assert all({kind for kind, _ in blocks} == {"diff", "bash"} for blocks in WALKS.values())


@pytest.mark.parametrize("title", WALKS)
def test_a_walk_works_as_it_is_written(copy: Path, title: str) -> None:
    for kind, content in WALKS[title]:
        if kind == "diff":
            run(copy, ["git", "apply", "--recount", "-C1", "-"], content)
        else:
            for line in content.splitlines():
                run(copy, command_of(line))
