"""What a deployment has to pass between its first requests and all of them: CI asks, Datadog answers.

``datadog-ci deployment gate --service llm-api --env prod`` waits for the answer; exit status 1 stops the roll-out.
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

WATCHED_SECONDS = 900
"""How long a new version is watched: three of the shortest windows that alerts have."""
WARM_UP_SECONDS = 120
"""Cold starts of the first instances are not the version's fault."""


@dataclass(frozen=True)
class DeploymentGateArgs:
    """``dry_run``: every deployment passes, and the verdict can be read: how a new gate shows that it is right."""

    identity: Identity
    dry_run: bool


class DeploymentGate(pulumi.ComponentResource):
    """``gate_id`` is the gate's."""

    gate_id: pulumi.Output[str]

    def __init__(self, name: str, args: DeploymentGateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:DeploymentGate", name, None, opts)
        identity = args.identity
        self.gate_id = dd.DeploymentGate(
            name,
            env=identity.env,
            service=identity.service,
            identifier="default",
            dry_run=args.dry_run,
            rules=[
                # What would page in a quarter of an hour is seen before most users meet it.
                dd.DeploymentGateRuleArgs(
                    name="no page",
                    type="monitor",
                    dry_run=False,
                    options=dd.DeploymentGateRuleOptionsArgs(
                        query=f"service:{identity.service} env:{identity.env} severity:page",
                        duration=WATCHED_SECONDS,
                        warmup=WARM_UP_SECONDS,
                        # A version that sends nothing is not a healthy one.
                        fail_on_no_data=True,
                    ),
                ),
                # A kind of error that the version before did not have, too rare for any threshold.
                dd.DeploymentGateRuleArgs(
                    name="no new errors",
                    type="faulty_deployment_detection",
                    dry_run=False,
                    options=dd.DeploymentGateRuleOptionsArgs(
                        duration=WATCHED_SECONDS, excluded_resources=["GET /health"]
                    ),
                ),
            ],
            opts=pulumi.ResourceOptions(parent=self),
        ).id
        self.register_outputs({"gate_id": self.gate_id})
