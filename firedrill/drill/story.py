"""What happened to one alert on the virtual clock, and whether that is what the scenario says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firedrill.drill.scenario import Expectation, Scenario
from firedrill.evaluate import Transition
from firedrill.notify import Rendered
from firedrill.notify.deliver import Delivery, Unresolved, WorkflowRun
from firedrill.notify.directory import Directory
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.paging import Page

WARM_UP = 1800
"""Seconds of telemetry before the first evaluation: an account that is deployed has a past."""
SIGNAL = "severity:signal"
"""The tag of monitors that tell nobody and that composites read."""


@dataclass(frozen=True)
class Clock:
    """The virtual times of a drill, in epoch seconds."""

    start: float
    failure: float
    remediation: float
    end: float

    @property
    def watched(self) -> float:
        """When evaluation begins: telemetry does so at the start."""
        return min(self.start + WARM_UP, (self.start + self.failure) // 2 // 60 * 60)


@dataclass(frozen=True)
class Notification:
    """One notification of a monitor and where it went."""

    transition: Transition
    rendered: Rendered
    deliveries: Sequence[Delivery]


@dataclass(frozen=True)
class Paged:
    """One paging of a page: who (names), by which schedules (names), when (epoch seconds)."""

    time: float
    people: tuple[str, ...]
    schedules: tuple[str, ...]


def pagings(page: Page, directory: Directory) -> list[Paged]:
    """The steps of a page with names in place of ids."""
    names = {str(data(one).get("id")): str(attributes(one).get("name")) for one in directory.schedules}
    return [
        Paged(
            step.time,
            tuple(directory.user_name(user) for user in step.who),
            tuple(name for schedule, name in names.items() if f"schedule {schedule}" in step.why),
        )
        for step in page.steps
    ]


@dataclass
class Story:
    """One monitor under one failure. ``alert`` is its resource name in the program."""

    alert: str
    monitor: Mapping[str, Any]
    transitions: list[Transition] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    pagings: list[Paged] = field(default_factory=list)
    missing_metrics: list[str] = field(default_factory=list)

    def fired(self) -> float | None:
        """When it first went to ALERT."""
        return next((change.time for change in self.transitions if change.new == "ALERT"), None)

    def cleared(self) -> float | None:
        """When its last group left ALERT, if none is in ALERT at the end."""
        states: dict[str, str] = {}
        cleared = None
        for change in self.transitions:
            if states.get(change.group_name) == "ALERT" and change.new != "ALERT":
                cleared = change.time
            states[change.group_name] = change.new
        return None if "ALERT" in states.values() else cleared

    def turns(self) -> list[tuple[float, bool]]:
        """Each time that the alert as a whole began (True) or ended: any of its groups in ALERT."""
        states: dict[str, str] = {}
        found: list[tuple[float, bool]] = []
        for change in self.transitions:
            states[change.group_name] = change.new
            on = "ALERT" in states.values()
            if on != (bool(found) and found[-1][1]):
                found.append((change.time, on))
        return found

    def pages(self) -> list[Page]:
        """Pages that its notifications opened."""
        return [one for sent in self.notifications for one in sent.deliveries if isinstance(one, Page)]

    def runs(self) -> list[WorkflowRun]:
        """Workflow runs that its notifications started."""
        return [one for sent in self.notifications for one in sent.deliveries if isinstance(one, WorkflowRun)]

    def unresolved(self) -> list[Unresolved]:
        """Handles in its messages that reach nobody."""
        return [one for sent in self.notifications for one in sent.deliveries if isinstance(one, Unresolved)]


def judge(scenario: Scenario, stories: Mapping[str, Story], clock: Clock, *, remediated: bool = True) -> list[str]:
    """What is not as the scenario says, a line each; empty when the drill holds.

    Where nothing was ``remediated``, nothing is said about clearing.
    """
    expected = {expectation.alert: expectation for expectation in scenario.then}
    problems = [f"{name}: the account has no such alert" for name in expected if name not in stories]
    for name, story in stories.items():
        expectation = expected.get(name)
        if expectation is None and SIGNAL in (story.monitor.get("tags") or ()):
            continue
        if expectation is None or expectation.stays == "quiet":
            problems += _unexpected(story)
        else:
            problems += _firing(expectation, story, clock)
            problems += _clearing(expectation, story, clock) if remediated else []
            problems += _steady(expectation, story, clock)
        problems += [f"{name}: {one.handle} in its message reaches nobody: {one.reason}" for one in story.unresolved()]
    return problems


def _unexpected(story: Story) -> list[str]:
    fired = story.fired()
    return [] if fired is None else [f"{story.alert}: fired, and no one expected it to"]


def _firing(expectation: Expectation, story: Story, clock: Clock) -> list[str]:
    fired, name = story.fired(), story.alert
    if fired is None:
        reason = "".join(f"; nothing emits {metric}, which its query reads" for metric in story.missing_metrics)
        return [f"{name}: did not fire{reason}"]
    problems = []
    if fired < clock.failure:
        problems.append(f"{name}: fired {_minutes(clock.failure - fired)} before the failure")
    elif expectation.fires_within is not None and fired - clock.failure > expectation.fires_within:
        late = _minutes(fired - clock.failure)
        problems.append(f"{name}: fired after {late}, not within {_minutes(expectation.fires_within)}")
    problems += _message(expectation, story)
    return problems


def _clearing(expectation: Expectation, story: Story, clock: Clock) -> list[str]:
    if expectation.clears_within is None or story.fired() is None:
        return []
    cleared = story.cleared()
    if cleared is None:
        return [f"{story.alert}: did not clear"]
    late = cleared - clock.remediation
    if late > expectation.clears_within:
        return [f"{story.alert}: cleared after {_minutes(late)}, not within {_minutes(expectation.clears_within)}"]
    return []


def _steady(expectation: Expectation, story: Story, clock: Clock) -> list[str]:
    """An alert holds from its first minute until the remediation: one that ends by itself is forgotten, one that comes
    and goes is muted."""
    turns = story.turns()
    begun = sum(on for _, on in turns)
    if begun > 1 and not expectation.flaps:
        return [f"{story.alert}: came and went {begun} times"]
    ended = next((time for time, on in turns if not on), None)
    if ended is not None and ended < clock.remediation and not (expectation.flaps or expectation.ends_early):
        return [f"{story.alert}: cleared {_minutes(clock.remediation - ended)} before the failure ended"]
    return []


def _message(expectation: Expectation, story: Story) -> list[str]:
    problems = []
    texts = [sent.rendered.text for sent in story.notifications if sent.transition.new == "ALERT"]
    wanted = expectation.message_contains
    if wanted is not None and not any(wanted in text for text in texts):
        problems.append(f"{story.alert}: no message contains {wanted!r}")
    runs = {run.handle for run in story.runs()}
    if expectation.runs is not None and expectation.runs not in runs:
        problems.append(f"{story.alert}: did not start the workflow {expectation.runs}")
    paged = {name for one in story.pagings[:1] for name in (*one.people, *one.schedules)}
    if expectation.pages is not None and expectation.pages not in paged:
        reached = ", ".join(sorted(paged)) or "nobody"
        problems.append(f"{story.alert}: paged {reached}, not {expectation.pages}")
    if expectation.pages is None and story.pages():
        problems.append(f"{story.alert}: paged, and the scenario does not say that it pages")
    return problems


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"
