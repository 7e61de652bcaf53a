"""Action connections, by the models of the API's client: Cloudflare's credentials have one of two forms."""

from typing import Any

from starlette.testclient import TestClient

CONNECTIONS = "/api/v2/actions/connections"


def connection(credentials: dict[str, str]) -> dict[str, Any]:
    """Return the body of a connection with the credentials."""
    integration = {"type": "Cloudflare", "credentials": credentials}
    return {"data": {"type": "action_connection", "attributes": {"name": "edge", "integration": integration}}}


def test_credentials_of_another_form_replace_the_old_ones(api: TestClient) -> None:
    created = api.post(CONNECTIONS, json=connection({"type": "CloudflareAPIToken", "api_token": "t"}))
    assert created.status_code == 201, created.text
    path = f"{CONNECTIONS}/{created.json()['data']['id']}"
    account = {"type": "CloudflareGlobalAPIToken", "auth_email": "a@example.com", "global_api_key": "k"}
    updated = api.patch(path, json=connection(account))
    assert updated.status_code == 200, updated.text
    assert updated.json()["data"]["attributes"]["integration"]["credentials"] == {**account, "global_api_key": ""}
