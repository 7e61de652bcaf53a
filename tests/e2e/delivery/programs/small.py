"""A part of the stack that is quick to apply: no Cloud Run, two alerts. Its components are the stack's own.

Tests put it in place of infra/__main__.py.
"""
# ruff: noqa: E402  # as in infra/__main__.py

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != FOLDER)]

from firedrill import lean_sdk

lean_sdk.install()

import pulumi

from infra import config
from infra.gcp.secret_store import SecretStore, SecretStoreArgs
from infra.gcp.state_bucket import StateBucket, StateBucketArgs
from infra.identity import Identity
from infra.observability.alerts.catalog import ALERTS
from infra.observability.alerts.monitors import Alerts, AlertsArgs
from infra.observability.logs.pipelines import LogPipelineArgs, LogPipelines
from infra.observability.logs.storage import LogStorage, LogStorageArgs
from infra.observability.notebooks import NotebookArgs, Notebooks
from infra.observability.on_call import OnCallArgs, OnCallPaging, pager
from infra.observability.rum import Rum, RumArgs
from infra.observability.service_key import ServiceKey, ServiceKeyArgs
from infra.observability.slos import SloArgs, Slos
from infra.observability.synthetics import Synthetics, SyntheticsArgs
from infra.observability.teams import Team, TeamArgs
from infra.observability.workflows.workflows import INPUTS, WorkflowArgs, Workflows

settings = config.load()
identity = Identity(env=settings.env, version="1")
project, region = settings.gcp_project, settings.gcp_region
address = "https://service.example.com"

member = "serviceAccount:program@example.iam.gserviceaccount.com"
service_key = ServiceKey("service-key", ServiceKeyArgs(identity, settings.on_call.emails[0].partition("@")[2]))
values = {"DD_API_KEY": settings.datadog_api_key, "DD_APP_KEY": service_key.value}
SecretStore("secrets", SecretStoreArgs(identity, project, reader=pulumi.Output.from_input(member), values=values))
StateBucket("state", StateBucketArgs(identity, project, region, writer=pulumi.Output.from_input(member)))
team = Team("llm-platform", TeamArgs(identity, settings.on_call.emails, settings.runbooks))
on_call = OnCallPaging("on-call", OnCallArgs(identity, settings.on_call, team.team_id, team.user_ids))
paged = pager(identity, on=True)
LogPipelines("logs", LogPipelineArgs(identity))
LogStorage(
    "log-storage", LogStorageArgs(identity, project, region, settings.log_index, "archivist@example.com", ready=[])
)
rum = Rum("rum", RumArgs(identity, product_analytics=True))
notebooks = Notebooks("notebooks", NotebookArgs(identity, settings.runbooks))
synthetics = Synthetics(
    "synthetics",
    SyntheticsArgs(
        identity, address, settings.synthetics_locations, rum.application_id, settings.reader_token,
        runbooks=settings.runbooks, site=settings.datadog_site, pager=paged,
    ),
)  # fmt: skip
Slos("slos", SloArgs(identity, synthetics.health_monitor_id))
workflows = Workflows(
    "workflows",
    WorkflowArgs(
        identity, address, settings.operator_token, settings.model_fallback, settings.runbooks, pages=True,
        anomaly_template=notebooks.anomaly_id,
    ),
)  # fmt: skip
Alerts(
    "alerts",
    AlertsArgs(
        identity, project, tuple(alert for alert in ALERTS if alert.key in ("chat-slow", "gemini-throttled")),
        slo_ids={}, runbooks=settings.runbooks, primary=settings.model_primary, fallback=settings.model_fallback,
        site=settings.datadog_site, pager=paged, workflows=frozenset(INPUTS),
    ),
    pulumi.ResourceOptions(depends_on=[workflows, on_call]),
)  # fmt: skip
