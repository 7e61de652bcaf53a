"""The notification channels and rules of each person on call.

They belong to the person: two environments that both declared them would send each page twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.org.environments import Environment, read_all


@dataclass(frozen=True)
class PagedPeopleArgs:
    """``emails`` are the users in the rotations of all environments."""

    environments: Sequence[Environment]
    emails: Sequence[str]


class PagedPeople(pulumi.ComponentResource):
    """The channels and rules. A new user has none, so that a page would not reach them.

    Only e-mail can be declared: a phone number must be confirmed by its owner.
    """

    def __init__(self, name: str, args: PagedPeopleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:PagedPeople", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        reached = read_all(args.environments, "paged").apply(lambda paged: checked_emails(args.emails, paged))
        for number, address in enumerate(args.emails, 1):
            user = dd.get_user_output(filter=address, exact_match=True).id
            channel = dd.OnCallUserNotificationChannel(
                f"{name}-email-{number}",
                user_id=user,
                email=dd.OnCallUserNotificationChannelEmailArgs(address=reached[number - 1], formats=["html"]),
                opts=child,
            )
            for urgency in ("high", "low"):
                dd.OnCallUserNotificationRule(
                    f"{name}-{urgency}-urgency-{number}",
                    user_id=user,
                    channel_id=channel.id,
                    category=f"{urgency}_urgency",
                    delay_minutes=0,
                    opts=child,
                )
        self.register_outputs({})


def checked_emails(emails: Sequence[str], paged: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Return the addresses, if they include everyone that an environment pages.

    Raises :class:`pulumi.RunError` for a missing one, whom no page would reach.
    """
    for environment, addresses in paged:
        for address in addresses:
            if address not in emails:
                raise pulumi.RunError(
                    f"stack {environment} pages {address}, who is missing in llm-api-org:paged in infra/org/Pulumi."
                    f"{pulumi.get_stack()}.yaml: no page would reach them. Add them there"
                )
    return list(emails)
