"""Play a staged scenario through the declared alerts and judge the outcome."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from firedrill.evaluate import AbsentSeries, EndExclusiveWindows, Recording, Telemetry, Timeline, run
from firedrill.evaluate.conventions import ALIGNED, WINDOW
from firedrill.prove.late import run_late
from firedrill.prove.staging import StagedScenario
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.judge import judge, judge_states
from firedrill.scenario.outcome import AlertOutcome, alert_outcomes


@dataclass
class ScenarioOutcome:
    """The outcome of one scenario: the timeline, the outcome by alert, and the differences from its expectations.

    ``ambiguous`` has the alerts whose verdict would differ under the other reading of an undocumented rule, each with
    the rule and when it fires under both; ``hints`` the next step for a problem, by its text.
    """

    staged: StagedScenario
    timeline: Timeline
    alerts: Mapping[str, AlertOutcome]
    problems: list[str]
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)


def play(definitions: Definitions, staged: StagedScenario, *, readings: bool = True) -> ScenarioOutcome:
    """Evaluate a scenario and judge it, with ``readings`` under both readings of undocumented rules.

    Where telemetry arrives late, only the alerts that the scenario names are evaluated.
    A monitor that cannot be evaluated is a problem.
    """
    if staged.delays:
        alerts_of = {expectation.alert for expectation in staged.scenario.then}
        definitions, timeline = run_late(definitions, alerts_of, staged.telemetry, staged.delays, staged.clock)
        alerts = alert_outcomes(definitions, timeline, staged.telemetry)
        readings = False
    else:
        timeline, alerts = _evaluate(definitions, staged, staged.telemetry)
    problems = judge_all(staged, alerts)
    names = {str(monitor["id"]): definitions.alert(monitor) for monitor in definitions.account.monitors}
    problems += [
        f"{names.get(str(monitor_id), monitor_id)}: cannot be evaluated: {reason}"
        for monitor_id, reason in timeline.refused.items()
    ]
    ambiguous: dict[str, list[str]] = defaultdict(list)
    for rule, telemetry in _other_readings(definitions, timeline, staged.telemetry) if readings else ():
        _, other = _evaluate(definitions, staged, telemetry)
        differing = {problem.partition(":")[0] for problem in set(judge_all(staged, other)) ^ set(problems)}
        for alert in sorted(differing & alerts.keys()):
            here, there = _firing(staged, alerts[alert]), _firing(staged, other[alert])
            ambiguous[alert].append(f"{rule}: fires {here}, under the other reading {there}")
    texts = {alert: "; ".join(rules) for alert, rules in sorted(ambiguous.items())}
    return ScenarioOutcome(staged, timeline, alerts, problems, texts)


def judge_all(staged: StagedScenario, alerts: Mapping[str, AlertOutcome]) -> list[str]:
    """Return all differences between the outcomes of alerts and a scenario's expectations."""
    return [*judge(staged.scenario, alerts, staged.clock), *judge_states(staged.scenario, alerts, staged.clock)]


def _evaluate(
    definitions: Definitions, staged: StagedScenario, telemetry: Telemetry
) -> tuple[Timeline, dict[str, AlertOutcome]]:
    timeline = run(definitions.account, telemetry, staged.clock.evaluation_start, staged.clock.end, strict=False)
    return timeline, alert_outcomes(definitions, timeline, staged.telemetry)


def _other_readings(
    definitions: Definitions, timeline: Timeline, telemetry: Recording
) -> Iterator[tuple[str, Telemetry]]:
    """Yield each undocumented rule that may decide a verdict, with the telemetry of its other reading."""
    if _has_points_on_edges(definitions, telemetry):
        yield WINDOW.name, EndExclusiveWindows(telemetry)
    if any(ALIGNED in track.notes for track in timeline.monitors.values()):
        yield ALIGNED.name, AbsentSeries(telemetry)


def _firing(staged: StagedScenario, outcome: AlertOutcome) -> str:
    """Return how long after the failure an alert fires."""
    fired = outcome.fired()
    return "never" if fired is None else f"{(fired - staged.clock.failure) / 60:.0f} minutes after the failure"


def _has_points_on_edges(definitions: Definitions, telemetry: Recording) -> bool:
    """Return whether any point lies where a window may begin or end; if none does, both readings are the same.

    Windows begin and end at full minutes, and the buckets of an explicit rollup elsewhere, too.
    """
    for monitor in definitions.account.monitors:
        if monitor["type"] in {"query alert", "metric alert"} and ".rollup(" in monitor["query"]:
            return True
    times = [series.times for series in telemetry.all_series]
    times += [telemetry.events(track, -np.inf, np.inf).times for track in telemetry.tracks()]
    return any(bool(np.any(time % 60 == 0)) for time in times)
