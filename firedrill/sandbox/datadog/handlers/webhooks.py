"""Webhooks and their variables: https://docs.datadoghq.com/api/latest/webhooks-integration/ ."""

import json
import re

from firedrill.sandbox.datadog.account import WEBHOOKS
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

VARIABLES = "webhook_variables"
DEFAULT_PAYLOAD = json.dumps(
    {
        "body": "$EVENT_MSG",
        "last_updated": "$LAST_UPDATED",
        "event_type": "$EVENT_TYPE",
        "title": "$EVENT_TITLE",
        "date": "$DATE",
        "org": {"id": "$ORG_ID", "name": "$ORG_NAME"},
        "id": "$ID",
    }
)
"""The payload of a webhook that declares none."""


def find(call: Call, kind: str, parameter: str, what: str) -> Body:
    """Return the object of the path. Raises :class:`ApiError` 404."""
    body = call.get(kind, call.path[parameter])
    if body is None:
        raise ApiError(404, f"{what} does not exist")
    return body


def check(body: Body) -> None:
    """Raise :class:`ApiError` 400 for a malformed URL or headers."""
    if not re.fullmatch(r"\S+", body["url"]):
        raise ApiError(400, "Invalid URL")
    headers = body.get("custom_headers")
    if headers:
        try:
            parsed = json.loads(headers)
        except ValueError as error:
            raise ApiError(400, "custom_headers is not valid JSON") from error
        if not isinstance(parsed, dict):
            raise ApiError(400, "custom_headers is not a JSON object")


@serves("v1.create_webhooks_integration")
def create(call: Call) -> ApiResponse:
    """Create a webhook."""
    webhook = call.body
    check(webhook)
    if call.get(WEBHOOKS, webhook["name"]) is not None:
        raise ApiError(400, "Webhook already exists")
    body = {"encode_as": "json", "custom_headers": None, "payload": DEFAULT_PAYLOAD}
    body |= {key: value for key, value in webhook.items() if value is not None}
    call.put(WEBHOOKS, webhook["name"], body)
    return ApiResponse(body, 201)


@serves("v1.get_webhooks_integration")
def get(call: Call) -> ApiResponse:
    """Return one webhook."""
    return ApiResponse(find(call, WEBHOOKS, "webhook_name", "Webhook"))


@serves("v1.update_webhooks_integration")
def update(call: Call) -> ApiResponse:
    """Change a webhook; its name may change too."""
    old = find(call, WEBHOOKS, "webhook_name", "Webhook")
    body = {**old, **call.body}
    check(body)
    if body["name"] != old["name"]:
        call.delete(WEBHOOKS, old["name"])
    call.put(WEBHOOKS, body["name"], body)
    return ApiResponse(body)


@serves("v1.delete_webhooks_integration")
def delete(call: Call) -> ApiResponse:
    """Delete a webhook."""
    call.delete(WEBHOOKS, find(call, WEBHOOKS, "webhook_name", "Webhook")["name"])
    return ApiResponse({})


def without_secret(body: Body) -> Body:
    """Return a variable without its secret."""
    return {key: value for key, value in body.items() if key != "value" or not body["is_secret"]}


@serves("v1.create_webhooks_integration_custom_variable")
def create_variable(call: Call) -> ApiResponse:
    """Create a variable for payloads."""
    requested = call.body
    if not re.fullmatch(r"[A-Z0-9_]+", requested["name"]):
        raise ApiError(400, "Invalid custom variable name")
    if call.get(VARIABLES, requested["name"]) is not None:
        raise ApiError(400, "Custom variable already exists")
    body = {key: requested[key] for key in ("name", "is_secret", "value")}
    call.put(VARIABLES, body["name"], body)
    return ApiResponse(without_secret(body), 201)


@serves("v1.get_webhooks_integration_custom_variable")
def get_variable(call: Call) -> ApiResponse:
    """Return one variable."""
    return ApiResponse(without_secret(find(call, VARIABLES, "custom_variable_name", "Custom variable")))


@serves("v1.update_webhooks_integration_custom_variable")
def update_variable(call: Call) -> ApiResponse:
    """Change a variable."""
    old = find(call, VARIABLES, "custom_variable_name", "Custom variable")
    body = {**old, **call.body}
    if body["name"] != old["name"]:
        call.delete(VARIABLES, old["name"])
    call.put(VARIABLES, body["name"], body)
    return ApiResponse(without_secret(body))


@serves("v1.delete_webhooks_integration_custom_variable")
def delete_variable(call: Call) -> ApiResponse:
    """Delete a variable."""
    call.delete(VARIABLES, find(call, VARIABLES, "custom_variable_name", "Custom variable")["name"])
    return ApiResponse({})
