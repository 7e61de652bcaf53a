"""The Google Cloud part of the stack."""

from dataclasses import dataclass
from pathlib import Path

import pulumi

from infra.config import Settings
from infra.gcp.access import Access, AccessArgs
from infra.gcp.cloud_run import CloudRun, CloudRunArgs
from infra.gcp.datadog_integration import DatadogIntegration, DatadogIntegrationArgs
from infra.gcp.deploy_identity import DeployIdentity, DeployIdentityArgs
from infra.gcp.environment import environment
from infra.gcp.evaluation_job import EvaluationJob, EvaluationJobArgs
from infra.gcp.images import image
from infra.gcp.outbox_drain import DrainCaller, DrainCallerArgs, OutboxDrain, OutboxDrainArgs
from infra.gcp.registry import Registry, RegistryArgs
from infra.gcp.secret_store import SecretStore, SecretStoreArgs
from infra.gcp.state_bucket import StateBucket, StateBucketArgs
from infra.identity import Identity
from infra.observability.rum import Rum
from infra.observability.service_key import ServiceKey


@dataclass(frozen=True)
class GoogleCloud:
    """The components that Datadog's part of the stack and the exports read."""

    access: Access
    state: StateBucket
    service: CloudRun
    datadog: DatadogIntegration | None
    """None where Datadog's account may not be granted anything."""
    deploy: DeployIdentity | None
    """None without a repository whose workflows may deploy."""
    after_apis: pulumi.ResourceOptions
    """Options of a component that needs Google's APIs to be enabled."""


def declare(
    settings: Settings, identity: Identity, root: Path, service_key: ServiceKey, rum: Rum | None
) -> GoogleCloud:
    """Declare the service and what it needs at Google.

    ``root`` is the folder of the repository; the container is started with ``service_key`` and, if there is one, with
    ``rum``'s id and token.
    """
    project, region = settings.gcp_project, settings.gcp_region
    access = Access("access", AccessArgs(identity, project))
    after_apis = pulumi.ResourceOptions(depends_on=access.apis)
    registry = Registry("registry", RegistryArgs(identity, project, region), after_apis)
    secrets = SecretStore(
        "secrets",
        SecretStoreArgs(
            identity,
            project,
            reader=access.member,
            values={
                "DD_API_KEY": settings.datadog_api_key,
                "DD_APP_KEY": service_key.value,
                "CONVERSATION_KEYS": settings.conversation_keys,
                "OPERATOR_TOKEN": settings.operator_token,
                "READER_TOKEN": settings.reader_token,
            },
        ),
        after_apis,
    )
    state = StateBucket("state", StateBucketArgs(identity, project, region, writer=access.member), after_apis)
    drain_caller = DrainCaller("drain-caller", DrainCallerArgs(identity, project), after_apis)
    image_name = image(settings, root, registry.path)
    variables = environment(settings, identity, state.bucket_name, drain_caller.email, rum)
    service = CloudRun(
        "llm-api",
        CloudRunArgs(
            identity,
            project,
            region,
            image=image_name,
            account_email=access.account_email,
            environment=variables,
            secrets=secrets.references,
            min_instances=settings.min_instances,
            max_instances=settings.max_instances,
            deletion_protection=settings.deletion_protection,
            ready=[*access.apis, *secrets.ready, *state.ready],
            granted_to_all=settings.outside_members,
        ),
    )
    OutboxDrain("outbox-drain", OutboxDrainArgs(identity, project, region, service.uri, drain_caller.email), after_apis)
    evaluation = EvaluationJob(
        "evaluation",
        EvaluationJobArgs(
            identity,
            project,
            region,
            settings.on_call.time_zone,
            image_name,
            variables,
            api_key=secrets.references["DD_API_KEY"],
            samples=state.bucket_name,
        ),
        after_apis,
    )
    datadog = None
    if settings.outside_members:
        datadog = DatadogIntegration("datadog", DatadogIntegrationArgs(identity, project), after_apis)
    deploy = None
    if settings.repository:
        accounts = {
            "service": access.account_email,
            "evaluation": evaluation.runs_as,
            "evaluation-caller": evaluation.called_by,
            "drain-caller": drain_caller.email,
        }
        deploy = DeployIdentity(
            "deploy", DeployIdentityArgs(identity, project, settings.repository, runs_as=accounts), after_apis
        )
    return GoogleCloud(
        access=access,
        state=state,
        service=service,
        datadog=datadog,
        deploy=deploy,
        after_apis=after_apis,
    )
