"""Who is paged, in which order, and by which rule: schedules, escalation policy, routing rules.

How each of them is reached is theirs, whichever environment pages: infra/org/paged_people.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.config import OnCall
from infra.identity import Identity

SCHEDULE = "Primary LLM On-Call"
SECONDARY = "Secondary LLM On-Call"
SHIFT_DAYS = 7
ANSWER_SECONDS = 300
"""How long the person on call has before the next one is paged: at the rate of a fast burn, 0.2 % of the month's
budget."""
SECOND_ANSWER_SECONDS = 600
"""The second person may be in bed: it is not their week."""
EVERYBODY_SECONDS = 900
REPEATS = 2


def pager(identity: Identity, *, on: bool) -> str:
    """The handle of whoever must wake up: the team's schedule or, in an organisation without On-Call, the team."""
    return f"@oncall-{identity.team}" if on else f"@{identity.team}"


@dataclass(frozen=True)
class OnCallArgs:
    """``users`` are the ids of the rotation in order."""

    identity: Identity
    rotation: OnCall
    team_id: pulumi.Input[str]
    users: Sequence[pulumi.Input[str]]


class OnCallPaging(pulumi.ComponentResource):
    """``schedule_id`` and ``policy_id``; a page reaches them through the team's routing rules."""

    schedule_id: pulumi.Output[str]
    policy_id: pulumi.Output[str]

    def __init__(self, name: str, args: OnCallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:OnCall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        schedule = self._schedule(f"{name}-schedule", SCHEDULE, args, list(args.users))
        second = []
        if len(args.users) > 1:  # a rotation of one has nobody else
            # Whoever is primary next week is secondary now: awake to the service before their own week begins.
            waiting = self._schedule(f"{name}-secondary", SECONDARY, args, [*args.users[1:], args.users[0]])
            second = [
                dd.OnCallEscalationPolicyStepArgs(
                    assignment="default",
                    escalate_after_seconds=SECOND_ANSWER_SECONDS,
                    targets=[dd.OnCallEscalationPolicyStepTargetArgs(schedule=waiting.id)],
                )
            ]
        policy = dd.OnCallEscalationPolicy(
            f"{name}-policy",
            name=args.identity.named("page"),
            teams=[args.team_id],
            retries=REPEATS,
            resolve_page_on_policy_end=False,
            steps=[
                dd.OnCallEscalationPolicyStepArgs(
                    assignment="default",
                    escalate_after_seconds=ANSWER_SECONDS,
                    targets=[dd.OnCallEscalationPolicyStepTargetArgs(schedule=schedule.id)],
                ),
                *second,
                dd.OnCallEscalationPolicyStepArgs(
                    assignment="default",
                    escalate_after_seconds=EVERYBODY_SECONDS,
                    targets=[dd.OnCallEscalationPolicyStepTargetArgs(user=user) for user in args.users],
                ),
            ],
            opts=child,
        )
        dd.OnCallTeamRoutingRules(
            f"{name}-routing",
            team_id=args.team_id,
            rules=[
                dd.OnCallTeamRoutingRulesRuleArgs(
                    query="alert_status:warn", escalation_policy=policy.id, urgency="low"
                ),
                # The last rule must catch all: no query, no time restriction, and a policy.
                dd.OnCallTeamRoutingRulesRuleArgs(escalation_policy=policy.id, urgency="high"),
            ],
            opts=child,
        )
        self.schedule_id, self.policy_id = schedule.id, policy.id
        self.register_outputs({"schedule_id": self.schedule_id})

    def _schedule(self, name: str, title: str, args: OnCallArgs, users: list[pulumi.Input[str]]) -> dd.OnCallSchedule:
        """One person a week, in the order of ``users``."""
        return dd.OnCallSchedule(
            name,
            name=args.identity.titled(title),
            time_zone=args.rotation.time_zone,
            teams=[args.team_id],
            layers=[
                dd.OnCallScheduleLayerArgs(
                    name="Weekly",
                    # Fixed instants from the configuration: a computed one would be a change at every preview.
                    effective_date=args.rotation.rotation_start,
                    rotation_start=args.rotation.rotation_start,
                    interval=dd.OnCallScheduleLayerIntervalArgs(days=SHIFT_DAYS),
                    users=users,
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
