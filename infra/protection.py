"""Deletion protection of the resources that hold history.

A monitor that is deleted and created again has lost its states, an SLO its error budget, a bucket its objects, a RUM
application its sessions; the name of a log index cannot be used again. Pulumi refuses to delete or replace a protected
resource: https://www.pulumi.com/docs/iac/concepts/options/protect/
"""

import pulumi

HISTORY = frozenset(
    {
        "datadog:index/incidentType:IncidentType",
        "datadog:index/logsIndex:LogsIndex",
        "datadog:index/monitor:Monitor",
        "datadog:index/rumApplication:RumApplication",
        "datadog:index/serviceLevelObjective:ServiceLevelObjective",
        "datadog:index/syntheticsTest:SyntheticsTest",
        "gcp:artifactregistry/repository:Repository",
        "gcp:storage/bucket:Bucket",
    }
)


def protect_history() -> None:
    """Protect every resource that holds history. Call this before the first is declared."""
    pulumi.runtime.register_stack_transformation(_protected)


def _protected(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    if args.type_ not in HISTORY:
        return None
    opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
    return pulumi.ResourceTransformationResult(args.props, opts)
