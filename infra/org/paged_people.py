"""How each person who takes pages is reached. It is the person's, not an environment's: two that both declared it would
send each page twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.org.environments import Environment, all_of


@dataclass(frozen=True)
class PagedPeopleArgs:
    """``emails`` are the users in the environments' rotations."""

    environments: Sequence[Environment]
    emails: Sequence[str]


class PagedPeople(pulumi.ComponentResource):
    """A page goes where its receiver's own rules say, and a new user has none: it would reach nobody.

    A program can say e-mail; a telephone's owner has to confirm the number first, by hand.
    """

    def __init__(self, name: str, args: PagedPeopleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:PagedPeople", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        reached = all_of(args.environments, "paged").apply(lambda paged: checked_emails(args.emails, paged))
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
    """The addresses, when they have everybody whom an environment pages.

    Raises :class:`pulumi.RunError` for one that they have not: a page of theirs would reach nobody.
    """
    for environment, addresses in paged:
        for address in addresses:
            if address not in emails:
                raise pulumi.RunError(
                    f"stack {environment} pages {address}, whom llm-api-org:paged in infra/org/Pulumi."
                    f"{pulumi.get_stack()}.yaml does not name: no page would reach them. Name them there"
                )
    return list(emails)
