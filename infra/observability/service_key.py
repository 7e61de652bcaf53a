"""The service account in Datadog, and the application key of the service."""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

SCOPES = (
    "apm_read", "apm_service_catalog_read", "apm_service_catalog_write", "ci_visibility_pipelines_write",
    "dora_metrics_read", "dora_metrics_write", "error_tracking_read", "events_read", "incident_read", "incident_write",
    "logs_read_config", "logs_write_pipelines", "monitors_read", "notebooks_read", "notebooks_write", "on_call_page",
    "on_call_read", "slos_read", "synthetics_read", "synthetics_write", "teams_read", "timeseries_query",
    "user_access_read", "workflows_read", "workflows_run",
)  # fmt: skip
"""The permissions that the service's endpoints need. It cannot change monitors, dashboards, users or keys.
https://docs.datadoghq.com/account_management/rbac/permissions/"""


@dataclass(frozen=True)
class ServiceKeyArgs:
    """``domain`` is that of the account's e-mail address, which Datadog requires and nobody reads."""

    identity: Identity
    domain: str


class ServiceKey(pulumi.ComponentResource):
    """The account and its key. ``value`` is the application key."""

    value: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:ServiceKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        permissions = dd.get_permissions_output().permissions
        # A key may do what both its owner's role and its scopes allow: the role limits the account itself.
        role = dd.Role(
            f"{name}-role",
            name=args.identity.named("the service"),
            permissions=permissions.apply(_granted),
            opts=child,
        )
        # The key of a person would stop working when that person leaves.
        account = dd.ServiceAccount(
            f"{name}-account",
            email=f"{args.identity.service}-{args.identity.env}@{args.domain}",
            name=args.identity.named("the service"),
            roles=[role.id],
            opts=child,
        )
        key = dd.ServiceAccountApplicationKey(
            f"{name}-application-key",
            service_account_id=account.id,
            name=args.identity.named("the service's API calls"),
            scopes=list(SCOPES),
            opts=child,
        )
        self.value = key.key
        self.register_outputs({})


def _granted(permission_ids: dict[str, str]) -> list[dd.RolePermissionArgs]:
    """Return the key's scopes as permissions, of those that the organisation has."""
    return [dd.RolePermissionArgs(id=permission_ids[name]) for name in SCOPES if name in permission_ids]
