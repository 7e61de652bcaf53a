"""Permissions that roles grant, and restriction policies of single objects.

https://docs.datadoghq.com/account_management/rbac/permissions/,
https://docs.datadoghq.com/api/latest/restriction-policies/
"""

import copy
import uuid

from firedrill.sandbox.datadog.forms import generic
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

POLICIES = "restriction_policies"
RELATIONS = {
    "monitor": {"viewer", "editor"},
    "dashboard": {"viewer", "editor"},
    "notebook": {"viewer", "editor"},
    "slo": {"viewer", "editor"},
    "synthetics-test": {"viewer", "editor"},
    "workflow": {"viewer", "runner", "editor"},
    "connection": {"viewer", "resolver", "editor"},
}
"""Which relations a principal can have to an object, by its kind."""
KNOWN = (
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
    """A permission; its id is the same in every organisation."""
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
def list_permissions(call: Call) -> Answer:
    """All permissions."""
    del call
    return Answer({"data": [permission(name) for name in KNOWN]})


def shown(identifier: str, bindings: list[Body]) -> Answer:
    """A policy as it is answered."""
    return Answer({"data": {"id": identifier, "type": "restriction_policy", "attributes": {"bindings": bindings}}})


@serves("v2.get_restriction_policy")
def get_policy(call: Call) -> Answer:
    """The policy of an object; without one it has no bindings."""
    found = call.get(POLICIES, call.path["resource_id"])
    return shown(call.path["resource_id"], found["bindings"] if found else [])


@serves("v2.update_restriction_policy")
def put_policy(call: Call) -> Answer:
    """Replace the policy of an object."""
    identifier = call.path["resource_id"]
    kind, _, name = identifier.partition(":")
    if kind not in RELATIONS or not name:
        raise generic(400, f"resource {identifier!r} cannot be restricted")
    bindings: list[Body] = copy.deepcopy(call.body["data"]["attributes"]["bindings"])
    for one in bindings:
        if one["relation"] not in RELATIONS[kind]:
            raise generic(400, f"a {kind} has no relation {one['relation']!r}")
        wrong = [text for text in one["principals"] if text.partition(":")[0] not in {"user", "team", "role", "org"}]
        if wrong:
            raise generic(400, f"principal {wrong[0]!r} is not like team:ID, user:ID, role:ID or org:ID")
    call.put(POLICIES, identifier, {"id": identifier, "bindings": bindings})
    return shown(identifier, bindings)


@serves("v2.delete_restriction_policy")
def delete_policy(call: Call) -> Answer:
    """Restrict an object no longer."""
    call.delete(POLICIES, call.path["resource_id"])
    return NO_CONTENT
