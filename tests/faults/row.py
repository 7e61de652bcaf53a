"""The types of the fault table: a row is a fault, its report the checks that were made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Check:
    """A requirement, the measured value, and whether the requirement holds."""

    requirement: str
    measured: str
    holds: bool


@dataclass
class Report:
    """The steps and checks of a row; ``log`` gets each line as it comes."""

    log: Callable[[str], None] = print
    steps: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def note(self, step: str) -> None:
        """Record a step, or a measurement that nothing is required of."""
        self.steps.append(step)
        self.log(f"    {step}")

    def check(self, requirement: str, measured: object, holds: bool) -> None:
        """Record a measured value, and whether the requirement holds."""
        self.checks.append(Check(requirement, str(measured), holds))
        self.log(f"    {'ok  ' if holds else 'FAIL'} {requirement}: {measured}")

    @property
    def failed(self) -> list[Check]:
        """The checks that do not hold."""
        return [check for check in self.checks if not check.holds]


@dataclass(frozen=True)
class Row:
    """A fault. ``run`` gets a folder of its own, the report, and whether to run in the short form."""

    name: str
    fault: str
    run: Callable[[Path, Report, bool], None]
