"""A page: from a team's routing rules to the people paged (docs: incident_response/on-call/pages)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from firedrill.notify.directory import Directory
from firedrill.notify.oncall.escalation import Escalation, PagingStep, Policy, Status, escalate, read_policy
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.routing import Alert, Route, route
from firedrill.notify.oncall.schedule import shift_at

Json = Mapping[str, Any]
MAX_REROUTES = 5


@dataclass(frozen=True)
class Page:
    """A page of a team: ``steps`` in order, times in epoch seconds; the rule's own ``workflows`` and ``messages``.

    ``problem`` is why nobody is paged; ``held`` is when support hours begin, for a page that they delay; ``notes``
    name the choices, where the pages are silent, that the result depends on.
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
    directory: Directory,
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
    ``ack_timeout_minutes`` triggers once more. ``page_number`` is the number of the policy's earlier pages, for round
    robin.
    """
    handle = str(attributes(team).get("handle") or data(team).get("id"))
    routed = _routed(directory, team, alert, time)
    if isinstance(routed, str):
        return Page(handle, "high", None, None, (), "triggered", problem=routed)
    unescalated = Page(
        handle, routed.urgency, routed.rule, None, (), "triggered", workflows=routed.workflows, messages=routed.messages
    )
    document = directory.policy(routed.policy_id) if routed.policy_id else None
    if document is None:
        return replace(unescalated, problem=_missing_policy(routed))
    escalation = _escalation(directory, document, routed, acknowledged, page_number)
    steps = tuple(replace(step, urgency=routed.urgency) for step in escalation.steps)
    status, ended = escalation.status, escalation.ended
    if resolved is not None and (ended is None or status != "resolved" or resolved < ended):
        steps, status, ended = tuple(step for step in steps if step.time < resolved), "resolved", resolved
    starts = routed.starts.timestamp()
    return replace(
        unescalated,
        policy=str(attributes(document).get("name")),
        steps=steps,
        status=status,
        ended=ended,
        held=starts if starts > time else None,
        problem=None if escalation.steps else "its escalation policy reaches nobody at that time",
        notes=tuple(dict.fromkeys(_notes(directory, read_policy(document), routed, alert, escalation))),
    )


def _missing_policy(routed: Route) -> str | None:
    """Return why nobody is paged without a policy; None where the rule runs a workflow or sends a message instead."""
    if routed.policy_id:
        return f"escalation policy {routed.policy_id} does not exist"
    return None if routed.messages or routed.workflows else "its routing rule names no escalation policy"


def _routed(directory: Directory, team: Json, alert: Alert, time: float) -> Route | str:
    """Return the route of a page after reroutes, or why there is none."""
    at = datetime.fromtimestamp(time, UTC)
    for _ in range(MAX_REROUTES):
        handle = attributes(team).get("handle")
        rules = directory.routing_rules.get(str(data(team).get("id")))
        routed = route(rules, alert, at) if rules else None
        if routed is None:
            return f"no routing rule of team {handle} matches" if rules else f"team {handle} has no routing rules"
        if routed.reroute_to is None:
            return routed
        next_team = directory.team_by_id(routed.reroute_to)
        if next_team is None:
            return f"team {handle} reroutes to the team {routed.reroute_to}, which does not exist"
        team = next_team
    return "the routing rules reroute the page in a circle"


def _escalation(
    directory: Directory, document: Json, routed: Route, acknowledged: float | None, page_number: int
) -> Escalation:
    """Return the escalation, with a second one after the acknowledgement's timeout."""
    policy, starts = read_policy(document), routed.starts.timestamp()
    escalation = escalate(policy, starts, directory.users_reached, acknowledged, page_number)
    if escalation.status != "acknowledged" or acknowledged is None or routed.ack_timeout_minutes is None:
        return escalation
    again = escalate(policy, acknowledged + 60 * routed.ack_timeout_minutes, directory.users_reached, None, page_number)
    return Escalation((*escalation.steps, *again.steps), again.status, again.ended)


def _notes(directory: Directory, policy: Policy, routed: Route, alert: Alert, escalation: Escalation) -> Iterator[str]:
    if routed.dynamic and alert.status == "no_data":
        yield "dynamic urgency for missing data counts as high"
    triggered = routed.starts
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
                yield "the user on call changes while the page escalates: read when each step runs"
            if now and now.crosses_clock_change:
                yield "clocks change during the shift: rotations follow the wall clock of the layer"
