"""Service Map: tags in the catalog and on the request's span, and edges by client spans."""

from typing import Any

import pytest
from ddtrace.trace import Span, tracer
from flask.testing import FlaskClient

from service.datadog import service_map
from tests.unit.service.fakes import FakeDatadog

ENTITIES = "/api/v2/catalog/entity"


@pytest.fixture(autouse=True)
def empty(datadog: FakeDatadog) -> None:
    """Let the catalog be empty."""
    datadog.prepare("GET", ENTITIES, {"data": []})
    datadog.prepare("POST", ENTITIES, {"data": [{"id": "e-1"}]})


def test_tags_are_in_the_catalog_and_on_the_entry_span(operator: FlaskClient, datadog: FakeDatadog) -> None:
    with tracer.trace("flask.request") as span:
        response = operator.post("/datadog/service-map/enhance-tags?service=indexer&tags=tier:gold,team:search,plain")
    tags = ["env:test", "managed_by:service", "plain", "team:search", "tier:gold"]
    assert (response.status_code, response.get_json()) == (
        200,
        {"entity_id": "e-1", "service": "indexer", "tags": tags},
    )
    assert datadog.sent("POST", ENTITIES) == [
        {
            "apiVersion": "v3",
            "kind": "service",
            "metadata": {"name": "indexer", "tags": tags},
            "spec": {"type": "web", "languages": ["python"]},
        }
    ]
    assert (span.get_tag("tier"), span.get_tag("team"), span.get_tag("plain")) == ("gold", "search", None)
    assert datadog.requests[0].query == {"filter[ref]": "service:indexer"}


def test_a_private_tag_is_redacted_before_it_is_on_the_span(operator: FlaskClient) -> None:
    with tracer.trace("flask.request") as span:
        operator.post("/datadog/service-map/enhance-tags", json={"tags": ["password:hunter22"]})
    assert "hunter22" not in str(span.get_tags())


def test_an_entity_of_pulumi_is_left_alone(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", ENTITIES, {"data": [{"attributes": {"tags": ["managed_by:pulumi"]}}]})
    response = operator.post("/datadog/service-map/enhance-tags", json={"tags": ["a:b"]})
    assert (response.status_code, datadog.paths("POST")) == (409, [])
    assert response.get_json()["detail"] == "the catalog entity service:llm-api is managed by Pulumi"


class RecordingTracer:
    """The tracer, which keeps the spans that it starts."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def trace(self, *arguments: Any, **named: Any) -> Span:
        """Start a span."""
        self.spans.append(tracer.trace(*arguments, **named))
        return self.spans[-1]


def test_a_dependency_is_a_client_span_with_its_peer(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = RecordingTracer()
    monkeypatch.setattr(service_map, "tracer", recording)
    body = {"source": "indexer", "target": "vector-store", "type": "db"}
    response = operator.post("/datadog/service-map/track-dependency", json=body)
    [span] = recording.spans
    assert response.get_json() == {
        "source": "indexer", "target": "vector-store", "trace_id": f"{span.trace_id:032x}",
    }  # fmt: skip
    assert (span.service, span.span_type, span.finished) == ("indexer", "db", True)
    tags = {"span.kind": "client", "peer.service": "vector-store", "out.host": "vector-store"}
    assert tags.items() <= span.get_tags().items()


@pytest.mark.parametrize(
    ("path", "body"),
    [("enhance-tags", {"service": "Not A Name"}), ("track-dependency", {"target": ""}), ("enhance-tags", {"tags": 1})],
)
def test_wrong_parameters_are_refused(operator: FlaskClient, path: str, body: dict[str, Any]) -> None:
    assert operator.post(f"/datadog/service-map/{path}", json=body).status_code == 400
