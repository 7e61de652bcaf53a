"""Permissions that roles grant: https://docs.datadoghq.com/account_management/rbac/permissions/ ."""

import uuid

from firedrill.sandbox.datadog.http.handler import ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

PERMISSIONS = (
    "apm_read", "apm_retention_filter_read", "apm_retention_filter_write", "apm_service_catalog_read",
    "apm_service_catalog_write", "audit_logs_read", "ci_visibility_pipelines_write", "ci_visibility_read",
    "cloud_cost_management_read", "cloud_cost_management_write", "connections_read", "connections_write",
    "dashboards_read", "dashboards_write", "deployment_gates_evaluate", "deployment_gates_read",
    "deployment_gates_write", "dora_metrics_read", "dora_metrics_write", "error_tracking_read",
    "error_tracking_write", "events_read", "incident_read", "incident_settings_read", "incident_settings_write",
    "incident_write", "integrations_read", "llm_observability_read", "llm_observability_write", "logs_modify_indexes",
    "logs_read_config", "logs_read_data", "logs_read_index_data", "logs_write_archives",
    "logs_write_exclusion_filters", "logs_write_pipelines", "manage_integrations", "metrics_read",
    "monitor_config_policy_write", "monitors_downtime", "monitors_read", "monitors_write", "notebooks_read",
    "notebooks_write", "on_call_page", "on_call_read", "on_call_respond", "on_call_write", "org_management",
    "reference_tables_read", "rum_apps_read", "rum_apps_write", "service_account_write", "slos_corrections",
    "slos_read", "slos_write", "synthetics_global_variable_read", "synthetics_global_variable_write",
    "synthetics_read", "synthetics_write", "teams_manage", "teams_read", "timeseries_query", "user_access_invite",
    "user_access_manage", "user_access_read", "user_app_keys", "workflows_read", "workflows_run", "workflows_write",
)  # fmt: skip
"""Names of permissions; a real organisation has more."""


def permission(name: str) -> Body:
    """Return a permission; its id is the same in every organisation."""
    words = name.replace("_", " ")
    attributes = {
        "created": "2018-10-19T15:35:23.734317+00:00",
        "description": f"Permission to: {words}.",
        "display_name": words.title(),
        "display_type": "read" if name.endswith(("_read", "_query")) else "write",
        "group_name": name.split("_", 1)[0].title(),
        "name": name,
        "restricted": False,
    }
    return {
        "type": "permissions",
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"permission {name}")),
        "attributes": attributes,
    }


@serves("v2.list_permissions")
def list_permissions(_: Call) -> ApiResponse:
    """Return all permissions."""
    return ApiResponse({"data": [permission(name) for name in PERMISSIONS]})
