"""Metrics from spans."""

from starlette.testclient import TestClient


def test_a_metric_from_spans_is_named_without_the_quotation_marks_of_the_published_provider(api: TestClient) -> None:
    attributes = {"compute": {"aggregation_type": "count"}, "filter": {"query": "service:app"}}
    body = {"data": {"type": "spans_metrics", "id": '"app.spans"', "attributes": attributes}}
    response = api.post("/api/v2/apm/config/metrics", json=body)
    assert (response.status_code, response.json()["data"]["id"]) == (200, "app.spans")
    assert api.get("/api/v2/apm/config/metrics/app.spans").status_code == 200
