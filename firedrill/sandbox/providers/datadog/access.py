"""Keys, users, roles, service accounts, restriction policies, datasets (https://docs.datadoghq.com/api/latest/users/)."""

from firedrill.sandbox.providers.datadog.api import Api, escape
from firedrill.sandbox.providers.datadog.envelopes import JsonApi
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import TEXT_SET, Hashed, Unordered
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import TEXT, Json, Within
from firedrill.sandbox.providers.values import Properties

_ROLES = Field(
    "roles",
    Hashed(Within(("id",), TEXT, (("type", "roles"),))),
    at="/relationships/roles/data",
    empty=[],
    computed=True,
)


def _invite(step: Step) -> None:
    """Invite a new user, unless the program says not to."""
    if step.doing == "create" and step.inputs.get("sendUserInvitation") is not False:
        user = {"data": {"id": step.id, "type": "users"}}
        body = {"data": [{"type": "user_invitations", "relationships": {"user": user}}]}
        step.api.call("POST /api/v2/user_invitations", body)


def _disabled_only_later(step: Step, body: Json) -> Json:
    """A user is created enabled; roles are no part of an update's attributes."""
    if step.doing == "create":
        body["attributes"].pop("disabled", None)
    else:
        body.pop("relationships", None)
        body["attributes"].setdefault("disabled", False)
    return body


def _sync_roles(step: Step) -> None:
    """Grant and take the roles that an update changed."""
    if step.doing == "update":
        now, before = (set(properties.get("roles") or []) for properties in (step.inputs, step.old_inputs))
        user = {"data": {"id": step.id, "type": "users"}}
        for role in sorted(now - before):
            step.api.call(f"POST /api/v2/roles/{escape(role)}/users", user)
        for role in sorted(before - now):
            step.api.call(f"DELETE /api/v2/roles/{escape(role)}/users", user)


def _after_user(step: Step) -> None:
    _invite(step)
    _sync_roles(step)


def _gone_when_disabled(_api: Api, _id: str, resource: Json) -> Json:
    """Deleting a user disables it."""
    return None if (resource.get("attributes") or {}).get("status") == "Disabled" else resource


def _grant(step: Step) -> None:
    user = {"data": {"id": step.inputs["userId"], "type": "users"}}
    step.api.call(f"POST /api/v2/roles/{escape(step.inputs['roleId'])}/users", user)


def _user_fields(*more: Field) -> tuple[Field, ...]:
    return (
        Field("email", required=True, replace=True),
        Field("name", computed=True),
        Field("disabled"),
        _ROLES,
        *more,
    )


def _role_update(step: Step, body: Json) -> Json:
    """An update without permissions takes all of them away."""
    body.setdefault("relationships", {})
    if step.doing == "update":
        body["relationships"].setdefault("permissions", {"data": []})
    if not body["attributes"].get("default_permissions_opt_out"):
        body["attributes"].pop("default_permissions_opt_out", None)
    return body


