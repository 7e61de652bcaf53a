"""Metadata and tag configurations of metrics."""

from datetime import UTC, datetime

import numpy as np
from starlette.testclient import TestClient

from firedrill.evaluate.telemetry import Series
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from tests.unit.sandbox.datadog.conftest import KEYS


def test_a_metric_that_never_arrived_has_no_metadata_and_no_tag_configuration(
    api: TestClient, directory: Directory
) -> None:
    path, tags = "/api/v1/metrics/app.latency", "/api/v2/metrics/app.latency/tags"
    body = {"type": "gauge", "unit": "millisecond", "per_unit": ""}
    attributes = {"metric_type": "distribution", "tags": ["env"], "include_percentiles": True}
    configuration = {"data": {"type": "manage_tags", "id": "app.latency", "attributes": attributes}}
    for refused in (api.get(path), api.put(path, json=body)):
        assert (refused.status_code, refused.json()) == (404, {"errors": ["app.latency not found"]})
    refused = api.post(tags, json=configuration)
    reason = "Cannot configure tags on a metric that does not exist."
    assert (refused.status_code, refused.json()) == (400, {"errors": [reason]})

    now = datetime.now(UTC).timestamp()
    series = Series("app.latency", "distribution", frozenset({"env:t"}), np.array([now]), np.array([1.0]))
    TelemetryStore(directory.store.path, KEYS["DD-API-KEY"]).append_series([series])
    assert api.put(path, json=body).status_code == 200
    metadata = api.get(path).json()
    assert (metadata["unit"], metadata["per_unit"], metadata["type"]) == ("millisecond", None, "gauge")
    assert api.post(tags, json=configuration).status_code == 201


def test_a_computed_metric_cannot_have_a_tag_configuration(api: TestClient) -> None:
    compute = {"compute": {"aggregation_type": "count"}, "filter": {"query": "*"}}
    logs_metric = {"data": {"type": "logs_metrics", "id": "app.lines", "attributes": compute}}
    assert api.post("/api/v2/logs/config/metrics", json=logs_metric).status_code == 200
    configuration = {"metric_type": "count", "tags": ["env"]}
    body = {"data": {"type": "manage_tags", "id": "app.lines", "attributes": configuration}}
    refused = api.post("/api/v2/metrics/app.lines/tags", json=body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0].startswith("This metric is generated from a source")
