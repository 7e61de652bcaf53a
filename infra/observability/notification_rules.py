"""Recipients of pages beside those that messages name."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity


@dataclass(frozen=True)
class NotificationRuleArgs:
    """``recipients`` are further handles, without ``@``, that are notified with the team."""

    identity: Identity
    recipients: Sequence[pulumi.Input[str]] = ()


class NotificationRules(pulumi.ComponentResource):
    """The rule that notifies the whole team of each page, its warning and its end. The page reaches one person."""

    def __init__(self, name: str, args: NotificationRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:NotificationRules", name, None, opts)
        # The API refuses an @ here, though messages need it.
        recipients = [args.identity.team, *args.recipients]
        condition = dd.MonitorNotificationRuleConditionalRecipientsConditionArgs
        dd.MonitorNotificationRule(
            f"{name}-pages",
            name=args.identity.named("Notify the team of every page"),
            filter=dd.MonitorNotificationRuleFilterArgs(
                tags=[f"team:{args.identity.team}", f"env:{args.identity.env}", "severity:page"]
            ),
            conditional_recipients=dd.MonitorNotificationRuleConditionalRecipientsArgs(
                conditions=[
                    condition(scope=f"transition_type:{transition}", recipients=recipients)
                    for transition in ("is_alert", "is_warning", "is_recovery")
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
