"""Log pipelines."""

from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import LOGS_PIPELINES, Directory
from tests.unit.sandbox.datadog.conftest import KEYS

ORG = KEYS["DD-API-KEY"]


def test_pipelines_apply_in_their_order(api: TestClient, directory: Directory) -> None:
    pipeline_ids = [
        api.post("/api/v1/logs/config/pipelines", json={"name": name, "filter": {"query": "*"}}).json()["id"]
        for name in ("first", "second")
    ]
    assert api.put("/api/v1/logs/config/pipeline-order", json={"pipeline_ids": pipeline_ids[::-1]}).status_code == 200
    assert [logs_pipeline["name"] for logs_pipeline in directory.objects(ORG, LOGS_PIPELINES)] == ["second", "first"]
    assert api.put("/api/v1/logs/config/pipeline-order", json={"pipeline_ids": pipeline_ids[:1]}).status_code == 422


def test_a_pipeline_has_sorted_tags_its_description_and_what_its_processors_lack(api: TestClient) -> None:
    processor = {"type": "geo-ip-parser", "sources": ["ip"], "target": "geo"}
    members = {"filter": {"query": ""}, "description": "", "tags": ["b:1", "a:2"], "processors": [processor]}
    pipeline = api.post("/api/v1/logs/config/pipelines", json={"name": "p", **members}).json()
    assert pipeline["tags"] == ["a:2", "b:1"]
    assert not pipeline["description"]
    assert pipeline["processors"][0]["ip_processing_behavior"] == "do-nothing"
    gone = api.get("/api/v1/logs/config/pipelines/6CywOYyuR0OMdpvb8vSWzw")
    assert gone.status_code == 400
    assert gone.json()["error"]["message"] == "Non existing pipeline"


def test_deleting_an_index_is_accepted_for_later(api: TestClient) -> None:
    body = {"name": "short", "filter": {"query": "*"}}
    assert api.post("/api/v1/logs/config/indexes", json=body).status_code == 200
    assert api.delete("/api/v1/logs/config/indexes/short").status_code == 202
