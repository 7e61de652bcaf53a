"""Findings: faults of one monitor by itself, by name.

The names come from monitors of public stacks that were deployed, stayed silent or were noisy, and were found wrong only
in operation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firedrill.checks.monitor import monitor_faults
from firedrill.evaluate import Account, Recording, Refused, evaluate_at, run
from firedrill.evaluate.model import Json
from firedrill.evaluate.parsed_monitor import check_query, parse_monitor
from firedrill.notify.lint import lint_message
from firedrill.prove.matches import Stretch, group_counts, unmatched
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.simulate import MINUTE, course_of, simulate
from firedrill.prove.staging import BEGIN
from firedrill.prove.state_paths import recipient_problems
from firedrill.query import QueryError
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import SIGNAL, alert_outcomes
from firedrill.scenario.scenario import SignalChange

BUSY = 8
"""The multiple of ordinary traffic that a healthy service may get without an alert."""
HOURS = 5
END = BEGIN + HOURS * 3600
EVALUATION_START = BEGIN + 3600
READS_OTHERS = ("composite", "slo alert", "synthetics alert")
"""Types that read other definitions, without which they cannot be evaluated."""
STORM = 10
"""The number of groups that may notify one by one; more are a storm."""


@dataclass(frozen=True)
class Finding:
    """A fault of an alert. ``kind`` is its name; ``error`` is whether the alert cannot do its work."""

    alert: str
    kind: str
    text: str
    error: bool = True

    def __str__(self) -> str:
        return f"{self.alert}: {self.kind}: {self.text}"


def findings(definitions: Definitions, ordinary: Ordinary | None) -> list[Finding]:
    """Return all findings. Without ``ordinary`` telemetry, only those in the monitors' texts."""
    telemetry = None if ordinary is None else _Telemetry(ordinary)
    results = [Finding(unread.name, "not-read", unread.reason) for unread in definitions.unread]
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        results += (Finding(alert, "message", str(problem), error=problem.error) for problem in lint_message(monitor))
        results += (Finding(alert, "recipients", text) for text in recipient_problems(definitions, monitor))
        reasons = list(_not_evaluable(definitions, monitor))
        results += reasons
        if telemetry is not None and not reasons:
            results += _in_telemetry(definitions, alert, monitor, telemetry)
    return results


def evaluable(definitions: Definitions) -> Definitions:
    """Return the definitions without the monitors that cannot be evaluated, each of which has a finding."""
    monitors = definitions.account.monitors
    return definitions.with_monitors(
        [monitor for monitor in monitors if next(_not_evaluable(definitions, monitor), None) is None]
    )


def _not_evaluable(definitions: Definitions, monitor: Json) -> Iterator[Finding]:
    """Yield the reasons why Datadog refuses a monitor, or else why it cannot be evaluated here."""
    alert, existing = definitions.alert(monitor), {str(other["id"]) for other in definitions.account.monitors}
    faults = list(monitor_faults(monitor, monitor_exists=existing.__contains__, slo_exists=None))
    for fault in faults:
        yield Finding(alert, "not-a-query" if fault.is_query else "not-valid", fault.detail)
    if not faults:
        try:
            check_query(parse_monitor(monitor), monitor)
            if monitor["type"] not in READS_OTHERS:
                evaluate_at(Account([monitor]), Recording(), [BEGIN])
        except (Refused, QueryError) as error:
            yield Finding(alert, "refused", str(error))


def _in_telemetry(definitions: Definitions, alert: str, monitor: Json, telemetry: "_Telemetry") -> Iterator[Finding]:
    try:
        if monitor["type"] != "synthetics alert":
            for text in unmatched(monitor, Stretch(telemetry.complete, BEGIN, END)):
                yield Finding(alert, "reads-nothing", text)
            yield from _group_storm(alert, monitor, Stretch(telemetry.usual, BEGIN, END))
    except Refused as error:
        yield Finding(alert, "refused", str(error))
        return
    # A signal is a state that a composite reads: it may be on all day.
    if monitor["type"] != "composite" and SIGNAL not in (monitor.get("tags") or ()):
        yield from _false_alerts(definitions, alert, monitor, telemetry)


class _Telemetry:
    """Some hours of ordinary telemetry: usual, with more traffic, and complete with all that ordinarily is absent."""

    def __init__(self, ordinary: Ordinary) -> None:
        self.usual = self._scaled(ordinary, 1)
        self.busy = self._scaled(ordinary, BUSY)
        courses = {
            name: course_of(signal, [(HOURS * 60, SignalChange(rate=max(signal.rate, 1)))])
            for name, signal in ordinary.signals.items()
        }
        self.complete = simulate(ordinary, courses, BEGIN)

    @staticmethod
    def _scaled(ordinary: Ordinary, factor: float) -> Recording:
        courses = {
            name: course_of(
                signal, [(HOURS * 60, SignalChange(rate=signal.rate * factor) if signal.follows_traffic else None)]
            )
            for name, signal in ordinary.signals.items()
        }
        return simulate(ordinary, courses, BEGIN)


def _group_storm(alert: str, monitor: Json, stretch: Stretch) -> Iterator[Finding]:
    """Yield the queries of a monitor with too many groups: one common cause would be a storm of notifications."""
    if (monitor.get("options") or {}).get("notify_by"):
        return
    for count, keys in group_counts(monitor, stretch):
        if keys and count > STORM:
            text = f"{count} groups by {', '.join(keys)} notify one by one for one common cause: set notify_by"
            yield Finding(alert, "group-storm", text)


def _false_alerts(definitions: Definitions, alert: str, monitor: Json, telemetry: _Telemetry) -> Iterator[Finding]:
    """Yield the alerts of a monitor while nothing is wrong, with usual traffic and with more."""
    alone = definitions.with_monitors([monitor])
    fires = []
    for recording in (telemetry.usual, telemetry.busy):
        timeline = run(alone.account, recording, EVALUATION_START, END - MINUTE, strict=False)
        if timeline.refused:
            yield Finding(alert, "refused", str(next(iter(timeline.refused.values()))))
            return
        outcome = next(iter(alert_outcomes(alone, timeline, recording).values()))
        fires.append(any(np.any(states == "ALERT") for states in timeline.states(monitor["id"]).values()))
        notifies_no_data = any(change.notify and change.new == "NO DATA" for change in outcome.transitions)
        if recording is telemetry.usual and notifies_no_data:
            yield Finding(alert, "fires-in-ordinary-time", "notifies about missing data while nothing is wrong")
    if fires[0]:
        yield Finding(alert, "fires-in-ordinary-time", "is in alert while nothing is wrong")
    elif fires[1]:
        text = f"fires when a healthy service gets {BUSY} times the traffic: use a ratio"
        yield Finding(alert, "counts-traffic", text, error=False)
