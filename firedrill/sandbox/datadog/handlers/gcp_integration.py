"""Google Cloud integration by impersonation: https://docs.datadoghq.com/api/latest/gcp-integration/ .

Accounts are stored but not used: nothing is read from Google.
"""

import copy
import uuid
from typing import Any

from firedrill.sandbox.datadog.account import org_number
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body

ACCOUNTS = "gcp_sts_accounts"
DEFAULTS: dict[str, Any] = {
    "account_tags": [],
    "automute": False,
    "cloud_run_revision_filters": [],
    "host_filters": [],
    "is_bq_datasets_monitoring_enabled": False,
    "is_bq_jobs_monitoring_enabled": False,
    "is_cspm_enabled": False,
    "is_global_location_enabled": True,
    "is_per_project_quota_enabled": False,
    "is_resource_change_collection_enabled": False,
    "is_security_command_center_enabled": False,
    "metric_namespace_configs": [{"id": "prometheus", "disabled": True, "filters": []}],
    "monitored_resource_configs": [],
    "region_filter_configs": [],
    "resource_collection_enabled": True,
}
"""Attributes that an account has when the request lacks them."""
FILTERED_RESOURCES = {"cloud_run_revision_filters": "cloud_run_revision", "host_filters": "gce_instance"}
"""Deprecated members, and the type of ``monitored_resource_configs`` that each is another form of."""


def same_filters(attributes: Body, requested: Body) -> None:
    """Make the two forms of an account's filters agree; the one that the request fills counts.

    By one recording: TestAccIntegrationGcpStsBasic.
    """
    configs = requested.get("monitored_resource_configs") or []
    if not configs:
        attributes["monitored_resource_configs"] = [
            {"type": kind, "filters": attributes[name]}
            for name, kind in FILTERED_RESOURCES.items()
            if attributes.get(name)
        ]
        return
    filters = {config["type"]: config.get("filters") or [] for config in configs}
    for name, kind in FILTERED_RESOURCES.items():
        attributes[name] = filters.get(kind, [])


def delegate_email(call: Call) -> str:
    """Return Datadog's own service account at Google, one for each organisation."""
    return f"ddgci-{org_number(call.org):020x}"[:26] + "@datadog-gci-sts-us1-prod.iam.gserviceaccount.com"


def account_response(call: Call, body: Body) -> Body:
    """Return an account as responses have it."""
    return {**body, "meta": {"accessible_projects": [], "delegate_account_email": delegate_email(call)}}


def find(call: Call) -> Body:
    """Return the account of the path. Raises :class:`ApiError` 404."""
    account = call.get(ACCOUNTS, call.path["account_id"])
    if account is None:
        raise generic_error(404, "account not found")
    return account


@serves("v2.create_gcpsts_account")
def create(call: Call) -> ApiResponse:
    """Add a service account that Datadog may impersonate."""
    attributes = copy.deepcopy(call.body["data"]["attributes"])
    email = attributes.get("client_email") or ""
    if "@" not in email:
        raise generic_error(400, f"client_email {email!r} is no service account")
    if any(account["attributes"]["client_email"] == email for account in call.list(ACCOUNTS)):
        raise generic_error(409, f"account {email} already exists")
    body: Body = {
        "id": str(uuid.uuid4()),
        "type": "gcp_service_account",
        "attributes": {**copy.deepcopy(DEFAULTS), **attributes},
    }
    same_filters(body["attributes"], attributes)
    call.put(ACCOUNTS, body["id"], body)
    return ApiResponse({"data": account_response(call, body)}, 201)


@serves("v2.list_gcpsts_accounts")
def list_accounts(call: Call) -> ApiResponse:
    """Return all accounts."""
    return ApiResponse({"data": [account_response(call, account) for account in call.list(ACCOUNTS)]})


@serves("v2.update_gcpsts_account")
def update(call: Call) -> ApiResponse:
    """Change what is collected from a service account."""
    body = find(call)
    attributes = call.body["data"].get("attributes") or {}
    body["attributes"] |= {key: value for key, value in attributes.items() if key != "client_email"}
    if {"monitored_resource_configs", *FILTERED_RESOURCES} & set(attributes):
        same_filters(body["attributes"], attributes)
    call.put(ACCOUNTS, body["id"], body)
    return ApiResponse({"data": account_response(call, body)}, 201)


@serves("v2.delete_gcpsts_account")
def delete(call: Call) -> ApiResponse:
    """Remove a service account."""
    call.delete(ACCOUNTS, find(call)["id"])
    return NO_CONTENT


@serves("v2.get_gcpsts_delegate", "v2.make_gcpsts_delegate")
def get_delegate(call: Call) -> ApiResponse:
    """Return Datadog's own service account at Google."""
    email = delegate_email(call)
    return ApiResponse(
        {"data": {"id": email, "type": "gcp_sts_delegate", "attributes": {"delegate_account_email": email}}}
    )
