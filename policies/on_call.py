"""Who is paged: always somebody, and in the end a person."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from dateutil.parser import isoparse

from firedrill.notify.oncall.lint import gaps, lint_policy, lint_routing_rules
from firedrill.notify.oncall.schedule import layers_of
from policies.policy import Resource, Stack, policy

LINK = "https://docs.datadoghq.com/incident_response/on-call/"
YEAR = timedelta(days=365)


def _schedule(schedule: Resource) -> dict[str, Any]:
    """The API's form. Who stands at a place does not matter here, only whether somebody does."""
    layers = []
    for one in schedule.items("layers"):
        interval = one.get("interval") or {}
        restrictions = [
            {"start_day": each["startDay"], "start_time": each["startTime"]}
            | {"end_day": each["endDay"], "end_time": each["endTime"]}
            for each in one.get("restrictions") or ()
        ]
        layers.append(
            {
                "name": one.get("name"),
                "effective_date": one["effectiveDate"],
                "end_date": one.get("endDate"),
                "rotation_start": one.get("rotationStart"),
                "interval": {"days": interval.get("days"), "seconds": interval.get("seconds")},
                "members": [{"user": {"id": each or None}} for each in one.get("users") or ()],
                "restrictions": restrictions,
                "time_zone": one.get("timeZone"),
            }
        )
    return {"name": schedule.get("name"), "time_zone": schedule.get("timeZone"), "layers": layers}


@policy(
    "on-call-no-gap",
    "datadog:OnCallSchedule",
    says="Somebody is on call in every minute of a year.",
    prevents="A restriction to working days, an end date or an empty turn leaves hours in which a page waits for "
    "nobody. The year is walked through with both clock changes.",
    link=f"{LINK}schedules/",
)
def no_gap(schedule: Resource, stack: Stack) -> Iterator[str]:
    """From the first layer's start, so that the answer does not depend on the day of the preview."""
    described = _schedule(schedule)
    if not described["layers"]:
        yield "Declare a layer: nobody is ever on call."
        return
    start = min(isoparse(str(one["effective_date"])) for one in described["layers"])
    start = start if start.tzinfo else start.replace(tzinfo=layers_of(described)[0].zone)
    found = gaps(described, start, start + YEAR)
    if found:
        begin, end = found[0]
        more = f", and {len(found) - 1} more times" if len(found) > 1 else ""
        yield (
            f"Add a layer that covers the rest: nobody is on call from {begin:%A %Y-%m-%d %H:%M %Z} "
            f"to {end:%A %Y-%m-%d %H:%M %Z}{more} in a year."
        )


@policy(
    "on-call-ends-at-a-person",
    "datadog:OnCallEscalationPolicy",
    says="The last step of an escalation names persons, and the steps are tried more than once.",
    prevents="A policy that ends at a schedule ends with whoever did not answer before.",
    link=f"{LINK}escalation_policies/",
)
def ends_at_a_person(escalation: Resource, stack: Stack) -> Iterator[str]:
    """A user, or a team whose members are all paged."""
    steps = escalation.items("steps")
    targets = list(steps[-1].get("targets") or ()) if steps else []
    if not any("user" in one or "team" in one for one in targets):
        yield "End with a step that pages users (or a whole team): the last step has nobody by name."
    if len(steps) == 1 and not escalation.get("retries"):
        yield "Add a second step or retries: one unheard page is the end."


@policy(
    "on-call-escalation-valid",
    "datadog:OnCallEscalationPolicy",
    says="Steps, targets, delays and retries stay within Datadog's limits.",
    prevents="Datadog refuses the policy when it is applied, after what refers to it was changed.",
    link=f"{LINK}escalation_policies/",
)
def escalation_valid(escalation: Resource, stack: Stack) -> Iterator[str]:
    """The tool's linter, on the API's form."""
    steps = [
        {
            "escalate_after_seconds": int(one.get("escalateAfterSeconds") or 900),
            "targets": [{"type": "users", "id": str(number)} for number, _ in enumerate(range(len(one["targets"])))],
        }
        for one in escalation.items("steps")
    ]
    for found in lint_policy({"steps": steps, "retries": int(escalation.get("retries") or 0)}):
        yield f"Keep to the limits: the policy {found}." if found.startswith("has") else f"Keep to the limits: {found}."


@policy(
    "on-call-routing-catches-all",
    "datadog:OnCallTeamRoutingRules",
    says="The last routing rule takes everything, and every rule above it can be reached and read.",
    prevents="A page that no rule takes goes nowhere; mitodl's capital-W severity was dropped in just that way.",
    link=f"{LINK}routing_rules/",
)
def routing_catches_all(routing: Resource, stack: Stack) -> Iterator[str]:
    """The tool's linter, on the API's form."""
    rules = []
    for one in routing.items("rules"):
        windows = list((one.get("timeRestrictions") or one.get("timeRestriction") or {}).get("restrictions") or ())
        rules.append(
            {
                "query": one.get("query") or "",
                "policy_id": "declared" if "escalationPolicy" in one else None,
                "urgency": one.get("urgency"),
                "time_restriction": {"restrictions": [dict.fromkeys(each) for each in windows]} if windows else None,
                "actions": [{} for _ in one.get("actions") or ()],
            }
        )
    for found in lint_routing_rules({"rules": rules}):
        yield f"Correct the rules: {found}."
