"""Monitor configuration policies, by the models of the API's client: of type ``tag`` or ``downtime``."""

import pytest
from starlette.testclient import TestClient

POLICIES = "/api/v2/monitor/policy"


def create(api: TestClient, kind: str, policy: dict[str, object]) -> int:
    """Create a policy; return the status."""
    attributes = {"policy_type": kind, "policy": policy}
    return int(
        api.post(POLICIES, json={"data": {"type": "monitor-config-policy", "attributes": attributes}}).status_code
    )


def test_a_policy_of_downtimes_has_no_tag_key(api: TestClient) -> None:
    tag = {"tag_key": "team", "tag_key_required": True, "valid_tag_values": ["llm"]}
    assert create(api, "downtime", {"max_duration_ms": 3_600_000}) == 200
    assert create(api, "tag", tag) == 200
    assert create(api, "tag", tag) == 400, "the tag key has a policy"
    [downtime, _] = api.get(POLICIES).json()["data"]
    assert downtime["attributes"] == {"policy_type": "downtime", "policy": {"max_duration_ms": 3_600_000}}


@pytest.mark.parametrize("kind,policy", [("tag", {"max_duration_ms": 1}), ("downtime", {"valid_tag_values": ["a"]})])
def test_a_policy_without_the_member_of_its_type_is_refused(
    api: TestClient, kind: str, policy: dict[str, object]
) -> None:
    assert create(api, kind, policy) == 400
    assert api.get(POLICIES).json()["data"] == []
