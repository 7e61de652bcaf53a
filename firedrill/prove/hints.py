"""The next step for a scenario that is not as expected: the line that it lacks, or the signal that it does not know."""

from collections.abc import Iterator
from math import ceil

from firedrill.prove.dependencies import matching_signals, with_members
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.play import ScenarioOutcome, play
from firedrill.prove.staging import StagedScenario, stage_changes
from firedrill.scenario.clock import Clock
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import AlertOutcome
from firedrill.scenario.scenario import SignalChanges

MOST_REPLAYS = 12
"""The number of signals that are left out one by one for one alert."""
MARGIN = 60
"""Seconds that a suggested expectation leaves."""


def hints(definitions: Definitions, outcome: ScenarioOutcome, ordinary: Ordinary) -> dict[str, str]:
    """Return a hint for the first problem of each alert, by the problem's text."""
    firsts: dict[str, str] = {}
    for problem in outcome.problems:
        firsts.setdefault(problem.partition(":")[0], problem)
    results = {}
    for alert, problem in firsts.items():
        if alert in outcome.alerts and (texts := list(_hints_of(definitions, outcome, ordinary, alert))):
            results[problem] = "; ".join(texts)
    return results


def _hints_of(definitions: Definitions, outcome: ScenarioOutcome, ordinary: Ordinary, alert: str) -> Iterator[str]:
    staged = outcome.staged
    if not staged.scenario.expectations_of(alert) and outcome.alerts[alert].fired() is not None:
        line = expectation_line(outcome.alerts[alert], staged.clock)
        yield f"if it should fire, add to `then` of {staged.name}.yaml: {line}"
    for signal in _disturbing_signals(definitions, staged, ordinary, alert):
        yield (
            f"it is as expected without the signal {signal} of ordinary.yaml, which {staged.name}.yaml does not "
            "change: change it there, too, or exclude it in the query"
        )


def expectation_line(outcome: AlertOutcome, clock: Clock) -> str:
    """Return the line of a scenario that says what the alert did, with a margin of a minute."""
    fired, cleared = outcome.fired(), outcome.cleared()
    parts = [f"alert: {outcome.alert}"]
    if fired is not None and fired >= clock.failure:
        parts.append(f"fires_within: {_minutes(fired - clock.failure)}m")
    if cleared is not None and cleared >= clock.remediation:
        parts.append(f"clears_within: {_minutes(cleared - clock.remediation)}m")
    return f"- {{{', '.join(parts)}}}"


def _minutes(seconds: float) -> int:
    return ceil((seconds + MARGIN) / 60)


def _disturbing_signals(
    definitions: Definitions, staged: StagedScenario, ordinary: Ordinary, alert: str
) -> Iterator[str]:
    """Yield each signal that the scenario does not name and without which the alert is as expected."""
    changes = staged.scenario.given
    if not isinstance(changes, SignalChanges):
        return
    monitor = next(item for item in definitions.account.monitors if definitions.alert(item) == alert)
    monitors = with_members(definitions, monitor)
    named = {*changes.healthy, *changes.failing, *changes.remediated}
    matching = matching_signals(definitions, monitors, ordinary).signals
    candidates = [name for name, signal in matching.items() if signal.rate and name not in named]
    for name in candidates[:MOST_REPLAYS]:
        others = {key: signal for key, signal in ordinary.signals.items() if key != name}
        without = stage_changes(
            staged.name, staged.scenario, changes, ordinary.model_copy(update={"signals": others})
        ).for_alert(alert)
        replayed = play(definitions.with_monitors(monitors), without, readings=False)
        if not any(problem.startswith(f"{alert}:") for problem in replayed.problems):
            yield name
