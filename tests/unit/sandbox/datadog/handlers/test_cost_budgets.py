"""Cost budgets."""

from typing import Any

import pytest
from starlette.testclient import TestClient

BUDGET = {
    "name": "cloud",
    "metrics_query": "sum:gcp.cost.amortized{*} by {service}",
    "start_month": 202601,
    "end_month": 202602,
    "entries": [
        {"amount": 300, "month": month, "tag_filters": [{"tag_key": "service", "tag_value": "llm-api"}]}
        for month in (202601, 202602)
    ],
}
CASES: list[tuple[dict[str, Any], str]] = [
    ({"start_month": 0}, "start_month must be greater than 0 and of the format YYYYMM"),
    ({"end_month": 0}, "end_month must be greater than 0 and of the format YYYYMM"),
    ({"start_month": 202603}, "end_month must be greater than or equal to start_month"),
    ({"start_month": 202602}, "entry month must be between start_month and end_month"),
    ({"end_month": 202603}, "missing entries for one or more tag combinations"),
    ({"metrics_query": "sum:gcp.cost{*} by {service,env}"}, "entry tag_filters must include all group by tags"),
    ({"metrics_query": "sum:gcp.cost{*} by {env}"}, "tag_key must be one of the values inside the tags array"),
    ({"metrics_query": "sum:gcp.cost{*} by {env,env}"}, "tags must be unique"),
    ({"metrics_query": "sum:gcp.cost{*} by {a,b,c}"}, "tags must have 0, 1 or 2 elements"),
    (
        {"metrics_query": "sum:gcp.cost{*}", "entries": [{"amount": -1, "month": 202601}]},
        "entry amount must be greater than or equal to 0",
    ),
]
"""Changes of the budget and the error, in the words of the recording TestAccDatadogCostBudget_Validation."""


@pytest.mark.parametrize(("change", "error"), CASES)
def test_a_plan_learns_what_is_wrong_with_a_budget(api: TestClient, change: dict[str, Any], error: str) -> None:
    body = {"data": {"type": "budget", "attributes": {**BUDGET, **change}}}
    response = api.post("/api/v2/cost/budget/validate", json=body)
    assert response.status_code == 400
    assert response.json()["data"]["attributes"] == {"errors": [error], "valid": False}


def test_a_valid_budget_is_not_stored_by_its_validation(api: TestClient) -> None:
    response = api.post("/api/v2/cost/budget/validate", json={"data": {"type": "budget", "attributes": BUDGET}})
    assert response.status_code == 200, response.text
    assert response.json()["data"]["attributes"] == {"valid": True}
    assert api.get("/api/v2/cost/budgets").json()["data"] == []
