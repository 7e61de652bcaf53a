"""Retention filters of RUM applications."""

from typing import Any

from starlette.testclient import TestClient


def test_the_order_of_retention_filters_names_the_default_filter(api: TestClient) -> None:
    application = {"data": {"type": "rum_application_create", "attributes": {"name": "page", "type": "browser"}}}
    path = f"/api/v2/rum/applications/{api.post('/api/v2/rum/applications', json=application).json()['data']['id']}"
    [default] = api.get(f"{path}/retention_filters").json()["data"]
    assert default["attributes"]["name"] == "Default session with replay"
    attributes = {"name": "errors", "event_type": "session", "sample_rate": 100, "query": "@session.error.count:>0"}
    ours = api.post(
        f"{path}/retention_filters", json={"data": {"type": "retention_filters", "attributes": attributes}}
    ).json()["data"]

    def ordered(*ids: str) -> int:
        body = {"data": [{"id": identifier, "type": "retention_filters"} for identifier in ids]}
        return int(api.patch(f"{path}/relationships/retention_filters", json=body).status_code)

    assert [ordered(ours["id"]), ordered(ours["id"], default["id"])] == [400, 200]
    assert [retention_filter["id"] for retention_filter in api.get(f"{path}/retention_filters").json()["data"]] == [
        ours["id"],
        default["id"],
    ]


def test_an_application_and_a_filter_have_what_the_server_adds(api: TestClient) -> None:
    application = {"data": {"type": "rum_application_create", "attributes": {"name": "My-page", "type": "browser"}}}
    first, second = (api.post("/api/v2/rum/applications", json=application).json()["data"] for _ in range(2))
    assert isinstance(first["attributes"]["api_key_id"], int)
    assert (first["attributes"]["short_name"], second["attributes"]["short_name"]) == ("my_page", "my_page_1")
    data: dict[str, Any] = {"type": "retention_filters", "meta": {"source": "terraform"}}
    data["attributes"] = {"name": "errors", "event_type": "session", "sample_rate": 50.5}
    path = f"/api/v2/rum/applications/{first['id']}/retention_filters"
    created = api.post(path, json={"data": data}).json()["data"]
    assert created["meta"]["source"] == "terraform"
    assert created["attributes"]["cross_product_sampling"]["session_replay_enabled"]
