"""API keys and application keys: https://docs.datadoghq.com/api/latest/key-management/ .

They are objects only: an organisation of the sandbox is opened by whatever key names it.
"""

import secrets
from collections.abc import Callable

from firedrill.sandbox.datadog.account import USERS, iso
from firedrill.sandbox.datadog.collection import Collection, Hook
from firedrill.sandbox.datadog.forms import user_reference
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


def completing(length: int) -> Hook:
    """The hook that makes the key itself, of ``length`` hexadecimal digits."""

    def complete(call: Call, data: Body, old: Body | None) -> None:
        attributes = data["attributes"]
        if not attributes["name"].strip():
            raise ApiError(400, "name: cannot be empty")
        key = old["attributes"]["key"] if old else secrets.token_hex(length // 2)
        attributes |= {"key": key, "last4": key[-4:]}
        attributes["created_at"] = old["attributes"]["created_at"] if old else iso(call.now)
        if length == 32:
            attributes["modified_at"] = iso(call.now)
            data["relationships"] = {"created_by": user_reference(call), "modified_by": user_reference(call)}
        else:
            data["relationships"] = {"owned_by": user_reference(call)}

    return complete


def listing() -> Callable[[Call, list[Body]], Body]:
    """Lists show the last four characters of keys only."""

    def listed(call: Call, data: list[Body]) -> Body:
        words = call.query.get("filter", "").lower()
        found = [
            {**one, "attributes": {name: value for name, value in one["attributes"].items() if name != "key"}}
            for one in data
            if words in one["attributes"]["name"].lower()
        ]
        return {"data": found, "meta": {"page": {"total_filtered_count": len(found)}}}

    return listed


Collection(
    "api_keys",
    "api_keys",
    "api_key_id",
    create="create_api_key",
    get="get_api_key",
    list="list_api_keys",
    update="update_api_key",
    delete="delete_api_key",
    complete=completing(32),
    not_found=lambda _: "API key not found",
    wrap_list=listing(),
).register()

APPLICATION_KEYS = Collection(
    "application_keys",
    "application_keys",
    "app_key_id",
    create="create_current_user_application_key",
    get="get_current_user_application_key",
    list="list_current_user_application_keys",
    update="update_current_user_application_key",
    delete="delete_current_user_application_key",
    defaults={"scopes": None},
    complete=completing(40),
    not_found=lambda _: "Application key not found",
    wrap_list=listing(),
).register()
serves("v2.get_application_key")(APPLICATION_KEYS.on_get)
serves("v2.list_application_keys")(APPLICATION_KEYS.on_list)
serves("v2.update_application_key")(APPLICATION_KEYS.on_update)
serves("v2.delete_application_key")(APPLICATION_KEYS.on_delete)


def of_account(call: Call) -> str:
    """The service account of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["service_account_id"]
    found = call.get(USERS, identifier)
    if found is None or not found["attributes"]["service_account"]:
        raise ApiError(404, f"Service account {identifier} not found")
    return identifier


def owned(call: Call, data: Body, old: Body | None) -> None:
    """The key is the account's, and not of whoever makes it."""
    completing(40)(call, data, old)
    data["relationships"] = {"owned_by": {"data": {"id": of_account(call), "type": "users"}}}


ACCOUNT_KEYS = Collection(
    "service_account_keys", "application_keys", "app_key_id", defaults={"scopes": None}, complete=owned,
    not_found=lambda _: "Application key not found", wrap_list=listing(),
)  # fmt: skip


def hidden(call: Call, data: Body) -> Body:
    """A key is answered once, when it is made."""
    if of_account(call) != data["relationships"]["owned_by"]["data"]["id"]:
        raise ApiError(404, "Application key not found")
    attributes = {name: value for name, value in data["attributes"].items() if name != "key"}
    return {"data": {**data, "attributes": attributes}}


serves("v2.create_service_account_application_key")(ACCOUNT_KEYS.on_create)


@serves("v2.get_service_account_application_key")
def get_account_key(call: Call) -> Answer:
    """One key of a service account."""
    return Answer(hidden(call, ACCOUNT_KEYS.find(call)))


@serves("v2.list_service_account_application_keys")
def list_account_keys(call: Call) -> Answer:
    """The keys of a service account."""
    owner = of_account(call)
    own = [one for one in call.list("service_account_keys") if one["relationships"]["owned_by"]["data"]["id"] == owner]
    return Answer(listing()(call, own))


@serves("v2.update_service_account_application_key")
def update_account_key(call: Call) -> Answer:
    """Rename a key, or change its scopes."""
    hidden(call, ACCOUNT_KEYS.find(call))
    answer = ACCOUNT_KEYS.on_update(call)
    return Answer(hidden(call, answer.body["data"]))


@serves("v2.delete_service_account_application_key")
def delete_account_key(call: Call) -> Answer:
    """Delete a key of a service account."""
    hidden(call, ACCOUNT_KEYS.find(call))
    return ACCOUNT_KEYS.on_delete(call)


@serves("v2.list_app_key_registrations")
def registrations(call: Call) -> Answer:
    """The application keys that the Actions API takes: here every one that the account has."""
    data = [{"type": "app_key_registration", "id": one["id"]} for one in call.list("application_keys")]
    return Answer({"data": data, "meta": {"total": len(data), "total_filtered": len(data)}})
