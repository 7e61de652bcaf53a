"""The Sensitive Data Scanner."""

from typing import Any

import pytest
from starlette.testclient import TestClient

CONFIG = "/api/v2/sensitive-data-scanner/config"


def create_group(api: TestClient) -> dict[str, Any]:
    """Create a group and return the whole answer."""
    attributes = {"name": "g", "product_list": ["apm"], "filter": {"query": "*"}}
    response = api.post(
        f"{CONFIG}/groups",
        json={"data": {"type": "sensitive_data_scanner_group", "attributes": attributes}, "meta": {}},
    )
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_group_has_no_samplings_of_its_own_and_the_limits_of_the_account(api: TestClient) -> None:
    answer = create_group(api)
    assert answer["data"]["attributes"]["samplings"] == []
    assert answer["data"]["relationships"]["targeted_obfuscations"] == {"data": []}
    limits = ("rule_count_limit", "count_limit", "custom_rule_count_limit")
    assert [answer["meta"][name] for name in limits] == [750, 750, 100]
    assert api.get(CONFIG).json()["meta"]["org_targeted_obfuscation_limit"] == 1000


@pytest.mark.parametrize(("name", "status"), [("card", 201), ("  ", 400)])
def test_a_rule_needs_a_name_that_is_not_blank(api: TestClient, name: str, status: int) -> None:
    group = {"data": {"type": "sensitive_data_scanner_group", "id": create_group(api)["data"]["id"]}}
    attributes = {"name": name, "pattern": "[0-9]{16}"}
    data = {"type": "sensitive_data_scanner_rule", "attributes": attributes, "relationships": {"group": group}}
    response = api.post(f"{CONFIG}/rules", json={"data": data, "meta": {}})
    assert response.status_code == status, response.text
    if status == 201:
        change = {"data": {"type": data["type"], "attributes": {"name": " "}}, "meta": {}}
        assert api.patch(f"{CONFIG}/rules/{response.json()['data']['id']}", json=change).status_code == 400
