"""The plays of an alert that a report draws: a scenario in which it fires, and the closest in which it stays quiet."""

from collections.abc import Iterator, Sequence

import numpy as np

from firedrill.evaluate import Timeline
from firedrill.evaluate.model import Json
from firedrill.prove.play import ScenarioOutcome
from firedrill.prove.proof import Proof
from firedrill.scenario.clock import Clock
from firedrill.scenario.outcome import AlertOutcome
from firedrill.scenario.plot import plot_data
from firedrill.scenario.scenario import Scenario
from firedrill.scenario.words import after, course, expected


def plays(proof: Proof, alert: str) -> list[Json]:
    """Return the plays of an alert: the best in which it fires, one with another kind of telemetry, and a quiet one."""
    outcomes = {outcome.staged.name: outcome for outcome in proof.outcomes if not outcome.staged.delays}
    firing = [outcome for outcome in outcomes.values() if _fires(outcome, alert)]
    quiet = [outcomes[name] for name in proof.coverage.quiet[alert] if name in outcomes]
    chosen = list(_one_of_each(firing))
    closest = min(quiet, key=lambda outcome: _distance(outcome, alert), default=None)
    if closest is not None and closest not in chosen and alert in closest.alerts:
        chosen.append(closest)
    return [
        play_data(
            outcome.staged.name,
            outcome.staged.scenario,
            outcome.staged.clock,
            outcome.timeline,
            outcome.alerts[alert],
            real=outcome.staged.real,
        )
        for outcome in chosen
    ]


def _fires(outcome: ScenarioOutcome, alert: str) -> bool:
    of_alert = outcome.alerts.get(alert)
    return of_alert is not None and of_alert.fired() is not None


def _one_of_each(firing: Sequence[ScenarioOutcome]) -> Iterator[ScenarioOutcome]:
    """Yield the first scenario with telemetry of the service, and the first with simulated telemetry."""
    for real in (True, False):
        yield from [outcome for outcome in firing if outcome.staged.real is real][:1]


def _distance(outcome: ScenarioOutcome, alert: str) -> float:
    """Return how far an alert's value stays from its threshold, as a share of the threshold."""
    of_alert = outcome.alerts.get(alert)
    threshold = ((of_alert.monitor.get("options") or {}).get("thresholds") or {}).get("critical") if of_alert else None
    if of_alert is None or threshold is None or of_alert.monitor["id"] not in outcome.timeline.monitors:
        return np.inf
    values = [value for value in outcome.timeline.values(of_alert.monitor["id"]).values() if value.size]
    if not values or not np.isfinite(np.concatenate(values)).any():
        return np.inf
    return float(np.nanmin(np.abs(np.concatenate(values) - float(threshold)))) / (abs(float(threshold)) or 1.0)


def play_data(
    name: str, scenario: Scenario, clock: Clock, timeline: Timeline, outcome: AlertOutcome, *, real: bool
) -> Json:
    """Return one play of an alert: the scenario and the result in words, and the plot."""
    return {
        "scenario": name,
        "title": scenario.title,
        "telemetry": "real" if real else "simulated",
        "course": course(scenario),
        "expected": "; ".join(map(expected, scenario.expectations_of(outcome.alert))) or "stays quiet",
        "result": result_words(outcome, clock),
        "fired": outcome.fired() is not None,
        "plot": plot_data(clock, timeline, outcome),
    }


def result_words(outcome: AlertOutcome, clock: Clock) -> str:
    """Return when an alert fired and cleared, whom it paged and what it started."""
    fired, cleared = outcome.fired(), outcome.cleared()
    if fired is None:
        return "stayed quiet"
    parts = [f"fired {after(fired - clock.failure, 'the failure began')}"]
    parts.append(
        "did not clear" if cleared is None else f"cleared {after(cleared - clock.remediation, 'the remediation')}"
    )
    people = dict.fromkeys(person for paging in outcome.pagings for person in paging.people)
    parts += [f"paged {', '.join(people)}"] if people else []
    parts += [f"started {handle}" for handle in sorted({run.handle for run in outcome.workflow_runs()})]
    return ", ".join(parts)