def _name_resource(step: Step, body: Json) -> Json:
    return {**body, "id": step.inputs["resourceId"]}


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    policy = "/api/v2/restriction_policy"
    owned = "/api/v2/service_accounts/{serviceAccountId}/application_keys"
    permission = Object((Field("id"), Field("name", output=True)), constants={"type": "permissions"})
    return {
        "datadog:index/apiKey:ApiKey": jsonapi(
            account,
            "api_keys",
            "/api/v2/api_keys",
            Field("name", required=True),
            Field("remoteConfigReadEnabled", computed=True),
            Field("key", output=True, secret=True),
        ),
        "datadog:index/applicationKey:ApplicationKey": jsonapi(
            account,
            "application_keys",
            "/api/v2/current_user/application_keys",
            Field("name", required=True),
            Field("scopes", TEXT_SET, empty=[]),
            Field("key", output=True, secret=True),
        ),
        "datadog:index/serviceAccountApplicationKey:ServiceAccountApplicationKey": jsonapi(
            account,
            "application_keys",
            owned,
            Field("serviceAccountId", local=True, required=True, replace=True),
            Field("name", required=True),
            Field("scopes", TEXT_SET, empty=[]),
            Field("key", output=True, secret=True),
            Field("createdAt", output=True),
            Field("last4", output=True),
            within="serviceAccountId",
        ),
        "datadog:index/user:User": jsonapi(
            account,
            "users",
            "/api/v2/users",
            *_user_fields(Field("verified", output=True), Field("sendUserInvitation", local=True)),
            adapt=_disabled_only_later,
            after=_after_user,
            complete=_gone_when_disabled,
        ),
        "datadog:index/serviceAccount:ServiceAccount": jsonapi(
            account,
            "users",
            "/api/v2/service_accounts",
            fields=Object(
                _user_fields(), under="attributes", zero="omit", constants={"attributes.service_account": True}
            ),
            read_at="GET /api/v2/users/{id}",
            update_at="PATCH /api/v2/users/{id}",
            delete_at="DELETE /api/v2/users/{id}",
            adapt=_service_account,
            after=_sync_roles,
        ),
        "datadog:index/userRole:UserRole": jsonapi(
            account,
            "users",
            "",
            Field("userId", local=True, required=True, replace=True),
            Field("roleId", local=True, required=True, replace=True),
            create_at="POST /api/v2/roles/{roleId}/users",
            read_at="GET /api/v2/roles/{roleId}/users?page[size]=500",
            update_at=None,
            delete_at=None,
            adapt=lambda step, _: {"id": step.inputs["userId"]},
            envelope=JsonApi("users", attributes=False),
            identify=lambda _, inputs: str(inputs["userId"]),
            within="roleId",
            named=("userId",),
            forget=_take_role,
        ),
        "datadog:index/role:Role": jsonapi(
            account,
            "roles",
            "/api/v2/roles",
            Field("name", required=True),
            Field("permissions", Hashed(permission), at="/relationships/permissions/data", zero="omit"),
            Field("defaultPermissionsOptOut"),
            Field("userCount", output=True),
            Field("validate", local=True),
            adapt=_role_update,
            complete=_with_names,
            normalize=_own_permissions,
            reread=True,
        ),
        "datadog:index/restrictionPolicy:RestrictionPolicy": jsonapi(
            account,
            "restriction_policy",
            policy,
            Field("resourceId", required=True, replace=True, local=True),
            Field(
                "bindings",
                Unordered(Object((Field("relation"), Field("principals", TEXT_SET)))),
                empty=[],
            ),
            create_at=f"POST {policy}/{{resourceId}}",
            update_at=f"POST {policy}/{{resourceId}}",
            adapt=_name_resource,
            identify=lambda _, inputs: str(inputs["resourceId"]),
            named=("resourceId",),
        ),
        "datadog:index/orgConnection:OrgConnection": jsonapi(
            account,
            "org_connection",
            "/api/v2/org_connections",
            Field("connectionTypes", TEXT_SET, required=True),
            Field(
                "sinkOrgId",
                Within(("id",), TEXT, (("type", "orgs"), ("name", ""))),
                at="/relationships/sink_org/data",
                required=True,
                replace=True,
                create_only=True,
            ),
            read_at="GET /api/v2/org_connections?limit=1000",
        ),
        "datadog:index/dataset:Dataset": jsonapi(
            account,
            "dataset",
            "/api/v2/datasets",
            Field("name", required=True),
            Field("principals", TEXT_SET, required=True),
            Field("productFilters", Unordered(Object((Field("product"), Field("filters", TEXT_SET)))), required=True),
            Field("createdAt", output=True),
            Field("createdBy", output=True),
            update_at="PUT /api/v2/datasets/{id}",
        ),
    }


def _service_account(step: Step, body: Json) -> Json:
    """Only a create says that it is a service account."""
    if step.doing == "update":
        body["attributes"].pop("service_account", None)
    return _disabled_only_later(step, body)


def _take_role(api: Api, id: str, known: Properties) -> None:
    api.call(f"DELETE /api/v2/roles/{escape(known['roleId'])}/users", {"data": {"id": id, "type": "users"}})


def _granted(resource: Json) -> list[Json]:
    return ((resource.get("relationships") or {}).get("permissions") or {}).get("data") or []


def _with_names(api: Api, _id: str, resource: Json) -> Json:
    """Names each permission, and tells those that every role has."""
    known = {one["id"]: one["attributes"] for one in api.call("GET /api/v2/permissions")["data"]}
    granted = [
        {**one, "name": known[one["id"]]["name"], "restricted": known[one["id"]].get("restricted", False)}
        for one in _granted(resource)
        if one["id"] in known
    ]
    return {**resource, "relationships": {**resource["relationships"], "permissions": {"data": granted}}}


def _own_permissions(resource: Json, declared: Properties) -> Json:
    """Every role has the restricted permissions too: they are its own only if the program opted out of that."""
    all_of_them = declared.get("defaultPermissionsOptOut")
    own = [one for one in _granted(resource) if all_of_them or not one.get("restricted")]
    return {**resource, "relationships": {**(resource.get("relationships") or {}), "permissions": {"data": own}}}
