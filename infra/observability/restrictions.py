"""Restrictions of production's monitors: only the team and the deploying user may edit them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd


@dataclass(frozen=True)
class RestrictionArgs:
    """``monitor_ids`` by alert key; ``deployer`` is the e-mail address of the user whose keys deploy."""

    monitor_ids: Mapping[str, pulumi.Input[str]]
    team_id: pulumi.Input[str]
    deployer: str


class Restrictions(pulumi.ComponentResource):
    """The policies. By default everyone in an organisation may edit, and mute, a monitor."""

    def __init__(self, name: str, args: RestrictionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Restrictions", name, None, opts)
        deployer = dd.get_user_output(filter=args.deployer, exact_match=True).id
        editors = [
            pulumi.Output.concat("team:", args.team_id),
            # Without the deploying user the next update is refused, and only an administrator can fix that.
            pulumi.Output.concat("user:", deployer),
        ]
        for key, monitor in args.monitor_ids.items():
            dd.RestrictionPolicy(
                f"{name}-{key}",
                resource_id=pulumi.Output.concat("monitor:", monitor),
                bindings=[dd.RestrictionPolicyBindingArgs(relation="editor", principals=editors)],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
