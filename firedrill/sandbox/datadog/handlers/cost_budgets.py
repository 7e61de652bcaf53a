"""Cost budgets: https://docs.datadoghq.com/api/latest/cloud-cost-management/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import org_number
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body

BUDGETS = "cost_budgets"


def fault(requested: Body) -> str | None:
    """Return what is wrong with a budget, or None."""
    for key in ("name", "metrics_query", "start_month", "end_month", "entries"):
        if not requested.get(key):
            return f"{key} is required"
    if requested["start_month"] > requested["end_month"]:
        return "start_month must not be after end_month"
    months = {entry.get("month") for entry in requested["entries"]}
    if any(month is None or not requested["start_month"] <= month <= requested["end_month"] for month in months):
        return "entries must be within start_month and end_month"
    return None


@serves("v2.validate_budget", read_only=True)
def validate(call: Call) -> ApiResponse:
    """Return whether a budget is valid: the published provider asks when it plans one."""
    data = call.body["data"]
    problem = fault(data.get("attributes") or {})
    attributes = {"errors": [] if problem is None else [problem], "valid": problem is None}
    return ApiResponse({"data": {"id": data.get("id") or "", "type": "budget_validation", "attributes": attributes}})


@serves("v2.upsert_budget")
def upsert(call: Call) -> ApiResponse:
    """Create a budget, or replace the one with the id of the body."""
    data = call.body["data"]
    requested, now = copy.deepcopy(data.get("attributes") or {}), int(call.now.timestamp() * 1000)
    old = call.get(BUDGETS, data["id"]) if data.get("id") else None
    if data.get("id") and old is None:
        raise generic_error(404, "failed to upsert budget: budget not found")
    problem = fault(requested)
    if problem is not None:
        raise generic_error(400, f"failed to upsert budget: {problem}")
    authorship = old["attributes"] if old else {"created_at": now, "created_by": call.me["id"]}
    attributes = {
        "created_at": authorship["created_at"],
        "created_by": authorship["created_by"],
        **{key: requested[key] for key in ("end_month", "entries", "metrics_query", "name", "start_month")},
        "org_id": org_number(call.org),
        "total_amount": sum(entry.get("amount", 0) for entry in requested["entries"]),
        "updated_at": now,
        "updated_by": call.me["id"],
    }
    body: Body = {"id": old["id"] if old else str(uuid.uuid4()), "type": "budget", "attributes": attributes}
    call.put(BUDGETS, body["id"], body)
    return ApiResponse({"data": body})


def find(call: Call) -> Body:
    """Return the budget of the path. Raises :class:`ApiError` 404."""
    budget = call.get(BUDGETS, call.path["budget_id"])
    if budget is None:
        raise generic_error(404, "budget not found")
    return budget


@serves("v2.get_budget")
def get(call: Call) -> ApiResponse:
    """Return one budget."""
    return ApiResponse({"data": find(call)})


@serves("v2.list_budgets")
def list_budgets(call: Call) -> ApiResponse:
    """Return all budgets without their entries."""
    data = [
        {**budget, "attributes": {key: value for key, value in budget["attributes"].items() if key != "entries"}}
        for budget in call.list(BUDGETS)
    ]
    return ApiResponse({"data": data})


@serves("v2.delete_budget")
def delete(call: Call) -> ApiResponse:
    """Delete a budget."""
    call.delete(BUDGETS, find(call)["id"])
    return NO_CONTENT
