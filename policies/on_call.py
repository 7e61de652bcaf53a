"""On-Call: schedules without gaps, escalations that reach a person, routing rules that match every page."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

from dateutil.parser import isoparse

from firedrill.notify.oncall.lint import gaps, lint_policy, lint_routing_rules
from firedrill.notify.oncall.schedule import on_call_user, read_layers
from policies.policy import Resource, Stack, policy

LINK = "https://docs.datadoghq.com/incident_response/on-call/"
YEAR = timedelta(days=365)


def _schedule_json(schedule: Resource) -> dict[str, Any]:
    """Return a schedule in the API's form. Users may be unknown: only whether a turn has one matters."""
    layers = []
    for layer in schedule.get_list("layers"):
        interval = layer.get("interval") or {}
        restrictions = [
            {"start_day": restriction["startDay"], "start_time": restriction["startTime"]}
            | {"end_day": restriction["endDay"], "end_time": restriction["endTime"]}
            for restriction in layer.get("restrictions") or ()
        ]
        layers.append(
            {
                "name": layer.get("name"),
                "effective_date": layer["effectiveDate"],
                "end_date": layer.get("endDate"),
                "rotation_start": layer.get("rotationStart"),
                "interval": {"days": interval.get("days"), "seconds": interval.get("seconds")},
                "members": [{"user": {"id": user or None}} for user in layer.get("users") or ()],
                "restrictions": restrictions,
                "time_zone": layer.get("timeZone"),
            }
        )
    return {"name": schedule.get("name"), "time_zone": schedule.get("timeZone"), "layers": layers}


@policy(
    "on-call-no-gap",
    "datadog:OnCallSchedule",
    description="A schedule has somebody on call at every minute of a year.",
    prevents="A restriction to working days, an end date or an empty turn leaves hours in which a page reaches "
    "nobody. The check covers a year with both daylight saving changes.",
    link=f"{LINK}schedules/",
)
def no_gap(schedule: Resource, stack: Stack) -> Iterator[str]:
    """Check a year from the first layer's start, so that the result does not depend on today's date."""
    schedule_json = _schedule_json(schedule)
    if not schedule_json["layers"]:
        yield "Declare a layer: nobody is ever on call."
        return
    start = min(isoparse(str(layer["effective_date"])) for layer in schedule_json["layers"])
    start = start if start.tzinfo else start.replace(tzinfo=read_layers(schedule_json)[0].zone)
    uncovered = gaps(schedule_json, start, start + YEAR)
    if uncovered:
        begin, end = uncovered[0]
        more = f", and {len(uncovered) - 1} more times" if len(uncovered) > 1 else ""
        yield (
            f"Add a layer for the uncovered hours: nobody is on call from {begin:%A %Y-%m-%d %H:%M %Z} "
            f"to {end:%A %Y-%m-%d %H:%M %Z}{more} in a year."
        )


@policy(
    "on-call-ends-at-a-person",
    "datadog:OnCallEscalationPolicy",
    description="The last escalation step pages users or a team, and there are several steps or retries.",
    prevents="A policy that ends at a schedule ends with the person who has not responded before.",
    link=f"{LINK}escalation_policies/",
)
def ends_at_a_person(escalation: Resource, stack: Stack) -> Iterator[str]:
    """Check the targets of the last step. A team target pages all its members."""
    steps = escalation.get_list("steps")
    targets = list(steps[-1].get("targets") or ()) if steps else []
    if not any("user" in target or "team" in target for target in targets):
        yield "Add a last step that pages users or a team: a schedule pages the same person again."
    if len(steps) == 1 and not escalation.get("retries"):
        yield "Add a second step or retries: after one missed page nobody else is paged."


@policy(
    "on-call-escalates-to-others",
    "datadog:OnCallEscalationPolicy",
    description="Each escalation step pages somebody whom the step before does not page.",
    prevents="A second step with the first one's targets, or a secondary schedule with the primary's people in the "
    "same order, pages again the person who has not responded.",
    link=f"{LINK}escalation_policies/",
    scope="stack",
)
def escalates_to_others(escalation: Resource, stack: Stack) -> Iterator[str]:
    """Compare the targets of consecutive steps, and who is on call in the policy's schedules at the same time."""
    steps = escalation.get_list("steps")
    targets = [{tuple(sorted(target.items())) for target in step.get("targets") or ()} for step in steps]
    for number, (before, after) in enumerate(pairwise(targets), 2):
        if after and after <= before:
            yield f"Page others in step {number}: its targets are those of step {number - 1}."
    schedules = [source for source in escalation.links.get("steps", ()) if source.kind == "datadog:OnCallSchedule"]
    for first, second in combinations(dict.fromkeys(schedules), 2):
        time = _first_time_of_same_user(_schedule_json(first), _schedule_json(second))
        if time is not None:
            yield (
                f"Order the people of {second.name} differently from {first.name}: on {time:%Y-%m-%d} both have the "
                "same person on call."
            )


def _first_time_of_same_user(first: dict[str, Any], second: dict[str, Any]) -> datetime | None:
    """Return the first half day of ten weeks from the first layer's start at which both have the same person."""
    starts = [isoparse(str(layer["effective_date"])) for item in (first, second) for layer in item["layers"]]
    if not starts:
        return None
    start = max(time if time.tzinfo else time.replace(tzinfo=UTC) for time in starts)
    for half in range(140):
        time = start + half * timedelta(hours=12) + timedelta(minutes=1)
        users = {on_call_user(first, time), on_call_user(second, time)}
        if len(users) == 1 and None not in users:
            return time
    return None


@policy(
    "on-call-escalation-valid",
    "datadog:OnCallEscalationPolicy",
    description="Steps, targets, delays and retries of an escalation policy are within Datadog's limits.",
    prevents="Datadog rejects the policy during the update, when resources that refer to it have already changed.",
    link=f"{LINK}escalation_policies/",
)
def escalation_valid(escalation: Resource, stack: Stack) -> Iterator[str]:
    """Run the tool's linter on the policy in the API's form."""
    steps = [
        {
            "escalate_after_seconds": int(step.get("escalateAfterSeconds") or 900),
            "targets": [{"type": "users", "id": str(number)} for number in range(len(step["targets"]))],
        }
        for step in escalation.get_list("steps")
    ]
    for problem in lint_policy({"steps": steps, "retries": int(escalation.get("retries") or 0)}):
        subject = "the policy " if problem.startswith("has") else ""
        yield f"Keep within Datadog's limits: {subject}{problem}."


@policy(
    "on-call-routing-catches-all",
    "datadog:OnCallTeamRoutingRules",
    description="The last routing rule matches every page, and each rule is valid and reachable.",
    prevents="A page that no rule matches is lost. This is how mitodl lost alerts with the severity `Warning`.",
    link=f"{LINK}routing_rules/",
)
def routing_catches_all(routing: Resource, stack: Stack) -> Iterator[str]:
    """Run the tool's linter on the rules in the API's form."""
    rules = []
    for rule in routing.get_list("rules"):
        windows = list((rule.get("timeRestrictions") or rule.get("timeRestriction") or {}).get("restrictions") or ())
        rules.append(
            {
                "query": rule.get("query") or "",
                "policy_id": "declared" if "escalationPolicy" in rule else None,
                "urgency": rule.get("urgency"),
                "time_restriction": {"restrictions": [dict.fromkeys(window) for window in windows]}
                if windows
                else None,
                "actions": [{} for _ in rule.get("actions") or ()],
            }
        )
    for problem in lint_routing_rules({"rules": rules}):
        yield f"Correct the routing rules: {problem}."
