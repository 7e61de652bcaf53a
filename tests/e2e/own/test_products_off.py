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
def own(tmp_path: Path, checkout: Path) -> Iterator[Sandbox]:
    """A sandbox of a changed checkout that runs already."""
    made = new_sandbox(tmp_path / "home", checkout)
    with processes.exclusive(made.settings):
        processes.start(made.settings)
    yield made
    with processes.exclusive(made.settings):
        processes.stop(made.settings)


@pytest.mark.timeout(1200)
def test_what_an_organisation_lacks_is_named_with_its_key_and_done_without(own: Sandbox) -> None:
    own.datadog("PUT", "/-/faults", json={"faults": [{"kind": "forbidden", "path": path} for path in MISSING]})
    refused = own.firedrill("up")
    assert refused.returncode == 1, output(refused)
    assert "403" in refused.stderr and "Traceback" not in refused.stderr
    assert "llm-api:productsOff[0]" in refused.stderr

    stack = own.settings.root / "Pulumi.local.yaml"
    configured = stack.read_text().replace(
        "  llm-api:onCall:\n", "  llm-api:productsOff: [on-call, llm-observability]\n  llm-api:onCall:\n"
    )
    stack.write_text(configured)
    organisation = own.settings.root / "infra" / "org" / "Pulumi.local.yaml"
    organisation.write_text(
        organisation.read_text().replace("config:\n", "config:\n  llm-api-org:productsOff: [on-call]\n")
    )
    up = own.firedrill("up")
    assert up.returncode == 0, output(up)
    again = own.firedrill("up")
    assert again.returncode == 0, output(again)
    assert "unchanged)." in again.stdout and "updated" not in again.stdout.splitlines()[-1]
    messages = [one["message"] for one in own.datadog("GET", "/api/v1/monitor")]
    assert messages
    assert [one for one in messages if "@oncall-" in one or "@workflow-page-on-call" in one] == []
