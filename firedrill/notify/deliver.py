"""From a rendered notification to what happens: pages, workflow runs, messages, and handles that reach nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firedrill.notify.directory import Directory
from firedrill.notify.handles import Handle, parse_handle
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.paging import Page, page
from firedrill.notify.oncall.routing import STATUS, Alert
from firedrill.notify.render import Rendered
from firedrill.notify.rules import recipients
from firedrill.notify.transition import Transition, subject

Json = Mapping[str, Any]


@dataclass(frozen=True)
class PageResolved:
    """A recovery whose text mentions a team's handle: its open page for this monitor resolves."""

    team: str


@dataclass(frozen=True)
class WorkflowRun:
    """A published workflow with a monitor trigger starts; ``workflow_id`` is the account's."""

    handle: str
    parameters: Mapping[str, str]
    workflow_id: str | None = None


@dataclass(frozen=True)
class Message:
    """Something is sent: ``kind`` is team, email, integration, incident (one is declared) or case (one is opened)."""

    kind: str
    name: str


@dataclass(frozen=True)
class Unresolved:
    """A handle that reaches nothing, and why."""

    handle: str
    reason: str


Delivery = Page | PageResolved | WorkflowRun | Message | Unresolved


@dataclass(frozen=True)
class PageAnswers:
    """How people answer, for a drill: when a page is acknowledged, and how many pages each team had before."""

    acknowledged: float | None = None
    resolved: float | None = None
    pages_before: Mapping[str, int] = field(default_factory=dict)


def deliver(
    directory: Directory,
    monitor: Json,
    transition: Transition,
    rendered: Rendered,
    answers: PageAnswers | None = None,
) -> list[Delivery]:
    """What a notification does in an account: its own handles first, then the recipients of notification rules."""
    added = recipients(directory.notification_rules, monitor, transition)
    handles: list[Handle] = []
    for handle in [*rendered.handles, *(parse_handle(name) for name in added)]:
        if handle and handle not in handles:
            handles.append(handle)
    sent = _Sent(directory, monitor, transition, rendered, answers or PageAnswers())
    return [delivery for handle in handles for delivery in sent.to(handle)]


@dataclass(frozen=True)
class _Sent:
    directory: Directory
    monitor: Json
    transition: Transition
    rendered: Rendered
    answers: PageAnswers

    def to(self, handle: Handle) -> list[Delivery]:
        reason = unresolved(self.directory, handle)
        if reason is not None:
            return [Unresolved(str(handle), reason)]
        match handle.kind:
            case "oncall":
                return self._oncall(handle)
            case "workflow":
                return [_workflow(self.directory, handle.name, handle.parameters)]
            case "incident" if self.transition.new == "OK":
                return []
        return [Message(handle.kind, handle.name)]

    def _oncall(self, handle: Handle) -> list[Delivery]:
        team = self.directory.team(handle.name)
        assert team is not None
        if self.transition.new == "OK":
            return [PageResolved(handle.name)]
        made = page(
            self.directory,
            team,
            alert_of(self.monitor, self.transition, self.rendered),
            self.transition.time,
            acknowledged=self.answers.acknowledged,
            resolved=self.answers.resolved,
            page_number=self.answers.pages_before.get(handle.name, 0),
        )
        runs = [_workflow(self.directory, name, {}) for name in made.workflows]
        return [made, *runs, *(Message("integration", text) for text in made.messages)]


def alert_of(monitor: Json, transition: Transition, rendered: Rendered) -> Alert:
    """What routing rules see of a notification: the monitor's tags, its group, priority and state."""
    tags: dict[str, list[str]] = {}
    for tag in monitor.get("tags") or ():
        key, _, value = tag.partition(":")
        tags.setdefault(key, []).append(value)
    return Alert(tags, subject(monitor, transition), rendered.priority, STATUS.get(transition.new, "error"))


def unresolved(directory: Directory, handle: Handle) -> str | None:
    """Why a handle reaches nothing in an account; None when it does."""
    if handle.kind in ("oncall", "team"):
        return None if directory.team(handle.name) is not None else "no team has this handle"
    if handle.kind == "workflow":
        found = directory.workflow(handle.name)
        if found is None:
            return "no workflow has this handle"
        known = attributes(found)
        if not known.get("published"):
            return "the workflow is not published"
        triggers = (known.get("spec") or {}).get("triggers") or ()
        some = any("monitorTrigger" in trigger or "onCallTrigger" in trigger for trigger in triggers)
        return None if some else "the workflow has no monitor trigger"
    names = {
        "incident": directory.incident_options,
        "case": directory.case_projects,
        "integration": directory.integrations,
    }.get(handle.kind)
    return None if names is None or handle.name in names else f"the account has no such {handle.kind}"


def _workflow(directory: Directory, name: str, parameters: Mapping[str, str]) -> Delivery:
    reason = unresolved(directory, Handle("workflow", name))
    if reason is not None:
        return Unresolved(f"workflow-{name}", reason)
    return WorkflowRun(name, parameters, data(directory.workflow(name) or {}).get("id"))
