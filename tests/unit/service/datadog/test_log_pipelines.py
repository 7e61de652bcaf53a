"""Log Pipelines: created and updated by name, never where Pulumi manages the pipeline."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.fakes import FakeDatadog

PIPELINES = "/api/v1/logs/config/pipelines"
FILTERS = {
    "/datadog/log-pipelines/llm-request": "service:llm-api @event:chat",
    "/datadog/log-pipelines/cost": "service:llm-api @event:chat @cost_usd:>0",
    "/datadog/log-pipelines/security": "service:llm-api",
}


def stored(name: str, *tags: str, enabled: bool = True) -> dict[str, Any]:
    """Return a pipeline as Datadog lists it."""
    return {"id": "pipe-1", "name": name, "is_enabled": enabled, "tags": list(tags), "filter": {"query": "*"},
            "processors": [{}, {}]}  # fmt: skip


@pytest.mark.parametrize("path", FILTERS)
def test_a_pipeline_is_created_with_its_filter_and_processors(
    operator: FlaskClient, datadog: FakeDatadog, path: str
) -> None:
    datadog.prepare("GET", PIPELINES, [stored("Another")])
    datadog.prepare("POST", PIPELINES, lambda sent: {"id": "pipe-2", **sent.body})
    response = operator.post(path, json={"enabled": False})
    name = f"llm-api {path.rpartition('/')[2]} (by the service)"
    assert response.status_code == 201
    assert response.get_json() == {"id": "pipe-2", "name": name, "is_enabled": False, "created": True}
    [sent] = datadog.sent("POST", PIPELINES)
    assert sent["filter"] == {"query": FILTERS[path]}
    assert sent["tags"] == ["managed_by:service", "service:llm-api"]
    assert {processor["type"] for processor in sent["processors"]} <= {"attribute-remapper", "category-processor"}
    assert sent["processors"]


def test_the_pipeline_of_the_service_is_updated(operator: FlaskClient, datadog: FakeDatadog) -> None:
    name = "llm-api cost (by the service)"
    datadog.prepare("GET", PIPELINES, [stored(name, "managed_by:service")])
    datadog.prepare("PUT", f"{PIPELINES}/pipe-1", stored(name, enabled=True))
    response = operator.post("/datadog/log-pipelines/cost")
    assert (response.status_code, response.get_json()["created"]) == (200, False)
    assert datadog.paths("POST", "PUT") == [f"{PIPELINES}/pipe-1"]


def test_a_pipeline_of_pulumi_is_left_alone(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", PIPELINES, [stored("llm-api security (by the service)", "managed_by:pulumi")])
    response = operator.post("/datadog/log-pipelines/security")
    assert (response.status_code, datadog.paths("POST", "PUT")) == (409, [])
    assert response.get_json()["detail"] == "the pipeline pipe-1 of this name is managed by Pulumi"


def test_the_list_has_a_row_for_each_pipeline(reader: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", PIPELINES, [stored("Requests", "managed_by:pulumi"), {"id": "x", "name": "y",
                                                                                "is_enabled": False}])  # fmt: skip
    assert reader.get("/datadog/log-pipelines").get_json()["pipelines"] == [
        {"id": "pipe-1", "name": "Requests", "is_enabled": True, "filter": "*", "processors": 2,
         "managed_by": "pulumi"},
        {"id": "x", "name": "y", "is_enabled": False, "filter": None, "processors": 0, "managed_by": None},
    ]  # fmt: skip
