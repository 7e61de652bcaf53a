"""What lets Datadog read the project's own metrics: an account that it impersonates, so that no key exists."""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd
from pulumi_gcp import projects, serviceaccount

from infra.identity import Identity

READS = {
    "roles/monitoring.viewer": "metrics",
    "roles/compute.viewer": "regions and zones, which host tags come from",
    "roles/cloudasset.viewer": "labels of resources, which tags come from",
    "roles/browser": "the project's name",
}
"""https://docs.datadoghq.com/integrations/google_cloud_platform/#setup : reading only, and no logs, which the agent
in the container sends."""
UNNEEDED = ("bigquery", "cloudsql", "compute", "container", "dataflow", "firestore", "pubsub", "redis", "spanner")
"""Switched off: each is called for every few minutes, and costs API quota and custom metrics."""


@dataclass(frozen=True)
class DatadogIntegrationArgs:
    """Which project, for whom."""

    identity: Identity
    project: str


class DatadogIntegration(pulumi.ComponentResource):
    """The integration by impersonation (STS). ``account_email`` is whom Datadog acts as, once ``ready`` is there."""

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
        for role in READS:
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
            cloud_run_revision_filters=[f"service:{args.identity.service}"],
            metric_namespace_configs=[
                dd.gcp.IntegrationStsMetricNamespaceConfigArgs(id=namespace, disabled=True, filters=[])
                for namespace in UNNEEDED
            ],
            # Its own inventory of the project: the software catalog is declared.
            resource_collection_enabled=False,
            is_cspm_enabled=False,
            opts=child,
        )
        # Datadog's account may be ours, and no other account of Datadog's may: each organisation has its own.
        impersonated = serviceaccount.IAMMember(
            f"{name}-impersonated",
            service_account_id=account.name,
            role="roles/iam.serviceAccountTokenCreator",
            member=integration.delegate_account_email.apply("serviceAccount:{}".format),
            opts=child,
        )
        self.account_email, self.ready = account.email, [integration, impersonated]
        self.register_outputs({})
