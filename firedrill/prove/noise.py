"""The noise of alerts: how often they notify in ordinary time, in which every alert is a false one."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from firedrill.evaluate import Recording, run
from firedrill.notify.deliver import Message
from firedrill.notify.paging import Page
from firedrill.prove.findings import Finding
from firedrill.prove.months import BEGIN, WEEK
from firedrill.prove.simulate import MINUTE
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import SIGNAL, alert_outcomes

NOISY = 7
"""The false alerts a week beyond which nobody believes an alert."""
WARM_UP = 8 * 3600
"""Seconds of a month before the first evaluation."""


@dataclass
class Noise:
    """Counts by alert of notifications, pages and false alerts: changes to ALERT, or to No Data that notifies.

    ``teams`` counts the notifications by team.
    """

    weeks: float = 0
    notified: Counter[str] = field(default_factory=Counter)
    paged: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    teams: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Noise") -> "Noise":
        """Return the sum of both."""
        return Noise(
            self.weeks + other.weeks,
            self.notified + other.notified,
            self.paged + other.paged,
            self.alerts + other.alerts,
            self.teams + other.teams,
        )

    def noisy(self, definitions: Definitions) -> Iterator[Finding]:
        """Yield the alerts that are false more often than once a day. Signals, which notify nobody, may be on."""
        for monitor in definitions.account.monitors:
            alert = definitions.alert(monitor)
            weekly = self.alerts[alert] / self.weeks if self.weeks else 0.0
            if weekly > NOISY and SIGNAL not in (monitor.get("tags") or ()):
                yield Finding(alert, "noisy", f"alerts {weekly:.0f} times a week while nothing is wrong")

    def problems(self, budget: dict[str, float]) -> list[str]:
        """Return a line for each team that gets more notifications a week than its budget, with the noisiest alerts."""
        problems = []
        for team, count in self.teams.items():
            allowed = budget.get(team)
            if allowed is not None and count / self.weeks > allowed:
                noisiest = ", ".join(f"{name} {times / self.weeks:.1f}" for name, times in self.notified.most_common(3))
                problems.append(
                    f"{team} gets {count / self.weeks:.1f} notifications in an ordinary week, more than its budget of "
                    f"{allowed:g} (most from: {noisiest})"
                )
        return problems


def measure_noise(
    definitions: Definitions, telemetry: Recording, days: int = 30, alerts: Collection[str] = ()
) -> Noise:
    """Evaluate days of ordinary telemetry and count what the alerts do: those of these names, or all."""
    timeline = run(definitions.account, telemetry, BEGIN + WARM_UP, BEGIN + days * 86400 - MINUTE, strict=False)
    noise = Noise(days * 86400 / WEEK)
    for outcome in alert_outcomes(definitions, timeline, telemetry).values():
        if alerts and outcome.alert not in alerts:
            continue
        noise.alerts[outcome.alert] += sum(
            transition.new == "ALERT" or (transition.new == "NO DATA" and transition.notify)
            for transition in outcome.transitions
            if transition.kind == "transition"
        )
        for sent in outcome.notifications:
            if sent.transition.new == "OK":
                continue
            noise.notified[outcome.alert] += bool(sent.deliveries) or not definitions.directory.teams
            for delivery in sent.deliveries:
                if isinstance(delivery, Page):
                    noise.paged[outcome.alert] += 1
                    noise.teams[delivery.team] += 1
                elif isinstance(delivery, Message):
                    noise.teams[delivery.name] += 1
    return noise
