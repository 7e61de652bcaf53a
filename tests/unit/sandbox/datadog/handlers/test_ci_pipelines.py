"""Executions of CI pipelines."""

from starlette.testclient import TestClient


def test_a_pipeline_execution_can_be_searched(api: TestClient) -> None:
    resource = {
        "level": "pipeline",
        "unique_id": "17",
        "name": "deploy",
        "url": "https://ci.example.com/17",
        "start": "2026-01-05T10:00:00Z",
        "end": "2026-01-05T10:02:00Z",
        "status": "error",
        "partial_retry": False,
        "git": {"repository_url": "https://example.com/r", "sha": "7f26" * 10, "author_email": "a@example.com"},
    }
    body = {"data": {"type": "cipipeline_resource_request", "attributes": {"resource": resource}}}
    response = api.post("/api/v2/ci/pipeline", json=body)
    assert (response.status_code, response.json()) == (202, {"data": None}), response.text
    hour = {"from": "2026-01-05T10:00:00Z", "to": "2026-01-05T11:00:00Z"}
    search = {"query": "@ci.status:error @ci.pipeline.name:deploy", **hour}
    [event] = api.post("/api/v2/ci/pipelines/events/search", json={"filter": search}).json()["data"]
    assert event["attributes"]["attributes"]["duration"] == 120 * 10**9
    assert api.post("/api/v2/ci/pipeline", json={"data": {"attributes": {}}}).status_code == 400
