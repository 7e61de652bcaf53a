"""Settings of the whole organisation that limit what stacks and people can do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.products import Product


@dataclass(frozen=True)
class GuardRailArgs:
    """``environments`` are the allowed values of a monitor's env tag."""

    environments: Sequence[str]
    on_demand_tests: int
    has: Callable[[Product], bool]


class GuardRails(pulumi.ComponentResource):
    """Required tags of monitors, and a limit of concurrent synthetic tests."""

    def __init__(self, name: str, args: GuardRailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:GuardRails", name, None, opts)
        # Routing and notification rules select by these tags: a monitor created by hand without them pages nobody.
        teams = [Identity(env, version="").team for env in args.environments]
        required = (("env", list(args.environments)), ("team", teams)) if args.has("monitors") else ()
        for key, values in required:
            dd.MonitorConfigPolicy(
                f"{name}-monitor-{key}",
                policy_type="tag",
                tag_policy=dd.MonitorConfigPolicyTagPolicyArgs(
                    tag_key=key, tag_key_required=True, valid_tag_values=values
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        # Limits the cost of a pull request that triggers all tests of all repositories.
        if args.has("synthetics"):
            dd.SyntheticsConcurrencyCap(
                f"{name}-synthetics",
                on_demand_concurrency_cap=args.on_demand_tests,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
