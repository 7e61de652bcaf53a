"""The Software Catalog."""

import base64
import json

import pytest
from starlette.testclient import TestClient

ENTITIES = "/api/v2/catalog/entity"
SERVICE = {"apiVersion": "v3", "kind": "service", "metadata": {"name": "cart", "owner": "shop"}, "spec": {"tier": "1"}}


def test_a_raw_schema_is_included_in_base64(api: TestClient) -> None:
    entity = api.post(ENTITIES, json=SERVICE).json()["data"][0]
    answer = api.get(ENTITIES, params={"filter[ref]": "service:default/cart", "include": "raw_schema"}).json()
    (included,) = answer["included"]
    assert included["type"] == "rawSchema"
    assert included["id"] == entity["id"] == answer["data"][0]["relationships"]["rawSchema"]["data"]["id"]
    assert json.loads(base64.b64decode(included["attributes"]["rawSchema"])) == SERVICE
    assert api.get(ENTITIES, params={"include": "schema"}).json()["included"][0]["type"] == "schema"


@pytest.mark.parametrize("reference", ["service:default/cart", "service:default%2Fcart", "service:cart"])
def test_an_entity_is_deleted_by_a_reference_with_or_without_an_encoded_slash(api: TestClient, reference: str) -> None:
    api.post(ENTITIES, json=SERVICE)
    assert api.delete(f"{ENTITIES}/{reference}").status_code == 204
    assert api.get(ENTITIES).json()["data"] == []
    assert api.delete(f"{ENTITIES}/{reference}").status_code == 404


def test_only_that_operation_joins_the_rest_of_a_path(api: TestClient) -> None:
    assert api.delete("/api/v2/cost/budget/a/b").status_code == 404


def test_a_definition_in_yaml_is_kept_as_it_was_sent(api: TestClient) -> None:
    """By the recording TestAccDatadogSoftwareCatalogEntity_Basic."""
    text = "apiVersion: v3\nkind: service\nmetadata:\n  name: cart # the shop's\n  tags:\n    - tag:value\n"
    created = api.post(ENTITIES, content=text).json()
    assert "displayName" not in created["data"][0]["attributes"]
    metadata = created["included"][0]["attributes"]["schema"]["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["managed"]["ingestionSource"] == "api"
    listed = api.get(ENTITIES, params={"filter[name]": "cart", "include": "raw_schema"}).json()
    raw = listed["included"][0]["attributes"]["rawSchema"]
    assert base64.b64decode(raw).decode() == f"---\n{text}"
    assert listed["links"]["self"].endswith("&page%5Blimit%5D=100&page%5Boffset%5D=0")
    assert "included" not in api.get(ENTITIES).json()
