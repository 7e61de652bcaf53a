"""The deployment gate: rules that a new version must pass before it gets all requests.

``datadog-ci deployment gate --service llm-api --env prod`` waits for the verdict; exit status 1 stops the roll-out.
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

WATCHED_SECONDS = 900
"""Observation time of a new version: three times the shortest window of an alert."""
WARM_UP_SECONDS = 120
"""Excludes cold starts of the first instances."""


@dataclass(frozen=True)
class DeploymentGateArgs:
    """``dry_run``: every deployment passes, and the verdict is only reported."""

    identity: Identity
    dry_run: bool


class DeploymentGate(pulumi.ComponentResource):
    """The gate, of ``gate_id``."""

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
                # No alert may page: most users do not have the new version yet.
                dd.DeploymentGateRuleArgs(
                    name="no page",
                    type="monitor",
                    dry_run=False,
                    options=dd.DeploymentGateRuleOptionsArgs(
                        query=f"service:{identity.service} env:{identity.env} severity:page",
                        duration=WATCHED_SECONDS,
                        warmup=WARM_UP_SECONDS,
                        # A version without telemetry is not healthy.
                        fail_on_no_data=True,
                    ),
                ),
                # Errors that the previous version did not have, even if they are too rare for a threshold.
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
