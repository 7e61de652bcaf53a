"""The service on Cloud Run, with everything that its container is told."""

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

from infra.identity import Identity
from infra.secret_store import SecretReference

PORT = 8080
REQUEST_TIMEOUT_SECONDS = 60
"""Longer than the service's own deadline for Gemini, so that the service, which knows why, gives the answer."""
CONCURRENCY = 16
"""Two gunicorn workers with eight threads each: a request more would queue unseen inside the container."""


@dataclass(frozen=True)
class CloudRunArgs:
    """``environment`` is plain, ``secrets`` maps variables to Secret Manager; ``ready`` is waited for."""

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


class CloudRun(pulumi.ComponentResource):
    """``uri`` is where the service answers; ``service_name`` and ``revision`` say what serves."""

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
            # The first deployment only: from then on the deploy command owns the traffic (docs/delivery.md), so that
            # neither an `up` nor a roll-back of the program undoes a return to an older revision.
            traffics=[ServiceTrafficArgs(type="TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent=100)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.ready), ignore_changes=["traffics"]),
        )
        # Anybody may call the URL, and the application itself authenticates what changes anything: Datadog's synthetic
        # tests, browsers and the workflow's HTTP step reach the service without a Google identity.
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
                        secret=one.secret, version=one.version
                    )
                ),
            )
            for key, one in args.secrets.items()
        ]
        return ServiceTemplateContainerArgs(
            image=args.image,
            ports=ServiceTemplateContainerPortsArgs(container_port=PORT),
            envs=[*plain, *secret],
            resources=ServiceTemplateContainerResourcesArgs(
                limits={"cpu": "1", "memory": "1Gi"},
                # The agent in the container flushes telemetry between requests, so it needs the CPU then.
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
