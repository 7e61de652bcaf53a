"""DORA deployments and failures, by the models of the API's client: requests have numbers, responses have dates."""

import pytest
from starlette.testclient import TestClient

DEPLOYMENTS = "/api/v2/dora/deployments"
LIST = {"data": {"type": "dora_deployments_list_request", "attributes": {"query": "*", "limit": 10}}}


@pytest.mark.parametrize("per_second", [1, 10**3, 10**9])
def test_a_deployment_is_listed_with_dates_and_the_id_of_its_repository(api: TestClient, per_second: int) -> None:
    attributes = {
        "service": "shop",
        "started_at": 1_764_000_000 * per_second,
        "finished_at": 1_764_000_090 * per_second,
        "git": {"commit_sha": "a" * 40, "repository_url": "https://github.com/example/shop.git"},
    }
    created = api.post("/api/v2/dora/deployment", json={"data": {"attributes": attributes}})
    assert created.status_code == 200, created.text
    [deployment] = api.post(DEPLOYMENTS, json=LIST).json()["data"]
    assert deployment["attributes"] == {
        "service": "shop",
        "started_at": "2025-11-24T16:00:00Z",
        "finished_at": "2025-11-24T16:01:30Z",
        "git": {"commit_sha": "a" * 40, "repository_id": "github.com/example/shop"},
    }
