"""Application keys: https://docs.datadoghq.com/api/latest/key-management/ , and those of service accounts.

They are objects only: any application key is accepted, and an API key opens the organisation that it names.
"""

import secrets

from firedrill.sandbox.datadog.account import USERS, iso
from firedrill.sandbox.datadog.http.collection import Collection
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

KEYS = "service_account_keys"
KEY_LENGTH = 40
"""Hexadecimal digits of an application key."""
MAX_KEYS = 1000
"""The keys that one user may have."""


def service_account(call: Call) -> str:
    """Return the id of the service account of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["service_account_id"]
    user = call.get(USERS, identifier)
    if user is None or not user["attributes"]["service_account"]:
        raise ApiError(404, f"Service account {identifier} not found")
    return identifier


def complete(call: Call, data: Body, old: Body | None) -> None:
    """Create the key itself, which belongs to the service account, not to the caller."""
    attributes = data["attributes"]
    if not attributes["name"].strip():
        raise ApiError(400, "name: cannot be empty")
    key = old["attributes"]["key"] if old else secrets.token_hex(KEY_LENGTH // 2)
    attributes |= {"key": key, "last4": key[-4:]}
    attributes["created_at"] = old["attributes"]["created_at"] if old else iso(call.now)
    data["relationships"] = {
        "owned_by": {"data": {"id": service_account(call), "type": "users"}},
        "leak_information": {"data": None},
    }


SERVICE_ACCOUNT_KEYS = Collection(
    KEYS, "application_keys", "app_key_id", defaults={"scopes": None}, complete=complete,
    not_found=lambda _: "Application key not found",
)  # fmt: skip
serves("v2.create_service_account_application_key")(SERVICE_ACCOUNT_KEYS.on_create)


def without_key(key: Body) -> Body:
    """Return a key without its secret, which only the response to its creation has."""
    return {**key, "attributes": {name: value for name, value in key["attributes"].items() if name != "key"}}


def find(call: Call) -> Body:
    """Return the key of the path. Raises :class:`ApiError` 404 when another account owns it."""
    key = SERVICE_ACCOUNT_KEYS.find(call)
    if service_account(call) != key["relationships"]["owned_by"]["data"]["id"]:
        raise ApiError(404, "Application key not found")
    return key


@serves("v2.get_service_account_application_key")
def get(call: Call) -> ApiResponse:
    """Return one key of a service account."""
    return ApiResponse({"data": without_key(find(call))})


@serves("v2.list_service_account_application_keys")
def list_keys(call: Call) -> ApiResponse:
    """Return the keys of a service account whose name contains ``filter``."""
    owner, words = service_account(call), call.query.get("filter", "").lower()
    keys = [
        without_key(key)
        for key in call.list(KEYS)
        if key["relationships"]["owned_by"]["data"]["id"] == owner and words in key["attributes"]["name"].lower()
    ]
    return ApiResponse(
        {"data": keys, "meta": {"page": {"total_filtered_count": len(keys)}, "max_allowed_per_user": MAX_KEYS}}
    )


@serves("v2.update_service_account_application_key")
def update(call: Call) -> ApiResponse:
    """Rename a key, or change its scopes."""
    find(call)
    return ApiResponse({"data": without_key(SERVICE_ACCOUNT_KEYS.on_update(call).body["data"])})


@serves("v2.delete_service_account_application_key")
def delete(call: Call) -> ApiResponse:
    """Delete a key of a service account."""
    find(call)
    return SERVICE_ACCOUNT_KEYS.on_delete(call)


OWN_KEYS = "user_keys"
"""Keys that a person made with a key of their own, as docs/deploy.md does."""


def complete_own(call: Call, data: Body, old: Body | None) -> None:
    """Create the key itself."""
    del old  # own keys are never updated here
    key = secrets.token_hex(KEY_LENGTH // 2)
    data["attributes"] |= {"key": key, "last4": key[-4:], "created_at": iso(call.now)}


Collection(
    OWN_KEYS, "application_keys", "app_key_id", create="create_current_user_application_key",
    defaults={"scopes": None}, complete=complete_own,
).register()  # fmt: skip


@serves("v2.list_current_user_application_keys")
def list_own_keys(call: Call) -> ApiResponse:
    """Return the user's keys without their secrets. `firedrill doctor` asks whether it may."""
    keys = [without_key(key) for key in call.list(OWN_KEYS)]
    return ApiResponse({"data": keys, "meta": {"page": {"total_filtered_count": len(keys)}}})


@serves("v2.list_app_key_registrations")
def list_registrations(_: Call) -> ApiResponse:
    """Return the keys that the Actions API accepts: none is registered, and every key is accepted."""
    return ApiResponse({"data": [], "meta": {"total": 0, "total_filtered": 0}})
