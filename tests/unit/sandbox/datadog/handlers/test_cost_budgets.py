"""Cost budgets."""

from typing import Any

import pytest
from starlette.testclient import TestClient

BUDGET = {
    "name": "cloud",
    "metrics_query": "sum:gcp.cost.amortized{*} by {service}",
    "start_month": 202601,
    "end_month": 202602,
    "entries": [{"amount": 300, "month": 202601}, {"amount": 300, "month": 202602}],
}


@pytest.mark.parametrize(
    ("change", "errors"),
    [({}, []), ({"end_month": 202512}, ["start_month must not be after end_month"])],
)
def test_a_plan_validates_a_budget_and_stores_none(api: TestClient, change: dict[str, Any], errors: list[str]) -> None:
    body = {"data": {"type": "budget", "attributes": {**BUDGET, **change}}}
    response = api.post("/api/v2/cost/budget/validate", json=body)
    assert response.status_code == 200, response.text
    assert response.json()["data"]["attributes"] == {"errors": errors, "valid": not errors}
    assert api.get("/api/v2/cost/budgets").json()["data"] == []
