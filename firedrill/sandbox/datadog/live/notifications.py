"""What a transition that notifies sets off: its message, and for each handle a page, a workflow run or a record.

The decisions are :func:`firedrill.notify.deliver.deliver`'s; here they are carried out, by the :class:`Means` of the
running sandbox or of a drill.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from firedrill.evaluate import Transition
from firedrill.notify import Rendered, TemplateError, render
from firedrill.notify.deliver import Delivery, Message, PageResolved, Unresolved, WorkflowRun, deliver
from firedrill.notify.directory import Directory as Routing
from firedrill.notify.oncall.paging import Page
from firedrill.sandbox.datadog.live.workflows import NotStarted

Json = dict[str, Any]


class Paging(Protocol):
    """Where pages go."""

    def open(self, made: Page, monitor: Mapping[str, Any], transition: Transition, rendered: Rendered) -> str:
        """Open a page; returns its id."""
        ...

    def resolve(self, team: str, monitor: Mapping[str, Any], transition: Transition) -> str | None:
        """Resolve the page that this monitor's group opened; None when none is open."""
        ...


@dataclass(frozen=True)
class Means:
    """How deliveries happen. ``start_workflow`` takes handle, inputs and source, and may raise NotStarted."""

    routing: Callable[[], Routing]
    paging: Paging
    start_workflow: Callable[[str, Mapping[str, Any], Json], str]
    declare_incident: Callable[[Json], Json]


def notify(monitor: Mapping[str, Any], transition: Transition, means: Means) -> list[Json]:
    """Carry out all that a notification does: one record for each delivery with its outcome."""
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
    deliveries = deliver(means.routing(), monitor, transition, rendered)
    if not deliveries:
        return [{**base, "handle": None, "outcome": "nobody is notified"}]
    return [{**base, **_carry_out(one, monitor, transition, rendered, means)} for one in deliveries]


def _carry_out(
    delivery: Delivery, monitor: Mapping[str, Any], transition: Transition, rendered: Rendered, means: Means
) -> Json:
    match delivery:
        case Page():
            found = {
                "handle": f"@oncall-{delivery.team}",
                "page_id": means.paging.open(delivery, monitor, transition, rendered),
            }
            if delivery.problem:
                return {**found, "outcome": f"reaches nobody: {delivery.problem}", "failed": True}
            return {**found, "outcome": f"page open ({delivery.urgency}), policy {delivery.policy}"}
        case PageResolved(team):
            page = means.paging.resolve(team, monitor, transition)
            outcome = "page resolved" if page else "no page is open"
            return {"handle": f"@oncall-{team}", "outcome": outcome, "page_id": page}
        case WorkflowRun(handle, parameters, _):
            try:
                instance = means.start_workflow(handle, parameters, source_of(monitor, transition, rendered))
            except NotStarted as refusal:
                return {"handle": f"@workflow-{handle}", "outcome": f"not started: {refusal}"}
            return {"handle": f"@workflow-{handle}", "outcome": "workflow started", "instance_id": instance}
        case Message("incident", name):
            incident = means.declare_incident(incident_of(monitor, rendered))
            return {"handle": f"@incident-{name}", "outcome": "incident declared", "incident_id": incident["id"]}
        case Message(kind, name):
            return {"handle": f"@{name}", "outcome": f"recorded, not sent ({kind}): this machine reaches nobody"}
        case Unresolved(handle, reason):
            return {"handle": f"@{handle}", "outcome": f"reaches nothing: {reason}", "failed": True}


def source_of(monitor: Mapping[str, Any], transition: Transition, rendered: Rendered) -> Json:
    """``Source`` of a workflow that a monitor starts (https://docs.datadoghq.com/actions/workflows/variables)."""
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
    """Attributes of an incident that ``@incident-`` declares: fields come from the monitor's tags."""
    tags = [str(tag).partition(":") for tag in monitor.get("tags") or ()]
    fields = {key: {"type": "textbox", "value": value} for key, _, value in tags if value}
    return {"title": rendered.title, "customer_impacted": False, "fields": fields}
