"""RUM applications: https://docs.datadoghq.com/api/latest/rum/ ."""

import copy
import re
import secrets
import uuid

from firedrill.sandbox.datadog.account import org_number
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

APPLICATIONS = "rum_applications"
FILTERS = "rum_retention_filters"
DEFAULT_FILTER: Body = {
    "name": "Default session with replay",
    "event_type": "session",
    "query": "@session.has_replay:true",
    "sample_rate": 100,
    "enabled": True,
}
"""The retention filter of a new application.
By one recording: test_get_all_rum_retention_filters_returns_ok_response."""


def milliseconds(call: Call) -> int:
    """Return the time of the call in epoch milliseconds."""
    return int(call.now.timestamp() * 1000)


def find(call: Call, parameter: str = "id") -> Body:
    """Return the application of the path. Raises :class:`ApiError` 404."""
    application = call.get(APPLICATIONS, call.path[parameter])
    if application is None:
        raise ApiError(404, "Application Not Found not found")
    return application


def product_scales(call: Call, attributes: Body, old: Body | None) -> Body:
    """Return what an application keeps of its events, by product."""
    now = milliseconds(call)
    scales = copy.deepcopy(old or {})
    members = (
        ("rum_event_processing_state", "rum_event_processing_scale"),
        ("product_analytics_retention_state", "product_analytics_retention_scale"),
    )
    for key, name in members:
        if attributes.get(key) is not None:
            scales[name] = {"state": attributes[key], "last_modified_at": now}
    return scales


def short_name(call: Call, name: str) -> str:
    """Return the short name of a new application: 32 characters of its name, numbered where another has them.

    Recorded by TestAccDatadogRUMApplication_ProductScales and TestAccDatadogRUMApplicationDatasourceErrorMultiple.
    """
    short = re.sub(r"[^a-z0-9]", "_", name.lower())[:32]
    others = [str(body["attributes"].get("short_name")) for body in call.list(APPLICATIONS)]
    same = sum(other == short or other.startswith(f"{short}_") for other in others)
    return f"{short}_{same}" if same else short


@serves("v2.create_rum_application")
def create(call: Call) -> ApiResponse:
    """Create an application."""
    requested, identifier, now = call.body["data"]["attributes"], str(uuid.uuid4()), milliseconds(call)
    token, handle = f"pub{secrets.token_hex(16)}", call.me["attributes"]["handle"]
    attributes: Body = {
        "api_key_id": org_number(call.org),
        "application_id": identifier,
        "client_token": token,
        "hash": token,
        "name": requested["name"],
        "type": requested.get("type") or "browser",
        "tags": [],
        "is_active": False,
        "org_id": org_number(call.org),
        "ootb_metrics_installed": False,
        "product_analytics_preview_disabled": True,
        "short_name": short_name(call, requested["name"]),
        "rum_enabled": True,
        "rum_enabled_at": now,
        "rum_disabled_at": 0,
        "product_analytics_enabled": False,
        "product_analytics_enabled_at": now,
        "product_analytics_disabled_at": now,
        "product_analytics_replay_sample_rate": 100,
        "product_scales": product_scales(
            call, {"rum_event_processing_state": "ALL", "product_analytics_retention_state": "NONE", **requested}, None
        ),
        "created_at": now,
        "created_by_handle": handle,
        "updated_at": now,
        "updated_by_handle": handle,
    }
    body = {"type": "rum_application", "attributes": attributes, "id": identifier}
    call.put(APPLICATIONS, identifier, body)
    put_filter(call, identifier, DEFAULT_FILTER, 0)
    return ApiResponse({"data": body})


@serves("v2.get_rum_application")
def get(call: Call) -> ApiResponse:
    """Return one application."""
    return ApiResponse({"data": find(call)})


@serves("v2.get_rum_applications")
def list_applications(call: Call) -> ApiResponse:
    """Return all applications, without their tokens."""
    hidden = ("client_token",)
    bodies = [
        {
            **application,
            "attributes": {key: value for key, value in application["attributes"].items() if key not in hidden},
        }
        for application in call.list(APPLICATIONS)
    ]
    return ApiResponse({"data": bodies})


@serves("v2.update_rum_application", invalid_status=422)
def update(call: Call) -> ApiResponse:
    """Change an application."""
    if call.body["data"]["id"] != call.path["id"]:
        raise ApiError(422, "The id attribute in the request body does not match the id in the URL")
    body, requested = find(call), call.body["data"].get("attributes") or {}
    attributes = body["attributes"]
    attributes |= {key: requested[key] for key in ("name", "type", "tags") if requested.get(key) is not None}
    attributes |= {"updated_at": milliseconds(call), "updated_by_handle": call.me["attributes"]["handle"]}
    attributes["product_scales"] = product_scales(call, requested, attributes["product_scales"])
    call.put(APPLICATIONS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_rum_application")
def delete(call: Call) -> ApiResponse:
    """Delete an application with its filters."""
    identifier = find(call)["id"]
    for retention_filter in call.list(FILTERS):
        if retention_filter["application"] == identifier:
            call.delete(FILTERS, retention_filter["id"])
    call.delete(APPLICATIONS, identifier)
    return NO_CONTENT


def put_filter(call: Call, application: str, attributes: Body, place: int, source: str = "ui") -> Body:
    """Store and return a new retention filter at a place of the order."""
    body: Body = {
        "id": str(uuid.uuid4()),
        "type": "retention_filters",
        "attributes": copy.deepcopy(attributes),
        "application": application,
        "place": place,
        "meta": {
            "source": source,
            "updated_at": milliseconds(call),
            "updated_by_handle": call.me["attributes"]["handle"],
            "edition_mode": "complete",
        },
    }
    call.put(FILTERS, body["id"], body)
    return body
