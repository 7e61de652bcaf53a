"""The service's own identity in Datadog: an account of no person, with a key that opens what its endpoints call."""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

SCOPES = (
    "apm_read", "apm_service_catalog_read", "apm_service_catalog_write", "ci_visibility_pipelines_write",
    "dora_metrics_read", "dora_metrics_write", "error_tracking_read", "events_read", "incident_read", "incident_write",
    "logs_read_config", "logs_write_pipelines", "monitors_read", "notebooks_read", "notebooks_write", "on_call_page",
    "on_call_read", "synthetics_read", "synthetics_write", "teams_read", "user_access_read", "workflows_read",
    "workflows_run",
)  # fmt: skip
"""What the service's endpoints call, and nothing else: it cannot touch monitors, dashboards, users or keys.
https://docs.datadoghq.com/account_management/rbac/permissions/"""


@dataclass(frozen=True)
class ServiceKeyArgs:
    """``domain`` is of the e-mail address that the account has to have; nobody reads there."""

    identity: Identity
    domain: str


class ServiceKey(pulumi.ComponentResource):
    """``value`` is the application key with which the service calls Datadog's API."""

    value: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:ServiceKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        permissions = dd.get_permissions_output().permissions
        # A key can do what its owner may and its scopes allow: the role keeps the account itself from more.
        role = dd.Role(
            f"{name}-role",
            name=args.identity.named("the service"),
            permissions=permissions.apply(_granted),
            opts=child,
        )
        # A person's key stops working on the day the person leaves, and the service's writes with it.
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


def _granted(known: dict[str, str]) -> list[dd.RolePermissionArgs]:
    """The permissions that are the key's scopes, of those that the organisation has."""
    return [dd.RolePermissionArgs(id=known[name]) for name in SCOPES if name in known]
