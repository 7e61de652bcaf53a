"""The Google Cloud integration."""

from starlette.testclient import TestClient


def test_a_google_account_names_the_delegate_that_impersonates_it(api: TestClient) -> None:
    at = "/api/v2/integration/gcp/accounts"
    attributes = {"client_email": "dd@acme-dev.iam.gserviceaccount.com", "account_tags": ["env:dev"]}
    body = {"data": {"type": "gcp_service_account", "attributes": attributes}}
    account = api.post(at, json=body).json()["data"]
    delegate = account["meta"]["delegate_account_email"]
    assert delegate.endswith(".iam.gserviceaccount.com")
    assert api.get("/api/v2/integration/gcp/sts_delegate").json()["data"]["id"] == delegate
    assert account["attributes"].items() >= attributes.items()
    assert api.post(at, json=body).status_code == 409
    change = {"data": {"type": "gcp_service_account", "id": account["id"], "attributes": {"automute": True}}}
    assert api.patch(f"{at}/{account['id']}", json=change).json()["data"]["attributes"]["automute"]
    wrong = {"data": {"type": "gcp_service_account", "attributes": {"client_email": "ada"}}}
    assert api.post(at, json=wrong).status_code == 400
    assert api.delete(f"{at}/{account['id']}").status_code == 204
    assert api.get(at).json()["data"] == []


def test_both_forms_of_an_accounts_filters_agree(api: TestClient) -> None:
    at = "/api/v2/integration/gcp/accounts"
    attributes = {"client_email": "dd@acme-dev.iam.gserviceaccount.com", "host_filters": ["env:dev"]}
    account = api.post(at, json={"data": {"type": "gcp_service_account", "attributes": attributes}}).json()["data"]
    resources = account["attributes"]["monitored_resource_configs"]
    assert resources == [{"type": "gce_instance", "filters": ["env:dev"]}]
    assert account["attributes"]["metric_namespace_configs"] == [{"id": "prometheus", "disabled": True, "filters": []}]
    configs = [{"type": "cloud_run_revision", "filters": ["team:llm"]}, {"type": "cloud_function", "filters": ["a:b"]}]
    change = {"data": {"type": "gcp_service_account", "attributes": {"monitored_resource_configs": configs}}}
    response = api.patch(f"{at}/{account['id']}", json=change)
    assert response.status_code == 201
    changed = response.json()["data"]["attributes"]
    assert (changed["host_filters"], changed["cloud_run_revision_filters"]) == ([], ["team:llm"])
    assert changed["monitored_resource_configs"] == configs
