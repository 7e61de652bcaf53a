"""Delivery of a rendered notification: pages, workflow runs, messages, and handles that reach nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firedrill.notify.directory import Directory
from firedrill.notify.handles import Handle, parse_handle
from firedrill.notify.notification_rules import recipients
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.routing import STATUS, Alert
from firedrill.notify.paging import Page, page
from firedrill.notify.render import Rendered
from firedrill.notify.transition import NotifiedTransition, notified_tags

Json = Mapping[str, Any]


@dataclass(frozen=True)
class PageResolved:
    """A recovery that mentions a team's on-call handle: the team's open page for this monitor resolves."""

    team: str


@dataclass(frozen=True)
class WorkflowRun:
    """A run of a published workflow with a monitor trigger; ``workflow_id`` is the account's."""

    handle: str
    parameters: Mapping[str, str]
    workflow_id: str | None = None


@dataclass(frozen=True)
class Message:
    """A message to a team, e-mail address or integration, the declaration of an incident, or a new case."""

    kind: str
    name: str


@dataclass(frozen=True)
class Unresolved:
    """A handle that reaches nothing, with the reason."""

    handle: str
    reason: str


Delivery = Page | PageResolved | WorkflowRun | Message | Unresolved


@dataclass(frozen=True)
class PageResponses:
    """Responses to pages, for a drill: times of acknowledgement and resolution, and each team's earlier pages."""

    acknowledged: float | None = None
    resolved: float | None = None
    pages_before: Mapping[str, int] = field(default_factory=dict)


def deliver(
    directory: Directory,
    monitor: Json,
    transition: NotifiedTransition,
    rendered: Rendered,
    responses: PageResponses | None = None,
) -> list[Delivery]:
    """Deliver a notification in an account: to its own handles first, then to recipients of notification rules."""
    added = recipients(directory.notification_rules, monitor, transition)
    handles: list[Handle] = []
    for handle in [*rendered.handles, *(parse_handle(name) for name in added)]:
        if handle and handle not in handles:
            handles.append(handle)
    notification = _Notification(directory, monitor, transition, rendered, responses or PageResponses())
    return [delivery for handle in handles for delivery in notification.send(handle)]


@dataclass(frozen=True)
class _Notification:
    directory: Directory
    monitor: Json
    transition: NotifiedTransition
    rendered: Rendered
    responses: PageResponses

    def send(self, handle: Handle) -> list[Delivery]:
        reason = unresolved_reason(self.directory, handle)
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
        team_page = page(
            self.directory,
            team,
            routing_alert(self.monitor, self.transition, self.rendered),
            self.transition.time,
            acknowledged=self.responses.acknowledged,
            resolved=self.responses.resolved,
            page_number=self.responses.pages_before.get(handle.name, 0),
        )
        runs = [_workflow(self.directory, name, {}) for name in team_page.workflows]
        return [team_page, *runs, *(Message("integration", text) for text in team_page.messages)]


def routing_alert(monitor: Json, transition: NotifiedTransition, rendered: Rendered) -> Alert:
    """Return a notification as routing rules see it: the monitor's tags, its group, priority and state."""
    tags: dict[str, list[str]] = {}
    for tag in monitor.get("tags") or ():
        key, _, value = tag.partition(":")
        tags.setdefault(key, []).append(value)
    return Alert(tags, notified_tags(monitor, transition), rendered.priority, STATUS.get(transition.new, "error"))


def unresolved_reason(directory: Directory, handle: Handle) -> str | None:
    """Return why a handle reaches nothing in an account; None when it reaches something."""
    if handle.kind in ("oncall", "team"):
        return None if directory.team(handle.name) is not None else "no team has this handle"
    if handle.kind == "workflow":
        workflow = directory.workflow(handle.name)
        if workflow is None:
            return "no workflow has this handle"
        if not attributes(workflow).get("published"):
            return "the workflow is not published"
        triggers = (attributes(workflow).get("spec") or {}).get("triggers") or ()
        has_trigger = any("monitorTrigger" in trigger or "onCallTrigger" in trigger for trigger in triggers)
        return None if has_trigger else "the workflow has no monitor trigger"
    names = {
        "incident": directory.incident_options,
        "case": directory.case_projects,
        "integration": directory.integrations,
    }.get(handle.kind)
    return None if names is None or handle.name in names else f"the account has no such {handle.kind}"


def _workflow(directory: Directory, name: str, parameters: Mapping[str, str]) -> Delivery:
    reason = unresolved_reason(directory, Handle("workflow", name))
    if reason is not None:
        return Unresolved(f"workflow-{name}", reason)
    return WorkflowRun(name, parameters, data(directory.workflow(name) or {}).get("id"))
