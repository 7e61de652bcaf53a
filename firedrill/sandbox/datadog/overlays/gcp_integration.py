"""The integration with Google Cloud by impersonation: https://docs.datadoghq.com/api/latest/gcp-integration/ .

Accounts are kept, not used: nothing is read from Google.
"""

import copy
import uuid
from typing import Any

from firedrill.sandbox.datadog.account import org_number
from firedrill.sandbox.datadog.forms import generic
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

ACCOUNTS = "gcp_sts_accounts"
DEFAULTS: dict[str, Any] = {
    "account_tags": [],
    "automute": False,
    "cloud_run_revision_filters": [],
    "host_filters": [],
    "is_cspm_enabled": False,
    "is_global_location_enabled": True,
    "is_per_project_quota_enabled": True,
    "is_resource_change_collection_enabled": False,
    "is_security_command_center_enabled": False,
    "metric_namespace_configs": [],
    "monitored_resource_configs": [],
    "region_filter_configs": [],
    "resource_collection_enabled": False,
}
"""What an account has when nothing is said."""


def delegate(call: Call) -> str:
    """Datadog's own account at Google, of which each organisation has one."""
    return f"ddgci-{org_number(call.org):020x}"[:26] + "@datadog-gci-sts-us1-prod.iam.gserviceaccount.com"


def shown(call: Call, body: Body) -> Body:
    """An account as it is answered."""
    return {**body, "meta": {"accessible_projects": [], "delegate_account_email": delegate(call)}}


def find(call: Call) -> Body:
    """The account of the path. Raises :class:`ApiError` 404."""
    found = call.get(ACCOUNTS, call.path["account_id"])
    if found is None:
        raise generic(404, "account not found")
    return found


@serves("v2.create_gcpsts_account")
def create(call: Call) -> Answer:
    """Take an account of a customer, which Datadog may impersonate."""
    given = copy.deepcopy(call.body["data"]["attributes"])
    email = given.get("client_email") or ""
    if not email.endswith(".iam.gserviceaccount.com"):
        raise generic(400, f"client_email {email!r} is no service account")
    if any(one["attributes"]["client_email"] == email for one in call.list(ACCOUNTS)):
        raise generic(409, f"account {email} already exists")
    body: Body = {
        "id": str(uuid.uuid4()),
        "type": "gcp_service_account",
        "attributes": {**copy.deepcopy(DEFAULTS), **given},
    }
    call.put(ACCOUNTS, body["id"], body)
    return Answer({"data": shown(call, body)}, 201)


@serves("v2.list_gcpsts_accounts")
def list_accounts(call: Call) -> Answer:
    """All accounts."""
    return Answer({"data": [shown(call, one) for one in call.list(ACCOUNTS)]})


@serves("v2.update_gcpsts_account")
def update(call: Call) -> Answer:
    """Change what is collected."""
    body = find(call)
    given = call.body["data"].get("attributes") or {}
    body["attributes"] |= {key: value for key, value in given.items() if key != "client_email"}
    call.put(ACCOUNTS, body["id"], body)
    return Answer({"data": shown(call, body)})


@serves("v2.delete_gcpsts_account")
def delete(call: Call) -> Answer:
    """Impersonate an account no longer."""
    call.delete(ACCOUNTS, find(call)["id"])
    return NO_CONTENT


@serves("v2.get_gcpsts_delegate", "v2.make_gcpsts_delegate")
def get_delegate(call: Call) -> Answer:
    """Datadog's own account at Google."""
    email = delegate(call)
    return Answer({"data": {"id": email, "type": "gcp_sts_delegate", "attributes": {"delegate_account_email": email}}})
