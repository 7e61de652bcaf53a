"""Each command of the pages that a newcomer reads is run by a test, or has its reason; each of its options exists."""

import re

import pytest
from typer.main import get_command

from firedrill.cli.main import app
from tests.conftest import ROOT
from tests.documented import ALONE, ELSEWHERE, NOT_RUN, PAGES, WITH_A_STACK, documented, usage

RUN = [*ALONE, *WITH_A_STACK, *ELSEWHERE, *NOT_RUN]
COMMANDS = [(page, command) for page in PAGES for command in dict.fromkeys(documented(page))]


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_of_a_page_has_its_place(page: str, command: str) -> None:
    assert any(_is_that(known, usage(command)) for known in RUN), f"{page}: `{command}` is not in tests/documented.py"


def _is_that(known: str, command: str) -> bool:
    """Return whether a documented command is a known one, perhaps with names or options after it."""
    return f"{command} ".startswith(f"{known} ") or f"{known} ".startswith(f"{command} ")


@pytest.mark.parametrize(("command", "file"), ELSEWHERE.items())
def test_a_command_with_a_test_of_its_own_is_in_it(command: str, file: str) -> None:
    words = command.split()[1:]
    text = (ROOT / file).read_text()
    assert all(f'"{word}"' in text or f"{word}(" in text or f"{word}_" in text for word in words), f"{file}: {command}"


@pytest.mark.parametrize("command", sorted({command for _, command in COMMANDS if command.startswith("firedrill ")}))
def test_each_option_of_a_command_exists(command: str) -> None:
    name = command.split()[1]
    known = getattr(get_command(app), "commands", {})[name]
    options = {option for parameter in known.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {*re.findall(r"(?<!\w)--?[a-z][a-z-]*", command)} <= options


def test_nothing_is_kept_that_no_page_names() -> None:
    commands = [usage(command) for _, command in COMMANDS]
    assert [known for known in RUN if not any(_is_that(known, command) for command in commands)] == []
