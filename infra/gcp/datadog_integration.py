"""Datadog's integration with the Google Cloud project, by an account that it impersonates without a key."""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd
from pulumi_gcp import projects, serviceaccount

from infra.identity import Identity

ROLES = {
    "roles/monitoring.viewer": "metrics",
    "roles/compute.viewer": "regions and zones, for host tags",
    "roles/cloudasset.viewer": "labels of resources, for tags",
    "roles/browser": "the project's name",
}
"""Read-only roles, by what they are for. Not for logs, which the agent in the container sends.
https://docs.datadoghq.com/integrations/google_cloud_platform/#setup"""
DISABLED_NAMESPACES = (
    "bigquery",
    "cloudsql",
    "compute",
    "container",
    "dataflow",
    "firestore",
    "pubsub",
    "redis",
    "spanner",
)
"""Metric namespaces that the stack does not use: each costs API quota and custom metrics."""


@dataclass(frozen=True)
class DatadogIntegrationArgs:
    """The arguments of :class:`DatadogIntegration`."""

    identity: Identity
    project: str


class DatadogIntegration(pulumi.ComponentResource):
    """The integration by impersonation (STS). Datadog acts as ``account_email`` once ``ready`` exists."""

    account_email: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: DatadogIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:DatadogIntegration", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = serviceaccount.Account(
            f"{name}-account",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-dd",
            display_name=args.identity.named("read by Datadog"),
            opts=child,
        )
        member = account.email.apply("serviceAccount:{}".format)
        for role in ROLES:
            projects.IAMMember(
                f"{name}-{role.removeprefix('roles/').replace('.', '-')}",
                project=args.project,
                role=role,
                member=member,
                opts=child,
            )
        integration = dd.gcp.IntegrationSts(
            f"{name}-sts",
            client_email=account.email,
            account_tags=args.identity.tags,
            monitored_resource_configs=[
                dd.gcp.IntegrationStsMonitoredResourceConfigArgs(
                    type="cloud_run_revision", filters=[f"service:{args.identity.service}"]
                )
            ],
            metric_namespace_configs=[
                dd.gcp.IntegrationStsMetricNamespaceConfigArgs(id=namespace, disabled=True, filters=[])
                for namespace in DISABLED_NAMESPACES
            ],
            # An inventory of the project is not needed: the software catalog is declared.
            resource_collection_enabled=False,
            is_cspm_enabled=False,
            opts=child,
        )
        # Each organisation has its own account at Datadog, and only that one may impersonate ours.
        impersonated = serviceaccount.IAMMember(
            f"{name}-impersonated",
            service_account_id=account.name,
            role="roles/iam.serviceAccountTokenCreator",
            member=integration.delegate_account_email.apply("serviceAccount:{}".format),
            opts=child,
        )
        self.account_email, self.ready = account.email, [integration, impersonated]
        self.register_outputs({})
