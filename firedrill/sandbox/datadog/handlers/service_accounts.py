"""Service accounts: https://docs.datadoghq.com/api/latest/service-accounts/ ."""

import uuid

from firedrill.sandbox.datadog.account import USERS, user_body
from firedrill.sandbox.datadog.handlers.users import check_roles, roles_of
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves


@serves("v2.create_service_account")
def create(call: Call) -> ApiResponse:
    """Create a service account; it is active at once, and no mail is sent to its address."""
    data = call.body["data"]
    attributes = data["attributes"]
    identifier, email = str(uuid.uuid4()), attributes["email"].lower()
    if "@" not in email:
        raise ApiError(400, f"Invalid email: {email}")
    body = user_body(identifier, call.org, email, attributes.get("name"), attributes.get("title"), call.now)
    body["attributes"] |= {"service_account": True, "handle": identifier, "status": "Active", "verified": True}
    roles = data.get("relationships", {}).get("roles", {}).get("data") or []
    check_roles(call, roles)
    body["relationships"]["roles"]["data"] = [{"type": "roles", "id": role["id"]} for role in roles]
    call.put(USERS, identifier, body)
    return ApiResponse({"data": body, "included": roles_of(call, body)}, 201)
