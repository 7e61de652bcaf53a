"""The Datadog part of the stack."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.config import Settings
from infra.gcp.stack import GoogleCloud
from infra.identity import Identity
from infra.observability.alerts.catalog import ALERTS
from infra.observability.alerts.monitors import Alerts, AlertsArgs
from infra.observability.apm import Apm, ApmArgs
from infra.observability.chat_room import ChatRoom, ChatRoomArgs
from infra.observability.cost_budget import CostBudget, CostBudgetArgs
from infra.observability.dashboards import DashboardArgs, Dashboards
from infra.observability.deployment_gate import DeploymentGate, DeploymentGateArgs
from infra.observability.downtimes import DowntimeArgs, Downtimes
from infra.observability.incidents import IncidentArgs, Incidents
from infra.observability.llm_observability import LlmObservability, LlmObservabilityArgs
from infra.observability.logs.pipelines import LogPipelineArgs, LogPipelines
from infra.observability.logs.scanner import Scanner, ScannerArgs
from infra.observability.logs.storage import LogStorage, LogStorageArgs
from infra.observability.notebooks import NotebookArgs, Notebooks
from infra.observability.notification_rules import NotificationRuleArgs, NotificationRules
from infra.observability.on_call import OnCallArgs, OnCallPaging, pager
from infra.observability.products_read import without
from infra.observability.restrictions import RestrictionArgs, Restrictions
from infra.observability.rum import Rum
from infra.observability.slos import SloArgs, Slos
from infra.observability.synthetics import Synthetics, SyntheticsArgs
from infra.observability.teams import Team, TeamArgs
from infra.observability.workflows.incident_workflow import IncidentWorkflow, IncidentWorkflowArgs
from infra.observability.workflows.rollback import Rollback, RollbackArgs
from infra.observability.workflows.workflows import (
    ANOMALY_NOTEBOOK,
    ENABLE_CACHE,
    INPUTS,
    OPEN_INCIDENT,
    PAGE,
    ROLL_BACK,
    SWITCH_MODEL,
    WorkflowArgs,
    Workflows,
)
from infra.products import Product


@dataclass(frozen=True)
class Datadog:
    """The components that the exports read; None where the organisation lacks the product."""

    on_call: OnCallPaging | None
    apm: Apm | None
    pipelines: LogPipelines | None
    log_storage: LogStorage | None
    scanner: Scanner | None
    synthetics: Synthetics | None
    workflows: Workflows | None
    dashboards: Dashboards | None
    slo_ids: Mapping[str, pulumi.Output[str]]
    monitor_ids: Mapping[str, pulumi.Output[str]]


def declare(settings: Settings, identity: Identity, google: GoogleCloud, rum: Rum | None) -> Datadog:
    """Declare everything that Datadog knows and does about the service, of the products that the organisation has."""
    has = settings.has
    team = Team("llm-platform", TeamArgs(identity, settings.on_call.emails, settings.runbooks))
    on_call = None
    if has("on-call"):
        on_call = OnCallPaging("on-call", OnCallArgs(identity, settings.on_call, team.team_id, team.user_ids))

    apm = Apm("apm", ApmArgs(identity)) if has("apm") else None
    pipelines = LogPipelines("logs", LogPipelineArgs(identity)) if has("log-pipelines") else None
    scanner = Scanner("scanner", ScannerArgs(identity)) if has("sensitive-data-scanner") else None
    log_storage = _log_storage(settings, identity, google) if has("logs") else None
    notebooks = None
    if has("notebooks"):
        notebooks = Notebooks("notebooks", NotebookArgs(identity, settings.runbooks, settings.off))
    if has("llm-observability"):
        _llm_observability(settings, identity)

    paging_handle = pager(identity, on=on_call is not None)
    synthetics = _synthetics(settings, identity, google, rum, paging_handle) if has("synthetics") else None
    slos = None
    if has("slos"):
        slos = Slos("slos", SloArgs(identity, synthetics.health_monitor_id if synthetics else None))
    slo_ids = slos.ids if slos else {}

    workflows, rollback = None, None
    if has("workflow-automation"):
        workflows = _workflows(settings, identity, google, notebooks, pages=on_call is not None)
        if settings.service_account_keys:
            rollback = _rollback(settings, identity, google, pages=on_call is not None)
    # A message must not name a workflow or an on-call team that does not exist yet.
    handles: list[pulumi.Resource] = [component for component in (workflows, rollback, on_call) if component]
    monitor_ids: Mapping[str, pulumi.Output[str]] = {}
    if has("monitors"):
        monitor_ids = _alerting(settings, identity, slo_ids, paging_handle, handles)

    dashboards = None
    if has("dashboards"):
        workflow_ids = _workflow_ids(workflows, rollback)
        dashboards = Dashboards(
            "dashboards",
            DashboardArgs(identity, slo_ids, monitor_ids, workflow_ids, settings.runbooks, settings.off),
        )
    if has("incidents"):
        _incidents(settings, identity, dashboards)
    if has("deployment-gates"):
        DeploymentGate("gate", DeploymentGateArgs(identity, settings.gate_dry_run))
    if settings.budget:
        CostBudget("budget", CostBudgetArgs(identity, settings.gcp_project, settings.budget))
    if settings.env == "prod" and settings.deployer and monitor_ids:
        Restrictions("restrictions", RestrictionArgs(monitor_ids, team.team_id, settings.deployer))
    return Datadog(
        on_call, apm, pipelines, log_storage, scanner, synthetics, workflows, dashboards, slo_ids, monitor_ids
    )


def _alerting(
    settings: Settings,
    identity: Identity,
    slo_ids: Mapping[str, pulumi.Output[str]],
    paging_handle: str,
    handles: list[pulumi.Resource],
) -> Mapping[str, pulumi.Output[str]]:
    """Declare the alerts, their further recipients and their downtimes; return the ids of the monitors."""
    after_handles = pulumi.ResourceOptions(depends_on=handles)
    monitor_ids = _alerts(settings, identity, slo_ids, paging_handle, after_handles).ids
    if any(alert.pages for alert in ALERTS if alert.key in monitor_ids):
        _notification_rules(settings, identity)
    _downtimes(settings, identity, slo_ids)
    return monitor_ids


def _workflow_ids(workflows: Workflows | None, rollback: Rollback | None) -> dict[str, pulumi.Output[str]]:
    """Return the ids of the workflows that dashboards can start."""
    ids = {ROLL_BACK: rollback.workflow_id} if rollback else {}
    if workflows:
        ids |= {SWITCH_MODEL: workflows.switch_model_id, ENABLE_CACHE: workflows.enable_cache_id}
    return ids


def _synthetics(
    settings: Settings, identity: Identity, google: GoogleCloud, rum: Rum | None, paging_handle: str
) -> Synthetics:
    return Synthetics(
        "synthetics",
        SyntheticsArgs(
            identity,
            google.service.uri,
            settings.synthetics_locations,
            rum_application_id=rum.application_id if rum else None,
            reader_token=settings.reader_token,
            runbooks=settings.runbooks,
            site=settings.datadog_site,
            pager=paging_handle,
            off=settings.off,
        ),
    )


def _log_storage(settings: Settings, identity: Identity, google: GoogleCloud) -> LogStorage:
    return LogStorage(
        "log-storage",
        LogStorageArgs(
            identity,
            settings.gcp_project,
            settings.gcp_region,
            index=settings.log_index,
            archivist=google.datadog.account_email if google.datadog else None,
            ready=google.datadog.ready if google.datadog else [],
        ),
        google.after_apis,
    )


def _llm_observability(settings: Settings, identity: Identity) -> None:
    LlmObservability(
        "llm-observability",
        LlmObservabilityArgs(
            identity,
            settings.gcp_project,
            settings.model_location,
            model=settings.model_fallback,
            account=settings.judge_account,
        ),
    )


def _workflows(
    settings: Settings, identity: Identity, google: GoogleCloud, notebooks: Notebooks | None, *, pages: bool
) -> Workflows:
    return Workflows(
        "workflows",
        WorkflowArgs(
            identity,
            google.service.uri,
            settings.operator_token,
            settings.model_fallback,
            settings.runbooks,
            pages=pages,
            anomaly_template=notebooks.anomaly_id if notebooks else None,
        ),
    )


def _rollback(settings: Settings, identity: Identity, google: GoogleCloud, *, pages: bool) -> Rollback:
    return Rollback(
        "rollback",
        RollbackArgs(
            identity,
            settings.gcp_project,
            settings.gcp_region,
            service_name=google.service.service_name,
            runs_as=google.access.account_email,
            runbooks=settings.runbooks,
            pages=pages,
        ),
    )


def _alerts(
    settings: Settings,
    identity: Identity,
    slo_ids: Mapping[str, pulumi.Output[str]],
    paging_handle: str,
    opts: pulumi.ResourceOptions,
) -> Alerts:
    return Alerts(
        "alerts",
        AlertsArgs(
            identity,
            settings.gcp_project,
            without(ALERTS, settings.off),
            slo_ids=slo_ids,
            runbooks=settings.runbooks,
            primary=settings.model_primary,
            fallback=settings.model_fallback,
            site=settings.datadog_site,
            pager=paging_handle,
            workflows=_handles(settings),
            off=settings.off,
        ),
        opts,
    )


def _handles(settings: Settings) -> frozenset[str]:
    """Return the handles of the workflows that the organisation can have."""
    needs: dict[str, Product] = {OPEN_INCIDENT: "incidents", PAGE: "on-call", ANOMALY_NOTEBOOK: "notebooks"}
    if not settings.has("workflow-automation"):
        return frozenset()
    handles = {handle for handle in INPUTS if handle not in needs or settings.has(needs[handle])}
    return frozenset(handles if settings.service_account_keys else handles - {ROLL_BACK})


def _notification_rules(settings: Settings, identity: Identity) -> None:
    rooms = []
    if settings.chat_room and settings.chat_room_token is not None:
        room = ChatRoom("chat-room", ChatRoomArgs(identity, settings.chat_room, settings.chat_room_token))
        rooms.append(room.handle)
    NotificationRules("notification-rules", NotificationRuleArgs(identity, rooms))


def _downtimes(settings: Settings, identity: Identity, slo_ids: Mapping[str, pulumi.Output[str]]) -> None:
    Downtimes(
        "silences",  # the logical name in deployed states
        DowntimeArgs(
            identity,
            settings.load_test,
            settings.first_deploy,
            slos={key: slo_ids[key] for key in ("latency", "first-token", "cost") if key in slo_ids},
        ),
    )


def _incidents(settings: Settings, identity: Identity, dashboards: Dashboards | None) -> None:
    incidents = Incidents("incidents", IncidentArgs(identity))
    if settings.has("workflow-automation"):
        overview = dashboards.overview_path if dashboards else None
        IncidentWorkflow(
            "open-incident",
            IncidentWorkflowArgs(identity, incidents.type_id, overview, settings.datadog_site, settings.runbooks),
        )
