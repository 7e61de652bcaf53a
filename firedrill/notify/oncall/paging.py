"""One page: from a team's routing rules to the people paged (D/incident_response/on-call/pages)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from firedrill.notify.oncall.escalation import Escalation, PagingStep, Policy, Status, escalate, policy_of
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.routing import Alert, Route, route
from firedrill.notify.oncall.schedule import shift_at

if TYPE_CHECKING:  # the directory itself asks schedules of this package
    from firedrill.notify.directory import Directory

Json = Mapping[str, Any]
MAX_REROUTES = 5


@dataclass(frozen=True)
class Page:
    """A page of a team: ``steps`` in order, times in epoch seconds; the rule's own ``workflows`` and ``messages``.

    ``problem`` says why nobody is paged, where nobody is; ``held`` until when support hours hold it back; ``notes``
    name what the result owes to a choice where the pages are silent.
    """

    team: str
    urgency: str
    rule: int | None
    policy: str | None
    steps: tuple[PagingStep, ...]
    status: Status
    ended: float | None = None
    held: float | None = None
    workflows: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    problem: str | None = None
    notes: tuple[str, ...] = ()


def page(
    directory: "Directory",
    team: Json,
    alert: Alert,
    time: float,
    *,
    acknowledged: float | None = None,
    resolved: float | None = None,
    page_number: int = 0,
) -> Page:
    """Page a team (its JSON) for an alert at ``time``.

    Steps run until somebody acknowledges or the page is resolved; a page that stays acknowledged beyond the rule's
    ``ack_timeout_minutes`` triggers once more. ``page_number`` counts the policy's pages before, for round robin.
    """
    handle = str(attributes(team).get("handle") or data(team).get("id"))
    found = _routed(directory, team, alert, time)
    if isinstance(found, str):
        return Page(handle, "high", None, None, (), "triggered", problem=found)
    document = directory.policy(found.policy_id) if found.policy_id else None
    empty = Page(
        handle, found.urgency, found.rule, None, (), "triggered", workflows=found.workflows, messages=found.messages
    )
    if document is None:
        reason = f"escalation policy {found.policy_id} does not exist" if found.policy_id else None
        silent = None if found.messages or found.workflows else "its routing rule names no escalation policy"
        return replace(empty, problem=reason or silent)
    escalation = _escalation(directory, document, found, acknowledged, page_number)
    steps = tuple(replace(step, urgency=found.urgency) for step in escalation.steps)
    status, ended = escalation.status, escalation.ended
    if resolved is not None and (ended is None or status != "resolved" or resolved < ended):
        steps, status, ended = tuple(step for step in steps if step.time < resolved), "resolved", resolved
    starts = found.starts.timestamp()
    return replace(
        empty,
        policy=str(attributes(document).get("name")),
        steps=steps,
        status=status,
        ended=ended,
        held=starts if starts > time else None,
        problem=None if escalation.steps else "its escalation policy reaches nobody at that time",
        notes=tuple(dict.fromkeys(_notes(directory, policy_of(document), found, alert, escalation))),
    )


def _routed(directory: "Directory", team: Json, alert: Alert, time: float) -> Route | str:
    at = datetime.fromtimestamp(time, UTC)
    for _ in range(MAX_REROUTES):
        handle = attributes(team).get("handle")
        rules = directory.routing_rules.get(str(data(team).get("id")))
        found = route(rules, alert, at) if rules else None
        if found is None:
            return f"no routing rule of team {handle} matches" if rules else f"team {handle} has no routing rules"
        if found.reroute_to is None:
            return found
        onward = directory.team_by_id(found.reroute_to)
        if onward is None:
            return f"team {handle} reroutes to the team {found.reroute_to}, which does not exist"
        team = onward
    return "the routing rules send the page round in circles"


def _escalation(
    directory: "Directory", document: Json, found: Route, acknowledged: float | None, page_number: int
) -> Escalation:
    policy, starts = policy_of(document), found.starts.timestamp()
    escalation = escalate(policy, starts, directory.find, acknowledged, page_number)
    if escalation.status != "acknowledged" or acknowledged is None or found.ack_timeout_minutes is None:
        return escalation
    again = escalate(policy, acknowledged + 60 * found.ack_timeout_minutes, directory.find, None, page_number)
    return Escalation((*escalation.steps, *again.steps), again.status, again.ended)


def _notes(directory: "Directory", policy: Policy, found: Route, alert: Alert, escalation: Escalation) -> Iterator[str]:
    if found.dynamic and alert.status == "no_data":
        yield "dynamic urgency for missing data is read as high"
    triggered = found.starts
    for paging in escalation.steps:
        at = datetime.fromtimestamp(paging.time, UTC)
        for target in policy.steps[paging.step - 1].targets:
            schedule = directory.schedule(target.id) if target.kind == "schedule" else None
            if schedule is None:
                continue
            overrides = directory.overrides.get(target.id, ())
            then = shift_at(schedule, triggered, overrides, target.position)
            now = shift_at(schedule, at, overrides, target.position)
            if (then and then.user_id) != (now and now.user_id):
                yield "who is on call changes while the page escalates: read when each step runs"
            if now and now.crosses_clock_change:
                yield "clocks change during the shift: rotations are read on the wall clock of the layer"
