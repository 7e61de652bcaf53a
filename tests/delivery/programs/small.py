"""A part of the stack that is quick to apply: no Cloud Run, two alerts. Its components are the stack's own.

Tests put it in place of infra/__main__.py.
"""
# ruff: noqa: E402  # as in infra/__main__.py

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(FOLDER.parent), *(one for one in sys.path if Path(one or ".").resolve() != FOLDER)]

from firedrill import lean_sdk

lean_sdk.install()

import pulumi

from infra import config, monitors
from infra.alert import AlertsArgs
from infra.alerts import Alerts
from infra.identity import Identity
from infra.log_pipelines import LogPipelineArgs, LogPipelines
from infra.log_storage import LogStorage, LogStorageArgs
from infra.notebooks import NotebookArgs, Notebooks
from infra.on_call import OnCallArgs, OnCallPaging, pager
from infra.rum import Rum, RumArgs
from infra.secret_store import SecretStore, SecretStoreArgs
from infra.service_key import ServiceKey, ServiceKeyArgs
from infra.slos import SloArgs, Slos
from infra.state_bucket import StateBucket, StateBucketArgs
from infra.synthetics import Messages, Synthetics, SyntheticsArgs
from infra.teams import Team, TeamArgs
from infra.workflows import WorkflowArgs, Workflows

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
rum = Rum("rum", RumArgs(identity))
notebooks = Notebooks("notebooks", NotebookArgs(identity, settings.runbooks))
messages = Messages(
    health=monitors.health_message(identity, settings.runbooks, paged),
    chat=monitors.chat_message(identity, settings.runbooks),
    page=monitors.page_message(identity, settings.runbooks),
    operations=monitors.operations_message(identity, settings.runbooks),
)
synthetics = Synthetics(
    "synthetics",
    SyntheticsArgs(
        identity, address, settings.synthetics_locations, messages, rum.application_id, settings.reader_token
    ),
)
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
        identity, project, tuple(one for one in monitors.ALERTS if one.key in ("chat-slow", "gemini-throttled")),
        slo_ids={}, runbooks=settings.runbooks, primary=settings.model_primary, fallback=settings.model_fallback,
        site=settings.datadog_site, pager=paged,
    ),
    pulumi.ResourceOptions(depends_on=[workflows, on_call]),
)  # fmt: skip
