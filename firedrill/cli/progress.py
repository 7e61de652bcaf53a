"""Progress on standard error: bars on a terminal, a line for each finished step elsewhere."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Item = TypeVar("Item")
COLUMNS = (
    TextColumn("{task.description:<36}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


class ShownProgress:
    """Progress of a command: steps with a number of items, and problems as they are known."""

    def __init__(self, console: Console, bars: Progress) -> None:
        self._console, self._bars = console, bars

    def track(self, what: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        """Yield the items and show how many of them are done."""
        began = time.monotonic()
        task = self._bars.add_task(escape(what), total=total)
        for item in items:
            self._bars.advance(task)
            yield item
        if not self._console.is_terminal and total:
            self._console.print(f"{escape(what)}: {total} in {time.monotonic() - began:.0f} s")

    def problem(self, text: str) -> None:
        """Show a problem above the bars."""
        self._console.print(f"[red]Not proven[/red]  {escape(text)}", soft_wrap=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show a step of unknown length until it is done."""
        began = time.monotonic()
        task = self._bars.add_task(escape(what), total=None)
        yield
        self._bars.update(task, total=1, completed=1)
        if not self._console.is_terminal:
            self._console.print(f"{escape(what)}: {time.monotonic() - began:.0f} s")


@contextmanager
def shown_progress(console: Console) -> Iterator[ShownProgress]:
    """Show progress while a command runs. On a terminal its bars are gone afterwards."""
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield ShownProgress(console, bars)
