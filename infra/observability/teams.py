"""The team that owns the service in Datadog."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity


@dataclass(frozen=True)
class TeamArgs:
    """``emails`` are users of the Datadog account; ``runbooks`` is the URL of the folder with the runbooks."""

    identity: Identity
    emails: Sequence[str]
    runbooks: str


class Team(pulumi.ComponentResource):
    """The team and its members. ``user_ids`` are in the order of the e-mail addresses."""

    team_id: pulumi.Output[str]
    user_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: TeamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Team", name, None, opts)
        team = dd.Team(
            f"{name}-team",
            name=args.identity.titled("LLM platform"),
            handle=args.identity.team,
            description="Runs the LLM API and answers its pages",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.team_id = team.id
        child = pulumi.ResourceOptions(parent=self)
        self.user_ids = [dd.get_user_output(filter=email, exact_match=True).id for email in args.emails]
        for number, user in enumerate(self.user_ids, 1):
            dd.TeamMembership(f"{name}-member-{number}", team_id=team.id, user_id=user, opts=child)
        # Without a rule, a message to @TEAM reaches nobody.
        dd.TeamNotificationRule(
            f"{name}-mentions",
            team_id=team.id,
            email=dd.TeamNotificationRuleEmailArgs(enabled=True),
            opts=child,
        )
        # The team's page is where people look who are paged for the first time.
        dd.TeamLink(f"{name}-runbooks", team_id=team.id, label="Runbooks", url=args.runbooks, position=0, opts=child)
        self.register_outputs({"team_id": self.team_id})
