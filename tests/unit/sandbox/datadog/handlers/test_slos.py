"""SLOs."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.unit.sandbox.datadog.conftest import create_monitor


def test_an_slo_that_an_alert_uses_is_not_deleted_without_force(api: TestClient) -> None:
    query = {"numerator": "sum:a.ok{*}.as_count()", "denominator": "sum:a.all{*}.as_count()"}
    body = {"name": "s", "type": "metric", "query": query, "thresholds": [{"target": 99.9, "timeframe": "30d"}]}
    slo = api.post("/api/v1/slo", json=body).json()["data"][0]
    assert slo["thresholds"][0]["target_display"] == "99.9"
    create_monitor(api, type="slo alert", query=f'error_budget("{slo["id"]}").over("30d") > 75')
    assert api.delete(f"/api/v1/slo/{slo['id']}").status_code == 409
    assert api.delete(f"/api/v1/slo/{slo['id']}", params={"force": "true"}).json()["data"] == [slo["id"]]


GOOD, BAD, ALL = (f"sum:a.events{{{scope}}}.as_count()" for scope in ("type:good", "type:bad", "*"))


def metric_slo(api: TestClient, **members: Any) -> dict[str, Any]:
    """Create an SLO over a metric and return it as it is read."""
    body = {"name": "s", "type": "metric", "thresholds": [{"target": 99, "timeframe": "7d"}], **members}
    response = api.post("/api/v1/slo", json=body)
    assert response.status_code == 200, response.text
    slo: dict[str, Any] = api.get(f"/api/v1/slo/{response.json()['data'][0]['id']}").json()["data"]
    return slo


@pytest.mark.parametrize(
    ("query", "formulas", "queries"),
    [
        ((GOOD, ALL), ("query1", "query2"), [GOOD, ALL]),
        ((GOOD, f"{GOOD} + {BAD}"), ("query1", "(query1 + query2)"), [GOOD, BAD]),
        ((f"{GOOD} - {BAD}", ALL), ("(query1 - query2)", "query3"), [GOOD, BAD, ALL]),
    ],
)
def test_a_numerator_and_a_denominator_are_read_as_a_count_too(
    api: TestClient, query: tuple[str, str], formulas: tuple[str, str], queries: list[str]
) -> None:
    slo = metric_slo(api, query=dict(zip(("numerator", "denominator"), query, strict=True)))
    count = slo["sli_specification"]["count"]
    assert [named["query"] for named in count["queries"]] == queries
    assert (count["good_events_formula"]["formula"], count["total_events_formula"]["formula"]) == formulas


def test_a_count_of_good_and_bad_events_is_read_as_a_query_too(api: TestClient) -> None:
    queries = [{"data_source": "metrics", "name": name, "query": query} for name, query in (("g", GOOD), ("b", BAD))]
    formulas = {"good_events_formula": {"formula": "g"}, "bad_events_formula": {"formula": "b"}}
    slo = metric_slo(api, sli_specification={"count": {"queries": queries, **formulas}})
    assert slo["query"] == {"numerator": GOOD, "denominator": f"({GOOD}) + ({BAD})"}
