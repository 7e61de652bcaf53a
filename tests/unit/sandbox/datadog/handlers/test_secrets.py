"""Secrets of variables and connections."""

from starlette.testclient import TestClient


def test_secrets_are_stored_but_never_returned(api: TestClient) -> None:
    variable = {"name": "TOKEN", "description": "", "tags": [], "value": {"value": "s3cret", "secure": True}}
    assert "s3cret" not in api.post("/api/v1/synthetics/variables", json=variable).text
    token = {"type": "SECRET", "name": "token", "value": "s3cret"}
    credentials = {"type": "HTTPTokenAuth", "tokens": [token]}
    integration = {"type": "HTTP", "base_url": "http://localhost", "credentials": credentials}
    attributes = {"name": "service", "integration": integration}
    body = {"data": {"type": "action_connection", "attributes": attributes}}
    response = api.post("/api/v2/actions/connections", json=body)
    assert response.status_code == 201
    assert "s3cret" not in response.text


def test_secrets_of_a_connection_are_empty_texts_and_its_body_stays(api: TestClient) -> None:
    template = {"content": '{"key": "{{ token }}"}', "content_type": "application/json"}
    token = {"type": "SECRET", "name": "token", "value": "s3cret"}
    http = {"type": "HTTPTokenAuth", "tokens": [token], "body": template}
    okta = {"type": "OktaAPIToken", "api_token": "s3cret", "domain": "example.okta.com"}
    for integration, secret in (
        ({"type": "HTTP", "base_url": "http://localhost", "credentials": http}, "tokens"),
        ({"type": "Okta", "credentials": okta}, "api_token"),
    ):
        body = {"data": {"type": "action_connection", "attributes": {"name": "c", "integration": integration}}}
        created = api.post("/api/v2/actions/connections", json=body).json()["data"]
        read = api.get(f"/api/v2/actions/connections/{created['id']}").json()["data"]
        for answer in (created, read):
            credentials = answer["attributes"]["integration"]["credentials"]
            expected = [{**token, "value": ""}] if secret == "tokens" else ""
            assert credentials[secret] == expected
            assert credentials.get("body") == integration["credentials"].get("body")  # type: ignore[attr-defined]
        assert read["attributes"]["created_at"].endswith("+0000 UTC")
        assert read["relationships"]["created_by"]["data"]["type"] == "created_by"
