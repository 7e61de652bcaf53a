"""Cost budgets: https://docs.datadoghq.com/api/latest/cloud-cost-management/ ."""

import copy
import re
import uuid

from firedrill.sandbox.datadog.account import org_number
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body

BUDGETS = "cost_budgets"


def fault(requested: Body) -> str | None:
    """Return what is wrong with a budget, or None. By one recording: TestAccDatadogCostBudget_Validation."""
    for key in ("name", "metrics_query"):
        if not requested.get(key):
            return f"{key} is required"
    for key in ("start_month", "end_month"):
        if not is_month(requested.get(key)):
            return f"{key} must be greater than 0 and of the format YYYYMM"
    if requested["start_month"] > requested["end_month"]:
        return "end_month must be greater than or equal to start_month"
    tags = group_tags(requested["metrics_query"])
    if len(tags) > 2:
        return "tags must have 0, 1 or 2 elements"
    if len(set(tags)) < len(tags):
        return "tags must be unique"
    return entries_fault(requested, tags)


def is_month(value: object) -> bool:
    """Return whether a value is a month such as 202601."""
    return isinstance(value, int) and value > 0 and 1 <= value % 100 <= 12


def group_tags(query: str) -> list[str]:
    """Return the tags by which a query groups: ``sum:aws.cost.amortized{*} by {team,account}``."""
    match = re.search(r"\bby\s*\{([^}]*)\}", query)
    return [tag.strip() for tag in match[1].split(",") if tag.strip()] if match else []


def entries_fault(requested: Body, tags: list[str]) -> str | None:
    """Return what is wrong with the entries of a budget that groups by ``tags``, or None.

    Each combination of tag values needs an amount for each month.
    """
    start, end = requested["start_month"], requested["end_month"]
    months: dict[tuple[str, ...], set[int]] = {}
    for entry in requested.get("entries") or []:
        values = {item.get("tag_key"): str(item.get("tag_value")) for item in entry.get("tag_filters") or []}
        month = entry.get("month")
        if not is_month(month) or not start <= month <= end:
            return "entry month must be between start_month and end_month"
        if (entry.get("amount") or 0) < 0:
            return "entry amount must be greater than or equal to 0"
        if len(values) < len(tags):
            return "entry tag_filters must include all group by tags"
        if set(values) - set(tags):
            return "tag_key must be one of the values inside the tags array"
        months.setdefault(tuple(values[tag] for tag in tags), set()).add(month)
    expected = {month for month in range(start, end + 1) if is_month(month)}
    if not months or any(covered != expected for covered in months.values()):
        return "missing entries for one or more tag combinations"
    return None


@serves("v2.validate_budget", read_only=True)
def validate(call: Call) -> ApiResponse:
    """Return whether a budget is valid: the published provider asks when it plans one."""
    problem = fault(call.body["data"].get("attributes") or {})
    attributes: Body = {"valid": True} if problem is None else {"errors": [problem], "valid": False}
    body = {"data": {"id": "budget_validation", "type": "budget_validation", "attributes": attributes}}
    return ApiResponse(body, 200 if problem is None else 400)


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
