"""A row of the fault table, and what was found of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Check:
    """One thing that must be true, what was measured, and whether it was."""

    what: str
    measured: str
    holds: bool


@dataclass
class Report:
    """What a row did and measured; ``say`` gets each line as it comes."""

    say: Callable[[str], None] = print
    did: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def do(self, text: str) -> None:
        """Tell what is being done."""
        self.did.append(text)
        self.say(f"    {text}")

    def check(self, what: str, measured: object, holds: bool) -> None:
        """Tell what was measured, and whether it is as it must be."""
        self.checks.append(Check(what, str(measured), holds))
        self.say(f"    {'ok  ' if holds else 'FAIL'} {what}: {measured}")

    @property
    def failed(self) -> list[Check]:
        """What did not hold."""
        return [one for one in self.checks if not one.holds]


@dataclass(frozen=True)
class Row:
    """One fault. ``run`` gets a folder of its own, a report, and whether seconds must be enough."""

    name: str
    fault: str
    run: Callable[[Path, Report, bool], None]
