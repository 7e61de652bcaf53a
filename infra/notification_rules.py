"""Who hears of alerts beside those whom their messages name."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity


@dataclass(frozen=True)
class NotificationRuleArgs:
    """Whose alerts, and which handles (without ``@``) are told beside the team."""

    identity: Identity
    told: Sequence[pulumi.Input[str]] = ()


class NotificationRules(pulumi.ComponentResource):
    """A page reaches one person: the rule tells the whole team of it, and that it is over, so that others can help."""

    def __init__(self, name: str, args: NotificationRuleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:NotificationRules", name, None, opts)
        # Without @: the API refuses it here, though messages need it.
        recipients = [args.identity.team, *args.told]
        condition = dd.MonitorNotificationRuleConditionalRecipientsConditionArgs
        dd.MonitorNotificationRule(
            f"{name}-pages",
            name=args.identity.named("the team hears of every page"),
            filter=dd.MonitorNotificationRuleFilterArgs(
                tags=[f"team:{args.identity.team}", f"env:{args.identity.env}", "severity:page"]
            ),
            conditional_recipients=dd.MonitorNotificationRuleConditionalRecipientsArgs(
                conditions=[
                    condition(scope="transition_type:is_alert", recipients=recipients),
                    condition(scope="transition_type:is_recovery", recipients=recipients),
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
