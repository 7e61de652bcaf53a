"""The commands, targets, files, headings and paths that the documentation names exist."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from firedrill.cli.main import app
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = ("benchmarks", "docs", "drills", "firedrill", "infra", "policies", "presets", "service", "tests")
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
NOT_OURS = {"infra/checkout.py", "firedrill/served", "tests/v1/cassettes", "tests/v2/cassettes"}
"""Names that look like paths: a command's output, an annotation, folders of another repository."""
VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
NOT_READ_HERE = {"DEPLOY_ACCOUNT", "NO_COLOR", "PREVIEW_ACCOUNT"}
"""Placeholders of commands, and a variable that a library reads."""
READ_IN = ("*.py", "*.js", "*.mjs", "*.ts", "*.yml", "*.yaml", "Makefile", "Dockerfile")
"""The files that may read a variable or define a constant."""
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
    for target, heading in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text()):
        if "://" not in target:
            file = page.parent / target if target else page
            assert file.exists(), f"{page.name} links to {target}"
            assert not heading or heading in anchors(file), f"{page.name} links to {target}#{heading}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_a_page_names_exist(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for path in re.findall(r"`([^`\s]+)`", prose):
        if PATH.fullmatch(path) and "KEY" not in path and path not in NOT_OURS:
            assert (ROOT / path).exists(), f"{page.name} names {path}"


@cache
def names_in_code() -> frozenset[str]:
    """Return the names in capitals that the repository's files have, beside its documentation."""
    listed = subprocess.run(["git", "ls-files", *READ_IN], cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(name for file in listed.stdout.split() for name in VARIABLE.findall((ROOT / file).read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_variables_that_a_page_names_are_read(page: Path) -> None:
    names = {name for line in code(page.read_text()) for name in VARIABLE.findall(line)}
    assert not names - names_in_code() - NOT_READ_HERE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_table_has_a_heading(page: Path) -> None:
    lines = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL).splitlines()
    for before, first, second in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if first.startswith("|") and not before.startswith("|"):
            assert second.startswith(("|--", "| --")), f"{page.name}: {first[:60]}"
