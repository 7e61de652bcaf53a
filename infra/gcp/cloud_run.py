"""The service on Cloud Run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp.cloudrunv2 import (
    Service,
    ServiceIamMember,
    ServiceTemplateArgs,
    ServiceTemplateContainerArgs,
    ServiceTemplateContainerEnvArgs,
    ServiceTemplateContainerEnvValueSourceArgs,
    ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs,
    ServiceTemplateContainerLivenessProbeArgs,
    ServiceTemplateContainerLivenessProbeHttpGetArgs,
    ServiceTemplateContainerPortsArgs,
    ServiceTemplateContainerResourcesArgs,
    ServiceTemplateContainerStartupProbeArgs,
    ServiceTemplateContainerStartupProbeHttpGetArgs,
    ServiceTemplateScalingArgs,
    ServiceTrafficArgs,
)

from infra.gcp.secret_store import SecretReference
from infra.identity import Identity

PORT = 8080
REQUEST_TIMEOUT_SECONDS = 60
"""Longer than the service's own deadline for Gemini, so that the service, not Cloud Run, reports a timeout."""
CONCURRENCY = 16
"""Two gunicorn workers with eight threads each: more requests would queue unseen inside the container."""


@dataclass(frozen=True)
class CloudRunArgs:
    """``environment`` has plain variables, ``secrets`` those in Secret Manager; the service waits for ``ready``."""

    identity: Identity
    project: str
    region: str
    image: pulumi.Input[str]
    account_email: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, SecretReference]
    min_instances: int
    max_instances: int
    deletion_protection: bool
    ready: Sequence[pulumi.Resource]
    granted_to_all: bool = True
    """Everybody is granted to call it. False: Cloud Run checks no caller, where a policy forbids such a grant."""


class CloudRun(pulumi.ComponentResource):
    """The service: its ``uri``, its ``service_name`` and its latest ready ``revision``."""

    uri: pulumi.Output[str]
    service_name: pulumi.Output[str]
    revision: pulumi.Output[str]

    def __init__(self, name: str, args: CloudRunArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:CloudRun", name, None, opts)
        # Unified service tagging: serverless-init reads these three from the revision's labels too.
        labels = args.identity.labels | {"version": args.identity.version}
        service = Service(
            f"{name}-service",
            project=args.project,
            location=args.region,
            name=args.identity.service,
            description=args.identity.named("answers chats with Gemini"),
            ingress="INGRESS_TRAFFIC_ALL",
            deletion_protection=args.deletion_protection,
            # https://docs.cloud.google.com/run/docs/securing/managing-access#invoker_check
            invoker_iam_disabled=None if args.granted_to_all else True,
            labels=labels,
            template=ServiceTemplateArgs(
                service_account=args.account_email,
                labels=labels,
                timeout=f"{REQUEST_TIMEOUT_SECONDS}s",
                max_instance_request_concurrency=CONCURRENCY,
                scaling=ServiceTemplateScalingArgs(
                    min_instance_count=args.min_instances, max_instance_count=args.max_instances
                ),
                containers=[self._container(args)],
            ),
            # For the first deployment only: afterwards the deploy command owns the traffic split (docs/delivery.md), so
            # that an `up` does not undo a roll-back to an older revision.
            traffics=[ServiceTrafficArgs(type="TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent=100)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.ready), ignore_changes=["traffics"]),
        )
        # Public: synthetic tests, browsers and the workflow's HTTP step have no Google identity. The application itself
        # authenticates every request that changes something.
        if args.granted_to_all:
            ServiceIamMember(
                f"{name}-callers",
                project=args.project,
                location=args.region,
                name=service.name,
                role="roles/run.invoker",
                member="allUsers",
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.uri, self.service_name, self.revision = service.uri, service.name, service.latest_ready_revision
        self.register_outputs({"uri": self.uri})

    def _container(self, args: CloudRunArgs) -> ServiceTemplateContainerArgs:
        plain = [ServiceTemplateContainerEnvArgs(name=key, value=value) for key, value in args.environment.items()]
        secret = [
            ServiceTemplateContainerEnvArgs(
                name=key,
                value_source=ServiceTemplateContainerEnvValueSourceArgs(
                    secret_key_ref=ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
                        secret=reference.secret, version=reference.version
                    )
                ),
            )
            for key, reference in args.secrets.items()
        ]
        return ServiceTemplateContainerArgs(
            image=args.image,
            ports=ServiceTemplateContainerPortsArgs(container_port=PORT),
            envs=[*plain, *secret],
            resources=ServiceTemplateContainerResourcesArgs(
                limits={"cpu": "1", "memory": "1Gi"},
                # The agent in the container sends telemetry between requests, for which it needs CPU.
                cpu_idle=False,
                startup_cpu_boost=True,
            ),
            startup_probe=ServiceTemplateContainerStartupProbeArgs(
                http_get=ServiceTemplateContainerStartupProbeHttpGetArgs(path="/health"),
                period_seconds=2,
                timeout_seconds=2,
                failure_threshold=30,
            ),
            liveness_probe=ServiceTemplateContainerLivenessProbeArgs(
                http_get=ServiceTemplateContainerLivenessProbeHttpGetArgs(path="/health"),
                period_seconds=10,
                timeout_seconds=5,
                failure_threshold=3,
            ),
        )
