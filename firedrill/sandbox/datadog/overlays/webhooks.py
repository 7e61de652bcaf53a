"""Webhooks and their variables: https://docs.datadoghq.com/api/latest/webhooks-integration/ ."""

import json
import re

from firedrill.sandbox.datadog.account import WEBHOOKS
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

VARIABLES = "webhook_variables"
PAYLOAD = json.dumps(
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
"""What a webhook sends unless its body says otherwise."""


def find(call: Call, kind: str, parameter: str, what: str) -> Body:
    """The object of the path. Raises :class:`ApiError` 404."""
    found = call.get(kind, call.path[parameter])
    if found is None:
        raise ApiError(404, f"{what} does not exist")
    return found


def check(body: Body) -> None:
    """Raise :class:`ApiError` 400 for an address or headers that are none."""
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
def create(call: Call) -> Answer:
    """Create a webhook."""
    given = call.body
    check(given)
    if call.get(WEBHOOKS, given["name"]) is not None:
        raise ApiError(400, "Webhook already exists")
    body = {"encode_as": "json", "custom_headers": None, "payload": PAYLOAD}
    body |= {key: value for key, value in given.items() if value is not None}
    call.put(WEBHOOKS, given["name"], body)
    return Answer(body, 201)


@serves("v1.get_webhooks_integration")
def get(call: Call) -> Answer:
    """One webhook."""
    return Answer(find(call, WEBHOOKS, "webhook_name", "Webhook"))


@serves("v1.update_webhooks_integration")
def update(call: Call) -> Answer:
    """Change a webhook; its name may change too."""
    old = find(call, WEBHOOKS, "webhook_name", "Webhook")
    body = {**old, **call.body}
    check(body)
    if body["name"] != old["name"]:
        call.delete(WEBHOOKS, old["name"])
    call.put(WEBHOOKS, body["name"], body)
    return Answer(body)


@serves("v1.delete_webhooks_integration")
def delete(call: Call) -> Answer:
    """Delete a webhook."""
    call.delete(WEBHOOKS, find(call, WEBHOOKS, "webhook_name", "Webhook")["name"])
    return Answer({})


def shown(body: Body) -> Body:
    """A variable without its secret."""
    return {key: value for key, value in body.items() if key != "value" or not body["is_secret"]}


@serves("v1.create_webhooks_integration_custom_variable")
def create_variable(call: Call) -> Answer:
    """Create a variable for payloads."""
    given = call.body
    if not re.fullmatch(r"[A-Z0-9_]+", given["name"]):
        raise ApiError(400, "Invalid custom variable name")
    if call.get(VARIABLES, given["name"]) is not None:
        raise ApiError(400, "Custom variable already exists")
    body = {key: given[key] for key in ("name", "is_secret", "value")}
    call.put(VARIABLES, body["name"], body)
    return Answer(shown(body), 201)


@serves("v1.get_webhooks_integration_custom_variable")
def get_variable(call: Call) -> Answer:
    """One variable."""
    return Answer(shown(find(call, VARIABLES, "custom_variable_name", "Custom variable")))


@serves("v1.update_webhooks_integration_custom_variable")
def update_variable(call: Call) -> Answer:
    """Change a variable."""
    old = find(call, VARIABLES, "custom_variable_name", "Custom variable")
    body = {**old, **call.body}
    if body["name"] != old["name"]:
        call.delete(VARIABLES, old["name"])
    call.put(VARIABLES, body["name"], body)
    return Answer(shown(body))


@serves("v1.delete_webhooks_integration_custom_variable")
def delete_variable(call: Call) -> Answer:
    """Delete a variable."""
    call.delete(VARIABLES, find(call, VARIABLES, "custom_variable_name", "Custom variable")["name"])
    return Answer({})
