"""The progress of a proof, as a command shows it."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """A receiver of a proof's progress, such as the command line."""

    def track(self, what: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        """Yield the items and show how many of them are done."""
        ...

    def problem(self, text: str) -> None:
        """Show why the proof will fail, as soon as it is known."""
        ...


class Silent:
    """Progress that is not shown."""

    def track(self, what: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        """Yield the items."""
        yield from items

    def problem(self, text: str) -> None:
        """Show nothing."""
