"""Cost budgets: https://docs.datadoghq.com/api/latest/cloud-cost-management/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import org_number
from firedrill.sandbox.datadog.forms import generic
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

BUDGETS = "cost_budgets"


@serves("v2.upsert_budget")
def upsert(call: Call) -> Answer:
    """Create a budget, or replace the one with the id of the body."""
    data = call.body["data"]
    given, now = copy.deepcopy(data.get("attributes") or {}), int(call.now.timestamp() * 1000)
    old = call.get(BUDGETS, data["id"]) if data.get("id") else None
    if data.get("id") and old is None:
        raise generic(404, "failed to upsert budget: budget not found")
    for key in ("name", "metrics_query", "start_month", "end_month", "entries"):
        if not given.get(key):
            raise generic(400, f"failed to upsert budget: {key} is required")
    if given["start_month"] > given["end_month"]:
        raise generic(400, "failed to upsert budget: start_month must not be after end_month")
    months = {entry.get("month") for entry in given["entries"]}
    if any(month is None or not given["start_month"] <= month <= given["end_month"] for month in months):
        raise generic(400, "failed to upsert budget: entries must be within start_month and end_month")
    known = old["attributes"] if old else {"created_at": now, "created_by": call.me["id"]}
    attributes = {
        "created_at": known["created_at"],
        "created_by": known["created_by"],
        **{key: given[key] for key in ("end_month", "entries", "metrics_query", "name", "start_month")},
        "org_id": org_number(call.org),
        "total_amount": sum(entry.get("amount", 0) for entry in given["entries"]),
        "updated_at": now,
        "updated_by": call.me["id"],
    }
    body: Body = {"id": old["id"] if old else str(uuid.uuid4()), "type": "budget", "attributes": attributes}
    call.put(BUDGETS, body["id"], body)
    return Answer({"data": body})


def find(call: Call) -> Body:
    """The budget of the path. Raises :class:`ApiError` 404."""
    found = call.get(BUDGETS, call.path["budget_id"])
    if found is None:
        raise generic(404, "budget not found")
    return found


@serves("v2.get_budget")
def get(call: Call) -> Answer:
    """One budget."""
    return Answer({"data": find(call)})


@serves("v2.list_budgets")
def list_budgets(call: Call) -> Answer:
    """All budgets without their entries."""
    data = [
        {**one, "attributes": {key: value for key, value in one["attributes"].items() if key != "entries"}}
        for one in call.list(BUDGETS)
    ]
    return Answer({"data": data})


@serves("v2.delete_budget")
def delete(call: Call) -> Answer:
    """Delete a budget."""
    call.delete(BUDGETS, find(call)["id"])
    return NO_CONTENT
