"""The virtual times of a scenario."""

from dataclasses import dataclass

from firedrill.scenario.scenario import Scenario

WARM_UP = 1800
"""Seconds of telemetry before the first evaluation, since a deployed account has a past."""


@dataclass(frozen=True)
class Clock:
    """The virtual times of a scenario, in epoch seconds."""

    start: float
    failure: float
    remediation: float
    end: float

    @property
    def evaluation_start(self) -> float:
        """The time of the first evaluation, which is later than the first telemetry."""
        return min(self.start + WARM_UP, (self.start + self.failure) // 2 // 60 * 60)


def clock_from(scenario: Scenario, start: float) -> Clock:
    """Return the virtual times of a scenario that begins at ``start`` (epoch seconds)."""
    phases = scenario.timeline
    failure = start + phases.healthy
    remediation = failure + phases.failing
    return Clock(start, failure, remediation, remediation + phases.remediated)


def format_minutes(seconds: float) -> str:
    """Return a duration in full minutes: ``6 min``."""
    return f"{seconds / 60:.0f} min"
