"""The outcome of a scenario for each alert: its transitions, notifications and pages on the virtual clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firedrill.evaluate import Recording, Timeline, Transition
from firedrill.notify import Rendered, render
from firedrill.notify.deliver import Delivery, PageResolved, PageResponses, Unresolved, WorkflowRun, deliver
from firedrill.notify.directory import Directory
from firedrill.notify.handles import read_handles
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.paging import Page
from firedrill.notify.template import TemplateError
from firedrill.query import metric_references, parse
from firedrill.scenario.definitions import Definitions

SIGNAL = "severity:signal"
"""The tag of monitors that notify nobody and that composites read."""


@dataclass(frozen=True)
class Notification:
    """One notification of a monitor and its deliveries."""

    transition: Transition
    rendered: Rendered
    deliveries: Sequence[Delivery]


@dataclass(frozen=True)
class Paging:
    """One step of a page: the people and the schedules (names) that are paged at a time (epoch seconds).

    ``page`` is the page's place among those of its alert.
    """

    time: float
    people: tuple[str, ...]
    schedules: tuple[str, ...]
    page: int = 0


@dataclass
class AlertOutcome:
    """The outcome for one monitor. ``alert`` is its resource name in the program.

    ``missing_metrics`` are the metrics that its query reads and that the scenario's telemetry lacks; ``teams_known``
    is whether the account's teams are known, so that handles can be resolved.
    """

    alert: str
    monitor: Mapping[str, Any]
    transitions: list[Transition] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    pagings: list[Paging] = field(default_factory=list)
    missing_metrics: list[str] = field(default_factory=list)
    teams_known: bool = False

    def fired(self) -> float | None:
        """Return the time of its first transition to ALERT."""
        return next((transition.time for transition in self.transitions if transition.new == "ALERT"), None)

    def cleared(self) -> float | None:
        """Return the time at which its last group left ALERT; None if a group is in ALERT at the end."""
        states: dict[str, str] = {}
        cleared = None
        for transition in self.transitions:
            if states.get(transition.group_name) == "ALERT" and transition.new != "ALERT":
                cleared = transition.time
            states[transition.group_name] = transition.new
        return None if "ALERT" in states.values() else cleared

    def episodes(self) -> list[tuple[float, bool]]:
        """Return each time at which the alert began (True) or ended (False). It lasts while any group is in ALERT."""
        states: dict[str, str] = {}
        edges: list[tuple[float, bool]] = []
        for transition in self.transitions:
            states[transition.group_name] = transition.new
            active = "ALERT" in states.values()
            if active != (bool(edges) and edges[-1][1]):
                edges.append((transition.time, active))
        return edges

    def pages(self) -> list[Page]:
        """Return the pages that its notifications opened."""
        return [delivery for delivery in self._deliveries() if isinstance(delivery, Page)]

    def workflow_runs(self) -> list[WorkflowRun]:
        """Return the workflow runs that its notifications started."""
        return [delivery for delivery in self._deliveries() if isinstance(delivery, WorkflowRun)]

    def unresolved(self) -> list[Unresolved]:
        """Return the handles in its messages that reach nobody."""
        return [delivery for delivery in self._deliveries() if isinstance(delivery, Unresolved)]

    def _deliveries(self) -> list[Delivery]:
        return [delivery for notification in self.notifications for delivery in notification.deliveries]


def alert_outcomes(definitions: Definitions, timeline: Timeline, telemetry: Recording) -> dict[str, AlertOutcome]:
    """Return each monitor's outcome by its resource name."""
    outcomes = {}
    emitted = set(telemetry.metrics())
    for monitor in sorted(definitions.account.monitors, key=definitions.alert):
        missing: list[str] = []
        if monitor["type"] in {"query alert", "metric alert"}:
            references = metric_references(parse(monitor["type"], monitor["query"]))
            missing = sorted({reference.metric for reference in references} - emitted)
        outcome = alert_outcome(definitions, monitor, list(timeline.transitions_of(monitor["id"])), missing)
        outcomes[outcome.alert] = outcome
    return outcomes


def alert_outcome(
    definitions: Definitions, monitor: Mapping[str, Any], transitions: list[Transition], missing_metrics: list[str]
) -> AlertOutcome:
    """Return the outcome of one monitor for its transitions."""
    directory = definitions.directory
    outcome = AlertOutcome(definitions.alert(monitor), monitor, transitions, missing_metrics=missing_metrics)
    outcome.teams_known = bool(directory.teams)
    outcome.notifications = _notifications(directory, monitor, transitions)
    outcome.pagings = [
        paging for place, page in enumerate(outcome.pages()) for paging in _pagings(page, place, directory)
    ]
    return outcome


def _notifications(
    directory: Directory, monitor: Mapping[str, Any], transitions: Sequence[Transition]
) -> list[Notification]:
    """Return the notifications of a monitor. Nobody acknowledges a page: it escalates until a recovery resolves it."""
    rendered = [(transition, _rendered(monitor, transition)) for transition in transitions if transition.notify]
    notifications: list[Notification] = []
    resolved: dict[str, float] = {}
    for transition, text in reversed(rendered):
        responses = PageResponses(resolved=resolved.get(transition.notified_name))
        deliveries = deliver(directory, monitor, transition, text, responses)
        if any(isinstance(delivery, PageResolved) for delivery in deliveries):
            resolved[transition.notified_name] = transition.time
        notifications.append(Notification(transition, text, deliveries))
    return notifications[::-1]


def _rendered(monitor: Mapping[str, Any], transition: Transition) -> Rendered:
    """Return a notification; texts with an open block go out as they are written."""
    try:
        return render(monitor, transition)
    except TemplateError:
        text = str(monitor.get("message") or "")
        return Rendered(str(monitor.get("name") or ""), text, read_handles(text), monitor.get("priority"))


def _pagings(page: Page, place: int, directory: Directory) -> list[Paging]:
    """Return the steps of a page with names in place of ids."""
    names = {str(data(schedule).get("id")): str(attributes(schedule).get("name")) for schedule in directory.schedules}
    return [
        Paging(
            step.time,
            tuple(directory.user_name(user) for user in step.who),
            tuple(name for schedule, name in names.items() if f"schedule {schedule}" in step.why),
            place,
        )
        for step in page.steps
    ]
