"""Action connections and their credentials: https://docs.datadoghq.com/api/latest/action-connection/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import CONNECTIONS
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body

CREDENTIAL_LISTS = ("headers", "url_parameters", "tokens")
"""Credentials of a connection that are lists."""
SECRET_ENDINGS = ("token", "key", "secret", "password")
"""How the name of a credential ends that responses show as an empty text: ``api_token``, ``private_key`` ..."""


def without_secrets(integration: Body) -> Body:
    """Return an integration as responses have it: its secrets are empty texts, all the rest stays."""
    shown = copy.deepcopy(integration)
    credentials = shown.get("credentials") or {}
    for name in CREDENTIAL_LISTS:
        for credential in credentials.get(name) or []:
            if credential.get("type") == "SECRET":
                credential["value"] = ""
    for key, value in credentials.items():
        if isinstance(value, str) and key.endswith(SECRET_ENDINGS):
            credentials[key] = ""
    return shown


def check_connection(integration: Body) -> None:
    """Raise :class:`ApiError` 400 for an AWS account id of the wrong form."""
    credentials = integration.get("credentials") or {}
    account = credentials.get("account_id")
    if credentials.get("type") == "AWSAssumeRole" and not (
        isinstance(account, str) and len(account) == 12 and account.isascii() and account.isdecimal()
    ):
        raise generic_error(
            400,
            "error creating connection: rpc error: code = InvalidArgument desc = invalid "
            'CustomConnectionDataUpdate_AwsAuth_AssumeRole.AccountId: value does not match regex pattern "^\\\\d{12}$"',
        )


def find_connection(call: Call, doing: str) -> Body:
    """Return the connection of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path["connection_id"]
    if not is_uuid(identifier):
        raise generic_error(400, "error connectionId not a valid UUID")
    connection = call.get(CONNECTIONS, identifier)
    if connection is None:
        raise generic_error(404, f"error {doing} connection: rpc error: code = NotFound desc = connection not found")
    return connection


def connection_response(body: Body) -> Body:
    """Return a connection as responses have it."""
    attributes = {
        **body["attributes"],
        "acting_user_can_resolve": False,
        "external_secrets_manager": None,
        "is_favorite": False,
        "integration": without_secrets(body["attributes"]["integration"]),
    }
    return {"data": {"id": body["id"], "type": body["type"], "attributes": attributes}}


def read_response(body: Body) -> Body:
    """Return a connection as reads have it: with its times, its author and whether the caller may use it."""
    response = connection_response(body)
    response["data"]["attributes"] |= {"acting_user_can_resolve": True, **body["times"]}
    response["data"]["relationships"] = {"created_by": {"data": {"id": body["author"], "type": "created_by"}}}
    return response


def moment(call: Call) -> str:
    """Return the time of the call as ``2026-11-24 02:31:00.123456 +0000 UTC``."""
    return f"{call.now:%Y-%m-%d %H:%M:%S.%f} +0000 UTC"


@serves("v2.create_action_connection")
def create_connection(call: Call) -> ApiResponse:
    """Create a connection; its secrets are stored but never returned."""
    attributes = copy.deepcopy(call.body["data"]["attributes"])
    check_connection(attributes["integration"])
    credentials = attributes["integration"].get("credentials") or {}
    if credentials.get("type") == "AWSAssumeRole":
        credentials |= {"external_id": uuid.uuid4().hex, "principal_id": "464622532012"}
    body = {
        "id": str(uuid.uuid4()),
        "type": "action_connection",
        "attributes": attributes,
        "times": {"created_at": moment(call), "last_updated": moment(call)},
        "author": call.me["id"],
    }
    call.put(CONNECTIONS, body["id"], body)
    return ApiResponse(connection_response(body), 201)


@serves("v2.get_action_connection")
def get_connection(call: Call) -> ApiResponse:
    """Return one connection."""
    return ApiResponse(read_response(find_connection(call, "getting")))


@serves("v2.update_action_connection")
def update_connection(call: Call) -> ApiResponse:
    """Change name or credentials."""
    attributes = copy.deepcopy(call.body["data"]["attributes"])
    check_connection(attributes.get("integration") or {})
    body = find_connection(call, "updating")
    old = body["attributes"]["integration"]
    if "integration" in attributes:
        requested = attributes["integration"].get("credentials") or {}
        kept = old.get("credentials") or {}
        if requested.get("type", kept.get("type")) != kept.get("type"):
            kept = {}  # the old credentials have the members of another form
        credentials = {**kept, **requested}
        for name in CREDENTIAL_LISTS:
            if name in credentials:  # clients mark entries to delete
                credentials[name] = [credential for credential in credentials[name] if not credential.get("deleted")]
        attributes["integration"] = {**old, **attributes["integration"], "credentials": credentials}
    body["attributes"] |= attributes
    body["times"]["last_updated"] = moment(call)
    call.put(CONNECTIONS, body["id"], body)
    return ApiResponse(connection_response(body))


@serves("v2.delete_action_connection")
def delete_connection(call: Call) -> ApiResponse:
    """Delete a connection."""
    call.delete(CONNECTIONS, find_connection(call, "deleting")["id"])
    return NO_CONTENT
