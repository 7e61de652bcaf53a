"""The progress of a proof, as a command shows it."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Whoever is told what a proof does: the command line, or nobody."""

    def track(self, what: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        """Yield the items and show how many of them are done."""
        ...

    def problem(self, text: str) -> None:
        """Show why the proof will fail, as soon as it is known."""
        ...


class Silent:
    """Progress that nobody watches."""

    def track(self, what: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        """Yield the items."""
        yield from items

    def problem(self, text: str) -> None:
        """Show nothing."""
