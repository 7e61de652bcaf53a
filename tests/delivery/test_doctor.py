"""What an account lacks is named, with the configuration that does without it."""

import pytest

from tests.e2e.conftest import Sandbox, output

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_whole_account_is_well_and_nothing_is_written(account: Sandbox) -> None:
    before = account.datadog("GET", "/-/status")["objects"]
    told = account.firedrill("doctor")
    assert told.returncode == 0, output(told)
    assert "all well" in told.stdout
    for check in (
        "Datadog API key",
        "Actions API",
        "Monitors",
        "On-Call",
        "Google APIs",
        "Vertex AI: gemini-3.8-flash",
    ):
        assert check in told.stdout
    assert account.datadog("GET", "/-/status")["objects"] == before


def test_a_product_that_answers_403_is_named_with_what_turns_it_off(account: Sandbox) -> None:
    account.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": "/api/v2/on-call"}]})
    try:
        told = account.firedrill("doctor")
    finally:
        account.datadog("DELETE", "/-/faults")
    assert told.returncode == 1, output(told)
    assert "403" in told.stdout
    assert "pulumi config set -s local --path 'llm-api:productsOff[0]' on-call" in told.stdout
    assert "1 wrong" in told.stdout
