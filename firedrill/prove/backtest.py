"""Backtest: compare the alerts of two versions of a stack on the same telemetry, and report it as Markdown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firedrill.evaluate import run
from firedrill.prove.account.export_folder import AccountExport, read_export, to_iso
from firedrill.prove.alert_chart import alert_chart, definitions_differ
from firedrill.prove.collect import from_program
from firedrill.prove.months import WEEK, month
from firedrill.prove.noise import measure_noise
from firedrill.prove.play import ScenarioOutcome, play
from firedrill.prove.proof import ProofInputs, read_inputs
from firedrill.prove.revision import files_of
from firedrill.scenario.clock import format_minutes
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import AlertOutcome, alert_outcomes

Played = tuple[ScenarioOutcome, ScenarioOutcome]
"""A scenario as the earlier and as the later version play it."""
MAX_CHARTS = 5
"""Charts in one comment."""
SAME_ALERT = 15 * 60
"""Seconds within which the alerts of two versions are the same one."""
SHOWN_TIMES = 5
"""The number of times that a line lists."""


@dataclass(frozen=True)
class AlertChange:
    """A change of one alert; where: a scenario, the ordinary weeks or an export's days, "" for the alert itself."""

    alert: str
    where: str
    change: str

    @property
    def row(self) -> str:
        """The change as a row of a Markdown table."""
        where = f" {self.where}" if self.where else ""
        return f"| {self.alert} |{where} | {self.change} |"


@dataclass(frozen=True)
class Comparison:
    """The comparison of two versions. ``charts`` are Markdown."""

    alerts: int
    scenarios: int
    months: int
    changes: list[AlertChange]
    charts: list[str]


def markdown(comparison: Comparison) -> str:
    """Return a comparison as a table with charts."""
    text = [
        f"{comparison.alerts} alerts, {comparison.scenarios} scenarios, {comparison.months} ordinary months.",
        "",
    ]
    if comparison.changes:
        text += ["| alert | where | change |", "|---|---|---|", *(change.row for change in comparison.changes)]
    else:
        text.append("No alert behaves differently.")
    return "\n".join([*text, *comparison.charts]) + "\n"


def compare_revision(root: Path, base: str, stack: str, seeds: int, data: Path | None = None) -> Comparison:
    """Compare the checkout with one of its git revisions.

    Both run over the checkout's scenarios, over ``seeds`` ordinary months, and over exported ``data``.
    """
    with files_of(root, base) as folder:
        before = from_program(folder, stack)
    after = read_inputs(from_program(root, stack), root / "drills")
    return compare(before, after, seeds, None if data is None else read_export(data))


def compare(before: Definitions, after: ProofInputs, seeds: int, exported: AccountExport | None = None) -> Comparison:
    """Return the changes of each alert: new, removed, gained, lost, earlier, later, and its noise."""
    old = [before.alert(monitor) for monitor in before.account.monitors]
    new = [after.definitions.alert(monitor) for monitor in after.definitions.account.monitors]
    changes = [AlertChange(alert, "", "new alert") for alert in new if alert not in old]
    changes += [AlertChange(alert, "", "**alert removed**") for alert in old if alert not in new]
    in_scenarios, charts = _scenario_changes(before, after)
    changes += [*in_scenarios, *_noise_changes(before, after, seeds)]
    if exported is not None:
        changes += changes_on_export(before, after.definitions, exported)
    return Comparison(len(new), len(after.scenarios), seeds, changes, charts)


def _scenario_changes(before: Definitions, after: ProofInputs) -> tuple[list[AlertChange], list[str]]:
    """Return the rows of alerts that behave differently, and charts of alerts that are new or evaluate differently."""
    changed = _changed_alerts(before, after.definitions)
    shown: dict[str, tuple[int, Played]] = {}
    rows = []
    for staged in after.staged():
        played = play(before, staged, readings=False), play(after.definitions, staged, readings=False)
        rows += [
            AlertChange(alert, staged.name, change)
            for alert in sorted(played[0].alerts.keys() & played[1].alerts.keys())
            if (change := _behaviour_change(alert, *played))
        ]
        for alert in changed:
            if (interest := _interest(alert, *played)) > shown.get(alert, (0,))[0]:
                shown[alert] = interest, played
    return rows, _charts(before, changed, {alert: played for alert, (_, played) in shown.items()})


def _changed_alerts(before: Definitions, after: Definitions) -> list[str]:
    """Return the alerts that are new or whose query or options differ."""
    earlier = {before.alert(monitor): monitor for monitor in before.account.monitors}
    return [
        alert
        for monitor in after.account.monitors
        if (alert := after.alert(monitor)) not in earlier or definitions_differ(earlier[alert], monitor)
    ]


