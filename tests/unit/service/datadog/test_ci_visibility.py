"""CI Visibility and DORA metrics: deployments with their event, test results through the agent, builds."""

from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.fakes import FakeDatadog

DEPLOYMENTS, EVENTS = "/api/v2/dora/deployment", "/api/v1/events"
TESTS, PIPELINES = "/evp_proxy/v2/api/v2/citestcycle", "/api/v2/ci/pipeline"


@pytest.fixture(autouse=True)
def working(datadog: FakeDatadog) -> None:
    """Let Datadog take everything."""
    datadog.prepare("POST", DEPLOYMENTS, {"data": {"id": "d-1"}}, 202)
    datadog.prepare("POST", EVENTS, {"event": {"id_str": "77"}}, 202)
    datadog.prepare("POST", TESTS, {}, 202)
    datadog.prepare("POST", PIPELINES, {}, 202)


def test_a_deployment_is_sent_to_dora_metrics_and_as_an_event(operator: FlaskClient, datadog: FakeDatadog) -> None:
    body = {"service": "shop", "version": "2.0", "environment": "prod", "status": "failed", "duration_seconds": 90,
            "commit_sha": "a" * 40, "repository_url": "https://example.com/shop.git"}  # fmt: skip
    response = operator.post("/datadog/ci/deployment", json=body)
    answer = response.get_json()
    assert response.status_code == 201
    assert (answer["status"], answer["deployment_id"]) == ("sent", "d-1")
    assert (answer["service"], answer["version"], answer["environment"]) == ("shop", "2.0", "prod")
    [sent] = datadog.sent("POST", DEPLOYMENTS)
    deployment = sent["data"]["attributes"]
    assert deployment["finished_at"] - deployment["started_at"] == 90 * 10**9
    assert (deployment["service"], deployment["env"], deployment["version"]) == ("shop", "prod", "2.0")
    assert deployment["git"] == {"commit_sha": "a" * 40, "repository_url": "https://example.com/shop.git"}
    assert deployment["id"] == answer["id"]
    assert deployment["custom_tags"] == ["managed_by:service", "status:failed", f"write_id:{answer['id']}"]
    [event] = datadog.sent("POST", EVENTS)
    assert (event["title"], event["alert_type"]) == ("shop 2.0 was deployed to prod: failed", "error")
    assert "event_type:deployment" in event["tags"]
    assert f"write_id:{answer['event_write_id']}" in event["tags"]


def test_a_deployment_is_by_default_of_this_service(operator: FlaskClient, datadog: FakeDatadog) -> None:
    answer = operator.post("/datadog/ci/deployment").get_json()
    assert (answer["service"], answer["version"], answer["environment"]) == ("llm-api", "1.2.3", "test")
    assert "git" not in datadog.sent("POST", DEPLOYMENTS)[0]["data"]["attributes"]


def test_deployments_of_a_service_wait_behind_each_other(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("POST", DEPLOYMENTS, {"errors": ["no"]}, 503)
    assert operator.post("/datadog/ci/deployment", json={"version": "1"}).status_code == 202
    datadog.prepare("POST", DEPLOYMENTS, {"data": {"id": "d-1"}}, 202)
    assert operator.post("/datadog/ci/deployment", json={"version": "2"}).status_code == 202
    assert operator.post("/datadog/ci/deployment", json={"service": "other"}).status_code == 201
    versions = [sent["data"]["attributes"]["version"] for sent in datadog.sent("POST", DEPLOYMENTS)]
    assert versions == ["1", "1.2.3"]


def test_a_test_result_goes_through_the_agent(operator: FlaskClient, datadog: FakeDatadog) -> None:
    body = {"test_name": "pays", "status": "fail", "suite": "shop", "duration_ms": 12.5}
    response = operator.post("/datadog/ci/test-result", json=body)
    assert response.status_code == 201
    [request] = datadog.requests
    assert (request.path, request.headers["X-Datadog-EVP-Subdomain"]) == (TESTS, "citestcycle-intake")
    assert "Dd-Api-Key" not in {name.title() for name in request.headers}
    [event] = request.body["events"]
    content = event["content"]
    assert (event["type"], content["resource"], content["error"]) == ("test", "shop.pays", 1)
    assert content["duration"] == 12_500_000
    assert (content["meta"]["test.name"], content["meta"]["test.status"]) == ("pays", "fail")
    assert response.get_json()["trace_id"] == f"{content['trace_id']:032x}"


def test_a_test_result_without_an_agent_is_unavailable(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("POST", TESTS, {}, 503)
    response = operator.post("/datadog/ci/test-result")
    assert (response.status_code, response.get_json()["detail"]) == (503, "Datadog's agent answered 503")
    assert response.headers["Retry-After"] == "5"


def test_a_build_is_the_execution_of_a_pipeline(operator: FlaskClient, datadog: FakeDatadog) -> None:
    body = {"name": "image", "status": "error", "duration_seconds": 30, "url": "https://example.com/1"}
    response = operator.post("/datadog/ci/build", json=body)
    assert response.status_code == 201
    [sent] = datadog.sent("POST", PIPELINES)
    attributes = sent["data"]["attributes"]
    assert (attributes["service"], attributes["env"], attributes["provider_name"]) == ("llm-api", "test", "service-api")
    resource = attributes["resource"]
    assert (resource["name"], resource["status"], resource["level"]) == ("image", "error", "pipeline")
    times = [datetime.fromisoformat(resource[name]) for name in ("start", "end")]
    assert (times[1] - times[0]).total_seconds() == 30
    assert response.get_json() == {"pipeline_id": resource["unique_id"], "name": "image", "status": "error"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("deployment", {"commit_sha": "short"}),
        ("deployment", {"duration_seconds": -1}),
        ("test-result", {"status": "passed"}),
        ("build", {"status": "fine"}),
    ],
)
def test_wrong_parameters_are_refused_before_datadog_is_called(
    operator: FlaskClient, datadog: FakeDatadog, path: str, body: dict[str, Any]
) -> None:
    assert operator.post(f"/datadog/ci/{path}", json=body).status_code == 400
    assert datadog.requests == []
