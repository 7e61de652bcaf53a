"""Notification channels and rules of on-call users: https://docs.datadoghq.com/api/latest/on-call/ ."""

import uuid
from typing import Any

from firedrill.sandbox.datadog.account import USERS
from firedrill.sandbox.datadog.handlers.on_call_responses import not_found
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

CHANNELS = "notification_channels"
RULES = "user_notification_rules"


def user_of_path(call: Call) -> str:
    """Return the id of the user of the path. Raises :class:`ApiError` 404."""
    if call.get(USERS, call.path["user_id"]) is None:
        raise not_found("user", call.path["user_id"])
    return call.path["user_id"]


def find_owned(call: Call, kind: str, what: str, parameter: str) -> Body:
    """Return a channel or rule of the user of the path. Raises :class:`ApiError` 404."""
    user, identifier = user_of_path(call), call.path[parameter]
    body = call.get(kind, identifier)
    if body is None or body["user"] != user:
        raise not_found(what, identifier)
    return body


def body_without_user(body: Body) -> Body:
    """Return a channel or rule as responses have it."""
    return {key: value for key, value in body.items() if key != "user"}


@serves("v2.create_user_notification_channel")
def create_channel(call: Call) -> ApiResponse:
    """Create a notification channel of a user."""
    user, identifier = user_of_path(call), str(uuid.uuid4())
    config = call.body["data"]["attributes"]["config"]
    body: Body = {"id": identifier, "type": "notification_channels", "attributes": {"active": True, "config": config}}
    call.put(CHANNELS, identifier, {**body, "user": user})
    return ApiResponse({"data": body}, 201)


@serves("v2.get_user_notification_channel")
def get_channel(call: Call) -> ApiResponse:
    """Return one channel."""
    return ApiResponse({"data": body_without_user(find_owned(call, CHANNELS, "notification_channel", "channel_id"))})


@serves("v2.list_user_notification_channels")
def list_channels(call: Call) -> ApiResponse:
    """Return the channels of a user."""
    user = user_of_path(call)
    return ApiResponse(
        {"data": [body_without_user(channel) for channel in call.list(CHANNELS) if channel["user"] == user]}
    )


@serves("v2.delete_user_notification_channel")
def delete_channel(call: Call) -> ApiResponse:
    """Delete a channel and the rules that use it."""
    channel = find_owned(call, CHANNELS, "notification_channel", "channel_id")
    for rule in call.list(RULES):
        if rule["relationships"]["channel"]["data"]["id"] == channel["id"]:
            call.delete(RULES, rule["id"])
    call.delete(CHANNELS, channel["id"])
    return NO_CONTENT


def rule_body(call: Call, identifier: str) -> Body:
    """Return a rule from the request. Raises :class:`ApiError` 404."""
    data = call.body["data"]
    reference: Any = data["relationships"]["channel"]["data"]
    if call.get(CHANNELS, reference["id"]) is None:
        raise not_found("notification_channel", reference["id"])
    related = {"channel": {"data": {"id": reference["id"], "type": "notification_channels"}}}
    return {"id": identifier, "type": "notification_rules", "attributes": data["attributes"], "relationships": related}


def rule_response(call: Call, body: Body, status: int = 200) -> ApiResponse:
    """Return a rule, with its channel when asked."""
    response: Body = {"data": body_without_user(body)}
    channel = call.get(CHANNELS, body["relationships"]["channel"]["data"]["id"])
    if call.query.get("include") == "channel" and channel is not None:
        response["included"] = [body_without_user(channel)]
    return ApiResponse(response, status)


@serves("v2.create_user_notification_rule")
def create_rule(call: Call) -> ApiResponse:
    """Create a notification rule of a user on a channel."""
    user = user_of_path(call)
    body = {**rule_body(call, str(uuid.uuid4())), "user": user}
    call.put(RULES, body["id"], body)
    return rule_response(call, body, 201)


@serves("v2.get_user_notification_rule")
def get_rule(call: Call) -> ApiResponse:
    """Return one rule."""
    return rule_response(call, find_owned(call, RULES, "notification_rule", "rule_id"))


@serves("v2.list_user_notification_rules")
def list_rules(call: Call) -> ApiResponse:
    """Return the rules of a user."""
    user = user_of_path(call)
    return ApiResponse({"data": [body_without_user(rule) for rule in call.list(RULES) if rule["user"] == user]})


@serves("v2.update_user_notification_rule")
def update_rule(call: Call) -> ApiResponse:
    """Replace a rule."""
    old = find_owned(call, RULES, "notification_rule", "rule_id")
    body = {**rule_body(call, old["id"]), "user": old["user"]}
    call.put(RULES, body["id"], body)
    return rule_response(call, body)


@serves("v2.delete_user_notification_rule")
def delete_rule(call: Call) -> ApiResponse:
    """Delete a rule."""
    call.delete(RULES, find_owned(call, RULES, "notification_rule", "rule_id")["id"])
    return NO_CONTENT