def _behaviour_change(alert: str, before: ScenarioOutcome, after: ScenarioOutcome) -> str:
    """Return the change of an alert's behaviour in a scenario; empty if there is none."""
    old, new, failure = before.alerts[alert], after.alerts[alert], after.staged.clock.failure
    return _time_change(old.fired(), new.fired(), "fires", failure) or _time_change(
        old.cleared(), new.cleared(), "clears", failure
    )


def _charts(before: Definitions, changed: Sequence[str], shown: Mapping[str, Played]) -> list[str]:
    """Return the chart of each changed alert in the scenario that shows most of it."""
    earlier = {before.alert(monitor) for monitor in before.account.monitors}
    charts = [
        alert_chart(alert, shown[alert][1], shown[alert][0] if alert in earlier else None)
        for alert in changed
        if alert in shown
    ]
    drawn = [chart for chart in charts if chart]
    rest = [f"{len(drawn) - MAX_CHARTS} more alerts changed."] if len(drawn) > MAX_CHARTS else []
    return [line for chart in [*drawn[:MAX_CHARTS], *rest] for line in ("", chart)]


def _interest(alert: str, before: ScenarioOutcome, after: ScenarioOutcome) -> int:
    """Return how much a scenario shows of an alert: 3 for a change of behaviour, 2 if it fires, 1 if it is named."""
    if after.staged.delays or alert not in after.alerts:
        return 0
    if alert in before.alerts and _behaviour_change(alert, before, after):
        return 3
    return 2 if after.alerts[alert].fired() is not None else int(bool(after.staged.scenario.expectations_of(alert)))


def _time_change(old: float | None, new: float | None, verb: str, failure: float) -> str:
    """Return the change of one time, in minutes after the failure; empty if there is none."""
    if old == new:
        return ""
    if old is None and new is not None:
        return f"**gained**: {verb} after {format_minutes(new - failure)}"
    if old is not None and new is None:
        return f"**lost**: no longer {verb}, which it did after {format_minutes(old - failure)}"
    assert old is not None and new is not None
    direction = "later" if new > old else "earlier"
    times = f"after {format_minutes(new - failure)} instead of {format_minutes(old - failure)}"
    return f"{verb} {format_minutes(abs(new - old))} {direction} ({times})"


def _noise_changes(before: Definitions, after: ProofInputs, seeds: int) -> list[AlertChange]:
    """Return the changes of notifications a week in ordinary months."""
    old: Counter[str] = Counter()
    new: Counter[str] = Counter()
    weeks = 0.0
    for seed in range(seeds):
        telemetry = month(after.ordinary, seed)
        noise = measure_noise(before, telemetry)
        old += noise.notified
        new += measure_noise(after.definitions, telemetry).notified
        weeks += noise.weeks
    return [
        AlertChange(
            alert, "ordinary weeks", f"{old[alert] / weeks:.2f} → {new[alert] / weeks:.2f} notifications a week"
        )
        for alert in dict.fromkeys([*old, *new])
        if abs(old[alert] - new[alert]) / weeks > 0.005
    ]


def changes_on_export(before: Definitions, after: Definitions, exported: AccountExport) -> list[AlertChange]:
    """Return a change for each alert that behaves differently on an account's own telemetry."""
    weeks = (exported.end - exported.start) / WEEK
    span = f"{to_iso(exported.start)[:10]} to {to_iso(exported.end)[:10]}"
    old, new = _outcomes_on(before, exported), _outcomes_on(after, exported)
    changes = []
    for alert in sorted(old.keys() & new.keys()):
        old_times, new_times = _alert_times(old[alert]), _alert_times(new[alert])
        old_count, new_count = len(old[alert].notifications), len(new[alert].notifications)
        if old_times == new_times and old_count == new_count:
            continue
        change = f"{len(old_times)} → {len(new_times)} alerts, "
        change += f"{old_count / weeks:.2f} → {new_count / weeks:.2f} notifications a week"
        if lost := _unmatched(old_times, new_times):
            change += f"; no longer at {', '.join(lost[:SHOWN_TIMES])}"
        if gained := _unmatched(new_times, old_times):
            change += f"; newly at {', '.join(gained[:SHOWN_TIMES])}"
        changes.append(AlertChange(alert, span, change))
    return changes


def _outcomes_on(definitions: Definitions, exported: AccountExport) -> dict[str, AlertOutcome]:
    timeline = run(definitions.account, exported.telemetry, exported.start, exported.end, strict=False)
    return alert_outcomes(definitions, timeline, exported.telemetry)


def _alert_times(outcome: AlertOutcome) -> list[float]:
    return [transition.time for transition in outcome.transitions if transition.new == "ALERT"]


def _unmatched(times: list[float], others: list[float]) -> list[str]:
    """Return the times, to the minute, that no other time is near."""
    return [to_iso(time)[:16] for time in times if not any(abs(time - other) <= SAME_ALERT for other in others)]
