"""An organisation without On-Call and LLM Observability: the error names the key, and with it the stack is up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from firedrill.sandbox import processes
from tests.e2e.conftest import Sandbox, new_sandbox, output

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MISSING = ("/api/v2/on-call", "/api/v2/llm-obs", "/api/unstable/llm-obs")
"""Paths that such an organisation is refused."""


@pytest.fixture
def isolated(tmp_path: Path, checkout: Path) -> Iterator[Sandbox]:
    """Provide a running sandbox with a copy of the checkout."""
    new = new_sandbox(tmp_path / "home", checkout)
    with processes.exclusive(new.settings):
        processes.start(new.settings)
    yield new
    with processes.exclusive(new.settings):
        processes.stop(new.settings)


@pytest.mark.timeout(1200)
def test_a_missing_product_is_reported_with_the_key_that_turns_it_off(isolated: Sandbox) -> None:
    isolated.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": path} for path in MISSING]})
    refused = isolated.firedrill("up")
    assert refused.returncode == 1, output(refused)
    assert "403" in refused.stderr and "Traceback" not in refused.stderr
    assert "llm-api:productsOff[0]" in refused.stderr

    stack = isolated.settings.root / "Pulumi.local.yaml"
    configured = stack.read_text().replace(
        "  llm-api:onCall:\n", "  llm-api:productsOff: [on-call, llm-observability]\n  llm-api:onCall:\n"
    )
    stack.write_text(configured)
    organisation = isolated.settings.root / "infra" / "org" / "Pulumi.local.yaml"
    organisation.write_text(
        organisation.read_text().replace("config:\n", "config:\n  llm-api-org:productsOff: [on-call]\n")
    )
    up = isolated.firedrill("up")
    assert up.returncode == 0, output(up)
    again = isolated.firedrill("up")
    assert again.returncode == 0, output(again)
    assert "unchanged)." in again.stdout and "updated" not in again.stdout.splitlines()[-1]
    messages = [item["message"] for item in isolated.datadog("GET", "/api/v1/monitor")]
    assert messages
    assert [message for message in messages if "@oncall-" in message or "@workflow-page-on-call" in message] == []
