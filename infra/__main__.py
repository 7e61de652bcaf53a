"""The stack, as a table of contents: each component is one file of this folder."""
# ruff: noqa: E402  # the path and the SDK's import come first

import os
import sys
from pathlib import Path

# Pulumi puts this folder on the path. The root belongs there (infra, service and firedrill are packages in it), and
# this folder does not: `import monitors` and `import infra.monitors` would be two modules.
FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parent), *(one for one in sys.path if Path(one or ".").resolve() != FOLDER)]

if os.environ.get("FIREDRILL_LEAN_SDK") == "1":  # docs/lean-sdk.md
    from firedrill import lean_sdk

    lean_sdk.install()

import pulumi

from infra import config, contract, monitors
from infra.access import Access, AccessArgs
from infra.alert import AlertsArgs
from infra.alerts import Alerts
from infra.apm import Apm, ApmArgs
from infra.chat_room import ChatRoom, ChatRoomArgs
from infra.cloud_run import CloudRun, CloudRunArgs
from infra.cost_budget import CostBudget, CostBudgetArgs
from infra.dashboards import DashboardArgs, Dashboards
from infra.datadog_integration import DatadogIntegration, DatadogIntegrationArgs
from infra.deploy_identity import DeployIdentity, DeployIdentityArgs
from infra.deployment_gate import DeploymentGate, DeploymentGateArgs
from infra.environment import environment
from infra.evaluation_job import EvaluationJob, EvaluationJobArgs
from infra.identity import Identity
from infra.images import image, version
from infra.incident_workflow import IncidentWorkflow, IncidentWorkflowArgs
from infra.incidents import IncidentArgs, Incidents
from infra.links import app
from infra.llm_observability import LlmObservability, LlmObservabilityArgs
from infra.log_pipelines import LogPipelineArgs, LogPipelines
from infra.log_storage import LogStorage, LogStorageArgs
from infra.notebooks import NotebookArgs, Notebooks
from infra.notification_rules import NotificationRuleArgs, NotificationRules
from infra.on_call import OnCallArgs, OnCallPaging, pager
from infra.outbox_drain import DrainCaller, DrainCallerArgs, OutboxDrain, OutboxDrainArgs
from infra.protection import protect_history
from infra.registry import Registry, RegistryArgs
from infra.restrictions import RestrictionArgs, Restrictions
from infra.rollback import Rollback, RollbackArgs
from infra.rum import Rum, RumArgs
from infra.scanner import Scanner, ScannerArgs
from infra.secret_store import SecretStore, SecretStoreArgs
from infra.service_key import ServiceKey, ServiceKeyArgs
from infra.silences import SilenceArgs, Silences
from infra.slos import SloArgs, Slos
from infra.state_bucket import StateBucket, StateBucketArgs
from infra.synthetics import Messages, Synthetics, SyntheticsArgs
from infra.teams import Team, TeamArgs
from infra.workflows import ENABLE_CACHE, ROLL_BACK, SWITCH_MODEL, WorkflowArgs, Workflows
from service.telemetry import EMITTED

contract.enforce()
settings = config.load()
if settings.deletion_protection:
    protect_history()
identity = Identity(env=settings.env, version=version(settings, FOLDER.parent))
project, region = settings.gcp_project, settings.gcp_region

# --- Google Cloud: the service ---------------------------------------------------------------------------------------
access = Access("access", AccessArgs(identity, project))
after_apis = pulumi.ResourceOptions(depends_on=access.apis)
registry = Registry("registry", RegistryArgs(identity, project, region), after_apis)
service_key = ServiceKey("service-key", ServiceKeyArgs(identity, settings.on_call.emails[0].partition("@")[2]))
secrets = SecretStore(
    "secrets",
    SecretStoreArgs(
        identity,
        project,
        reader=access.member,
        values={
            "DD_API_KEY": settings.datadog_api_key,
            "DD_APP_KEY": service_key.value,
            "OPERATOR_TOKEN": settings.operator_token,
            "READER_TOKEN": settings.reader_token,
        },
    ),
    after_apis,
)
# Before the service, whose chat page starts the browser's SDK with its id and token.
rum = Rum("rum", RumArgs(identity))
state = StateBucket("state", StateBucketArgs(identity, project, region, writer=access.member), after_apis)
drain_caller = DrainCaller("drain-caller", DrainCallerArgs(identity, project), after_apis)
image_name = image(settings, FOLDER.parent, registry.path)
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
datadog = DatadogIntegration("datadog", DatadogIntegrationArgs(identity, project), after_apis)
if settings.repository:
    deploy = DeployIdentity(
        "deploy",
        DeployIdentityArgs(
            identity,
            project,
            settings.repository,
            runs_as={
                "service": access.account_email,
                "evaluation": evaluation.runs_as,
                "evaluation-caller": evaluation.called_by,
                "drain-caller": drain_caller.email,
            },
        ),
        after_apis,
    )
    pulumi.export("deploy_provider", deploy.provider)
    pulumi.export("deploy_account", deploy.deployer)
    pulumi.export("preview_account", deploy.previewer)

# --- Datadog: who ----------------------------------------------------------------------------------------------------
team = Team("llm-platform", TeamArgs(identity, settings.on_call.emails, settings.runbooks))
on_call = (
    OnCallPaging("on-call", OnCallArgs(identity, settings.on_call, team.team_id, team.user_ids))
    if settings.has("on-call")
    else None
)
paged = pager(identity, on=on_call is not None)

