"""Service accounts and their keys, roles, restriction policies (https://docs.datadoghq.com/api/latest/users/)."""

from firedrill.datadog.client import DatadogClient, escape
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import TEXT_SET, SetInHashOrder, SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import TEXT, Inside, Json
from firedrill.provider.resource import ProviderError, ResourceCall
from firedrill.provider.values import Properties

_ROLES = Property(
    "roles",
    SetInHashOrder(Inside(("id",), TEXT, (("type", "roles"),))),
    at="/relationships/roles/data",
    if_absent=[],
    computed=True,
)


_SERVICE_ACCOUNT = Object(
    (
        Property("email", required=True, replace=True),
        Property("name", computed=True),
        Property("disabled"),
        _ROLES,
    ),
    under="attributes",
    zero="omit",
    constants={"attributes.service_account": True},
)


def _adjust_service_account(write: Write, body: Json) -> Json:
    """Adjust a body to the API: creates cannot disable an account, and updates have no roles."""
    if write.action == "create":
        body["attributes"].pop("disabled", None)
    else:
        body["attributes"].pop("service_account", None)
        body.pop("relationships", None)
        body["attributes"].setdefault("disabled", False)
    return body


def _update_roles(write: Write) -> None:
    """Grant and revoke the roles that an update changed."""
    if write.action == "update":
        now, before = (set(properties.get("roles") or []) for properties in (write.inputs, write.old_inputs))
        user = {"data": {"id": write.id, "type": "users"}}
        for role in sorted(now - before):
            write.client.call(f"POST /api/v2/roles/{escape(role)}/users", user)
        for role in sorted(before - now):
            write.client.call(f"DELETE /api/v2/roles/{escape(role)}/users", user)


def _adjust_role(write: Write, body: Json) -> Json:
    """Send an empty list in an update that declares no permissions, which revokes all of them."""
    body.setdefault("relationships", {})
    if write.action == "update":
        body["relationships"].setdefault("permissions", {"data": []})
    if not body["attributes"].get("default_permissions_opt_out"):
        body["attributes"].pop("default_permissions_opt_out", None)
    return body


def _check_permissions(client: DatadogClient, _call: ResourceCall, _id: str, inputs: Properties, _body: Json) -> None:
    """Raise ProviderError for a permission that does not exist."""
    if inputs.get("validate") is False or not inputs.get("permissions"):
        return
    known = {permission["id"] for permission in client.call("GET /api/v2/permissions")["data"]}
    for permission in inputs["permissions"]:
        if permission.get("id") not in known:
            text = "does not exist, remove it from your configuration"
            raise ProviderError(f"permission with ID {permission.get('id')} {text}")


def _permissions(resource: Json) -> list[Json]:
    return ((resource.get("relationships") or {}).get("permissions") or {}).get("data") or []


def _describe_permissions(client: DatadogClient, _id: str, resource: Json) -> Json:
    """Add to each of a role's permissions its name, and whether it is restricted: every role has those."""
    catalog = {
        permission["id"]: permission["attributes"] for permission in client.call("GET /api/v2/permissions")["data"]
    }
    described = [
        {
            **permission,
            "name": catalog[permission["id"]]["name"],
            "restricted": catalog[permission["id"]].get("restricted", False),
        }
        for permission in _permissions(resource)
        if permission["id"] in catalog
    ]
    return {**resource, "relationships": {**resource["relationships"], "permissions": {"data": described}}}


def _without_default_permissions(resource: Json, declared: Properties) -> Json:
    """Remove the restricted permissions, which every role has, unless the program opted out of them."""
    opted_out = declared.get("defaultPermissionsOptOut")
    permissions = [permission for permission in _permissions(resource) if opted_out or not permission.get("restricted")]
    relationships = resource.get("relationships") or {}
    return {**resource, "relationships": {**relationships, "permissions": {"data": permissions}}}


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    policy = "/api/v2/restriction_policy"
    owned = "/api/v2/service_accounts/{serviceAccountId}/application_keys"
    permission = Object((Property("id"), Property("name", output=True)), constants={"type": "permissions"})
    return {
        "datadog:index/serviceAccountApplicationKey:ServiceAccountApplicationKey": jsonapi(
            account,
            "application_keys",
            owned,
            Property("serviceAccountId", local=True, required=True, replace=True),
            Property("name", required=True),
            Property("scopes", TEXT_SET, if_absent=[]),
            Property("key", output=True, secret=True),
            Property("createdAt", output=True),
            Property("last4", output=True),
            parent="serviceAccountId",
        ),
        "datadog:index/serviceAccount:ServiceAccount": jsonapi(
            account,
            "users",
            "/api/v2/service_accounts",
            schema=_SERVICE_ACCOUNT,
            read_at="GET /api/v2/users/{id}",
            update_at="PATCH /api/v2/users/{id}",
            delete_at="DELETE /api/v2/users/{id}",
            adjust_body=_adjust_service_account,
            before_write=_update_roles,
        ),
        "datadog:index/role:Role": jsonapi(
            account,
            "roles",
            "/api/v2/roles",
            Property("name", required=True),
            Property(
                "permissions",
                SetInHashOrder(permission, hashed=("id",)),
                at="/relationships/permissions/data",
                zero="omit",
            ),
            Property("defaultPermissionsOptOut"),
            Property("userCount", output=True),
            Property("validate", local=True),
            adjust_body=_adjust_role,
            validate_body=_check_permissions,
            after_write=lambda write: _describe_permissions(write.client, write.id, write.answer),
            complete_read=_describe_permissions,
            normalize_answer=_without_default_permissions,
        ),
        "datadog:index/restrictionPolicy:RestrictionPolicy": jsonapi(
            account,
            "restriction_policy",
            policy,
            Property("resourceId", required=True, replace=True, local=True),
            Property(
                "bindings",
                SetOf(Object((Property("relation"), Property("principals", TEXT_SET)))),
                if_absent=[],
            ),
            create_at=f"POST {policy}/{{resourceId}}",
            update_at=f"POST {policy}/{{resourceId}}",
            adjust_body=lambda write, body: {**body, "id": write.inputs["resourceId"]},
            id_of=lambda _, inputs: str(inputs["resourceId"]),
            id_properties=("resourceId",),
        ),
    }
