"""`firedrill doctor` lists what an account lacks, with the configuration that turns it off."""

import httpx
import pytest

from tests.e2e.conftest import Sandbox, output

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_complete_account_passes_and_nothing_is_written(account: Sandbox) -> None:
    before = account.datadog("GET", "/-/status")["objects"]
    result = account.firedrill("doctor")
    assert result.returncode == 0, output(result)
    assert "all passed" in result.stdout
    for check in (
        "Datadog API key",
        "Actions API",
        "Monitors",
        "On-Call",
        "Google APIs",
        "Vertex AI: gemini-3.8-flash",
    ):
        assert check in result.stdout
    assert account.datadog("GET", "/-/status")["objects"] == before


def test_a_product_that_answers_403_is_named_with_what_turns_it_off(account: Sandbox) -> None:
    account.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": "/api/v2/on-call"}]})
    try:
        result = account.firedrill("doctor")
    finally:
        account.datadog("DELETE", "/-/faults")
    assert result.returncode == 1, output(result)
    assert "403" in result.stdout
    assert "pulumi config set -s local --path 'llm-api:productsOff[0]' on-call" in result.stdout
    assert "1 failed" in result.stdout


@pytest.mark.parametrize(
    ("constraint", "switch"),
    [
        ("iam.disableServiceAccountKeyCreation", "serviceAccountKeys"),
        ("iam.managed.allowedPolicyMembers", "outsideMembers"),
    ],
)
def test_a_policy_of_the_google_organisation_is_named_with_its_switch(
    account: Sandbox, constraint: str, switch: str
) -> None:
    policies = f"{account.settings.google_url}/v2/projects/firedrill-sandbox/policies"
    body = {"name": f"projects/firedrill-sandbox/policies/{constraint}", "spec": {"rules": [{"enforce": True}]}}
    httpx.post(policies, json=body).raise_for_status()
    try:
        result = account.firedrill("doctor")
    finally:
        httpx.delete(f"{policies}/{constraint}").raise_for_status()
    assert result.returncode == 1, output(result)
    assert f"pulumi config set -s local llm-api:{switch} false" in result.stdout
    assert "1 failed" in result.stdout
