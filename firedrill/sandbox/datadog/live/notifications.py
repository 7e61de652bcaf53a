"""Notifications of monitors: the message, and for each handle a page, a workflow run or a record.

:func:`firedrill.notify.deliver.deliver` decides on the deliveries; this module carries them out with
:class:`NotificationTargets`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from firedrill.evaluate import Transition
from firedrill.notify import Rendered, TemplateError, render
from firedrill.notify.deliver import Delivery, Message, PageResolved, Unresolved, WorkflowRun, deliver
from firedrill.notify.directory import Directory as Routing
from firedrill.notify.paging import Page
from firedrill.sandbox.datadog.live.workflows.execution import NotStarted

Json = dict[str, Any]


class PagingService(Protocol):
    """The service that opens and resolves pages."""

    def open(self, page: Page, monitor: Mapping[str, Any], transition: Transition, rendered: Rendered) -> str:
        """Open a page and return its id."""
        ...

    def resolve(self, team: str, monitor: Mapping[str, Any], transition: Transition) -> str | None:
        """Resolve the open page of a monitor's group and return its id, or None when none is open."""
        ...


@dataclass(frozen=True)
class NotificationTargets:
    """Targets of deliveries. ``start_workflow`` takes handle, inputs and source, and may raise NotStarted."""

    routing: Callable[[], Routing]
    paging: PagingService
    start_workflow: Callable[[str, Mapping[str, Any], Json], str]
    declare_incident: Callable[[Json], Json]


def notify(monitor: Mapping[str, Any], transition: Transition, targets: NotificationTargets) -> list[Json]:
    """Carry out all deliveries of a notification and return a record with the outcome of each."""
    base: Json = {
        "time": transition.time,
        "monitor_id": monitor["id"],
        "monitor_name": monitor.get("name"),
        "group": transition.notified_name,
        "transition": f"{transition.old}->{transition.new}",
        "kind": transition.kind,
        "value": transition.value,
        "threshold": transition.threshold,
    }
    try:
        rendered = render(monitor, transition)
    except TemplateError as error:
        return [{**base, "handle": None, "outcome": f"not sent: {error}", "failed": True}]
    base |= {"title": rendered.title, "text": rendered.text}
    deliveries = deliver(targets.routing(), monitor, transition, rendered)
    if not deliveries:
        return [{**base, "handle": None, "outcome": "nobody is notified"}]
    return [{**base, **_carry_out(delivery, monitor, transition, rendered, targets)} for delivery in deliveries]


def _carry_out(
    delivery: Delivery,
    monitor: Mapping[str, Any],
    transition: Transition,
    rendered: Rendered,
    targets: NotificationTargets,
) -> Json:
    match delivery:
        case Page():
            result = {
                "handle": f"@oncall-{delivery.team}",
                "page_id": targets.paging.open(delivery, monitor, transition, rendered),
            }
            if delivery.problem:
                return {**result, "outcome": f"reaches nobody: {delivery.problem}", "failed": True}
            return {**result, "outcome": f"page open ({delivery.urgency}), policy {delivery.policy}"}
        case PageResolved(team):
            page_id = targets.paging.resolve(team, monitor, transition)
            outcome = "page resolved" if page_id else "no page is open"
            return {"handle": f"@oncall-{team}", "outcome": outcome, "page_id": page_id}
        case WorkflowRun(handle, parameters, _):
            try:
                instance = targets.start_workflow(handle, parameters, source_of(monitor, transition, rendered))
            except NotStarted as refusal:
                return {"handle": f"@workflow-{handle}", "outcome": f"not started: {refusal}"}
            return {"handle": f"@workflow-{handle}", "outcome": "workflow started", "instance_id": instance}
        case Message("incident", name):
            incident = targets.declare_incident(incident_of(monitor, rendered))
            return {"handle": f"@incident-{name}", "outcome": "incident declared", "incident_id": incident["id"]}
        case Message(kind, name):
            return {
                "handle": f"@{name}",
                "outcome": f"recorded, not sent ({kind}): the sandbox sends nothing outside this machine",
            }
        case Unresolved(handle, reason):
            return {"handle": f"@{handle}", "outcome": f"reaches nothing: {reason}", "failed": True}


def source_of(monitor: Mapping[str, Any], transition: Transition, rendered: Rendered) -> Json:
    """Return ``Source`` of a workflow that a monitor starts: https://docs.datadoghq.com/actions/workflows/variables."""
    details = {key: value for key, value in asdict(transition).items() if key != "event"}
    return {
        "name": "monitor",
        "url": f"https://app.datadoghq.com/monitors/{monitor['id']}",
        "monitor": {
            "id": monitor["id"],
            "name": monitor.get("name"),
            "type": monitor.get("type"),
            "query": monitor.get("query"),
            "message": rendered.text,
            "title": rendered.title,
            "tags": list(monitor.get("tags") or ()),
            "priority": rendered.priority,
            "state": transition.new,
            "group": dict(transition.notified_group),
            "value": transition.value,
            "transition": details,
        },
    }


def incident_of(monitor: Mapping[str, Any], rendered: Rendered) -> Json:
    """Return the attributes of an incident that ``@incident-`` declares, with the monitor's tags as fields."""
    tags = [str(tag).partition(":") for tag in monitor.get("tags") or ()]
    fields = {key: {"type": "textbox", "value": value} for key, _, value in tags if value}
    return {"title": rendered.title, "customer_impacted": False, "fields": fields}
