"""The two consoles that commands write to: standard output for results, standard error for messages."""

import os
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.text import TextType

UNLIMITED = 10_000
"""Columns of a file or a pipe, so that no name of a table is cut; ``COLUMNS`` overrides it."""
RULE = 80
"""Columns of a rule where columns are unlimited."""


class OutputConsole(Console):
    """A console that cuts nothing where its output is not a terminal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)
        if not self.is_terminal and not os.environ.get("COLUMNS"):
            self.width = UNLIMITED

    def rule(self, title: TextType = "", **options: Any) -> None:
        """Print a line with a title, of the width of a terminal."""
        self.print(Rule(title=title, **options), width=min(self.width, RULE) if self.width == UNLIMITED else None)


console = OutputConsole()
errors = OutputConsole(stderr=True)
