"""The stack's program: its settings, the resources at Google Cloud and Datadog, and its exports."""
# ruff: noqa: E402  # the path and the SDK's import come first

import os
import sys
from pathlib import Path

# Pulumi puts this folder on the path. The root belongs there (infra, service and firedrill are packages in it), and
# this folder does not: `import links` and `import infra.links` would be two modules.
FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
sys.path[:] = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != FOLDER)]

if os.environ.get("FIREDRILL_LEAN_SDK") == "1":  # docs/lean-sdk.md
    from firedrill import lean_sdk

    lean_sdk.install()

import pulumi

from infra import config, contract
from infra.gcp import stack as google_cloud
from infra.gcp.images import version
from infra.identity import Identity
from infra.links import app
from infra.observability import stack as observability
from infra.observability.rum import Rum, RumArgs
from infra.observability.service_key import ServiceKey, ServiceKeyArgs
from infra.protection import protect_history
from service.telemetry import EMITTED

contract.enforce()
settings = config.load()
if settings.deletion_protection:
    protect_history()
identity = Identity(env=settings.env, version=version(settings, ROOT))

# The service's container is started with both.
service_key = ServiceKey("service-key", ServiceKeyArgs(identity, settings.on_call.emails[0].partition("@")[2]))
rum = Rum("rum", RumArgs(identity, settings.has("product-analytics"))) if settings.has("rum") else None

google = google_cloud.declare(settings, identity, ROOT, service_key, rum)
datadog = observability.declare(settings, identity, google, rum)

pulumi.export("service_url", google.service.uri)
pulumi.export("revision", google.service.revision)
pulumi.export("state_bucket", google.state.bucket_name)
if google.deploy:
    pulumi.export("deploy_provider", google.deploy.provider)
    pulumi.export("deploy_account", google.deploy.deployer)
    pulumi.export("preview_account", google.deploy.previewer)
if datadog.dashboards:
    pulumi.export("dashboard", pulumi.Output.concat(app(settings.datadog_site), datadog.dashboards.overview_path))
pulumi.export("monitors", datadog.monitor_ids)
pulumi.export("slos", datadog.slo_ids)
if datadog.on_call:
    pulumi.export("schedule", datadog.on_call.schedule_id)
if datadog.workflows:
    pulumi.export("workflow_switch_model", datadog.workflows.switch_model_id)
if datadog.synthetics:
    pulumi.export("synthetic_health", datadog.synthetics.health_id)
# What the organisation's own stack, infra/org/, reads; an empty list where the product is off.
pulumi.export("log_index", datadog.log_storage.index_name if datadog.log_storage else [])
pulumi.export("log_archive", datadog.log_storage.archive_ids if datadog.log_storage else [])
pulumi.export("log_pipelines", datadog.pipelines.ids if datadog.pipelines else [])
pulumi.export("retention_filters", datadog.apm.filter_ids if datadog.apm else [])
pulumi.export("scanner_group", datadog.scanner.group_id if datadog.scanner else [])
pulumi.export("paged", list(settings.on_call.emails) if datadog.on_call else [])
pulumi.export("metrics", [metric.name for metric in EMITTED])
