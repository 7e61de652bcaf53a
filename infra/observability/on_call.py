"""On-call schedules, the escalation policy and the team's routing rules.

The notification rules of each person are the organisation's: infra/org/paged_people.py.
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
"""Time to acknowledge before the next person is paged: at the fast burn rate, 0.2 % of the month's error budget."""
SECOND_ANSWER_SECONDS = 600
"""Longer for the second person, who may be asleep: it is not their week."""
EVERYBODY_SECONDS = 900
REPEATS = 2


def pager(identity: Identity, *, on: bool) -> str:
    """Return the handle that pages: the team's On-Call, or the team in an organisation without On-Call."""
    return f"@oncall-{identity.team}" if on else f"@{identity.team}"


@dataclass(frozen=True)
class OnCallArgs:
    """``users`` are the ids of the users in order of rotation."""

    identity: Identity
    rotation: OnCall
    team_id: pulumi.Input[str]
    users: Sequence[pulumi.Input[str]]


class OnCallPaging(pulumi.ComponentResource):
    """Schedules and escalation policy. Pages reach them through the team's routing rules."""

    schedule_id: pulumi.Output[str]
    policy_id: pulumi.Output[str]

    def __init__(self, name: str, args: OnCallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:OnCall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        schedule = self._schedule(f"{name}-schedule", SCHEDULE, args, list(args.users))
        second_step = []
        if len(args.users) > 1:  # a rotation of one person has no second
            # The secondary is next week's primary, who so knows what happened before their week.
            secondary = self._schedule(f"{name}-secondary", SECONDARY, args, [*args.users[1:], args.users[0]])
            second_step = [
                dd.OnCallEscalationPolicyStepArgs(
                    assignment="default",
                    escalate_after_seconds=SECOND_ANSWER_SECONDS,
                    targets=[dd.OnCallEscalationPolicyStepTargetArgs(schedule=secondary.id)],
                )
            ]
        policy = dd.OnCallEscalationPolicy(
            f"{name}-policy",
            name=args.identity.named("Page"),
            teams=[args.team_id],
            retries=REPEATS,
            resolve_page_on_policy_end=False,
            steps=[
                dd.OnCallEscalationPolicyStepArgs(
                    assignment="default",
                    escalate_after_seconds=ANSWER_SECONDS,
                    targets=[dd.OnCallEscalationPolicyStepTargetArgs(schedule=schedule.id)],
                ),
                *second_step,
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
                # The last rule must catch all: no query, no time restriction, and a policy. Warnings page nobody.
                dd.OnCallTeamRoutingRulesRuleArgs(escalation_policy=policy.id, urgency="high"),
            ],
            opts=child,
        )
        self.schedule_id, self.policy_id = schedule.id, policy.id
        self.register_outputs({"schedule_id": self.schedule_id})

    def _schedule(self, name: str, title: str, args: OnCallArgs, users: list[pulumi.Input[str]]) -> dd.OnCallSchedule:
        """Return a schedule with one person a week, in the order of ``users``."""
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
