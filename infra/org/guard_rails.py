"""Settings of the whole organisation that bound what any stack, and any person, can do in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity


@dataclass(frozen=True)
class GuardRailArgs:
    """``environments`` are the values of env that a monitor may have."""

    environments: Sequence[str]
    on_demand_tests: int


class GuardRails(pulumi.ComponentResource):
    """Tags that every monitor must have, and how many synthetic tests run at once."""

    def __init__(self, name: str, args: GuardRailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:GuardRails", name, None, opts)
        # Routing rules and notification rules select by these two: a monitor by hand without them pages nobody.
        teams = [Identity(env, version="").team for env in args.environments]
        for key, values in (("env", list(args.environments)), ("team", teams)):
            dd.MonitorConfigPolicy(
                f"{name}-monitor-{key}",
                policy_type="tag",
                tag_policy=dd.MonitorConfigPolicyTagPolicyArgs(
                    tag_key=key, tag_key_required=True, valid_tag_values=values
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        # A pull request that triggers all tests of all repositories must not be what the month's bill is made of.
        dd.SyntheticsConcurrencyCap(
            f"{name}-synthetics",
            on_demand_concurrency_cap=args.on_demand_tests,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