# --- Datadog: what it knows ------------------------------------------------------------------------------------------
apm = Apm("apm", ApmArgs(identity))
pipelines = LogPipelines("logs", LogPipelineArgs(identity))
scanner = Scanner("scanner", ScannerArgs(identity))
log_storage = LogStorage(
    "log-storage",
    LogStorageArgs(
        identity,
        project,
        region,
        index=settings.log_index,
        archivist=datadog.account_email,
        ready=datadog.ready,
    ),
    after_apis,
)
notebooks = Notebooks("notebooks", NotebookArgs(identity, settings.runbooks))
if settings.has("llm-observability"):
    LlmObservability(
        "llm-observability",
        LlmObservabilityArgs(
            identity, project, settings.model_location, model=settings.model_fallback, account=settings.judge_account
        ),
    )
synthetics = Synthetics(
    "synthetics",
    SyntheticsArgs(
        identity,
        service.uri,
        settings.synthetics_locations,
        messages=Messages(
            health=monitors.health_message(identity, settings.runbooks, paged),
            chat=monitors.chat_message(identity, settings.runbooks),
            page=monitors.page_message(identity, settings.runbooks),
            operations=monitors.operations_message(identity, settings.runbooks),
        ),
        rum_application_id=rum.application_id,
        reader_token=settings.reader_token,
    ),
)
slos = Slos("slos", SloArgs(identity, synthetics.health_monitor_id))

# --- Datadog: what it does -------------------------------------------------------------------------------------------
workflows = Workflows(
    "workflows",
    WorkflowArgs(
        identity,
        service.uri,
        settings.operator_token,
        settings.model_fallback,
        settings.runbooks,
        pages=on_call is not None,
        anomaly_template=notebooks.anomaly_id,
    ),
)
rollback = Rollback(
    "rollback",
    RollbackArgs(
        identity,
        project,
        region,
        service_name=service.service_name,
        runs_as=access.account_email,
        runbooks=settings.runbooks,
        pages=on_call is not None,
    ),
)
incidents = Incidents("incidents", IncidentArgs(identity))
alerts = Alerts(
    "alerts",
    AlertsArgs(
        identity,
        project,
        tuple(one for one in monitors.ALERTS if settings.has("llm-observability") or not one.on_llm_spans),
        slo_ids={
            "signal-burns-fast": slos.ids["availability"],
            "signal-burns-slowly": slos.ids["availability"],
            "latency-budget": slos.ids["latency"],
            "first-token-budget": slos.ids["first-token"],
            "cost-budget": slos.ids["cost"],
            "quality-budget": slos.ids["quality"],
        },
        runbooks=settings.runbooks,
        primary=settings.model_primary,
        fallback=settings.model_fallback,
        site=settings.datadog_site,
        pager=paged,
    ),
    # A message must not name a workflow or an on-call team that is not there yet.
    pulumi.ResourceOptions(depends_on=[workflows, rollback, *([on_call] if on_call else [])]),
)
rooms = []
if settings.chat_room and settings.chat_room_token is not None:
    rooms.append(ChatRoom("chat-room", ChatRoomArgs(identity, settings.chat_room, settings.chat_room_token)).handle)
NotificationRules("notification-rules", NotificationRuleArgs(identity, rooms))
Silences(
    "silences",
    SilenceArgs(
        identity,
        settings.load_test,
        settings.first_deploy,
        slos={key: slos.ids[key] for key in ("latency", "first-token", "cost")},
    ),
)
dashboards = Dashboards(
    "dashboards",
    DashboardArgs(
        identity,
        slo_ids=slos.ids,
        monitor_ids=alerts.ids,
        workflow_ids={
            SWITCH_MODEL: workflows.switch_model_id,
            ENABLE_CACHE: workflows.enable_cache_id,
            ROLL_BACK: rollback.workflow_id,
        },
        runbooks=settings.runbooks,
    ),
)
incident_workflow = IncidentWorkflow(
    "open-incident",
    IncidentWorkflowArgs(
        identity, incidents.type_id, dashboards.overview_path, settings.datadog_site, settings.runbooks
    ),
)
DeploymentGate("gate", DeploymentGateArgs(identity, settings.gate_dry_run))
if settings.budget:
    CostBudget("budget", CostBudgetArgs(identity, project, settings.budget))
if settings.env == "prod" and settings.deployer:
    Restrictions("restrictions", RestrictionArgs(alerts.ids, team.team_id, settings.deployer))

pulumi.export("service_url", service.uri)
pulumi.export("revision", service.revision)
pulumi.export("state_bucket", state.bucket_name)
pulumi.export("dashboard", pulumi.Output.concat(app(settings.datadog_site), dashboards.overview_path))
pulumi.export("monitors", alerts.ids)
pulumi.export("slos", slos.ids)
if on_call:
    pulumi.export("schedule", on_call.schedule_id)
pulumi.export("workflow_switch_model", workflows.switch_model_id)
pulumi.export("synthetic_health", synthetics.health_id)
# What the organisation's own stack puts in order (infra/org/), and what it waits for.
pulumi.export("log_index", log_storage.index_name)
pulumi.export("log_archive", log_storage.archive_id)
pulumi.export("log_pipelines", pipelines.ids)
pulumi.export("retention_filters", apm.filter_ids)
pulumi.export("scanner_group", scanner.group_id)
pulumi.export("paged", list(settings.on_call.emails) if on_call else [])
pulumi.export("metrics", [metric.name for metric in EMITTED])
