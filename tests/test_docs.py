"""What the documentation names exists: commands, targets, files that it links to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from firedrill.cli import app
from tests.conftest import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS = set(getattr(get_command(app), "commands", {}))
TARGETS = set(re.findall(r"^([a-z][a-z -]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
TARGETS = {target for line in TARGETS for target in line.split()}


def code(text: str) -> Iterator[str]:
    """Inline code and lines of code blocks."""
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for block in re.findall(r"```(?:bash|text|sh)\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_names_exist(page: Path) -> None:
    for line in code(page.read_text()):
        for command in re.findall(r"\bfiredrill ([a-z][a-z-]*)", line):
            assert command in COMMANDS, f"{page.name}: firedrill {command}"
        for target in re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", line):
            assert target in TARGETS, f"{page.name}: make {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
