"""A second stack that would manage the same objects is stopped at preview, which names them."""

import os

import pytest

from firedrill.engine import environment
from tests.e2e.conftest import output
from tests.e2e.delivery.conftest import Repository

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_second_stack_of_the_same_environment_is_an_error_at_preview(
    deployed: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.variables(deployed.sandbox.settings).items():
        monkeypatch.setenv(name, value if name != "PATH" else f"{value}{os.pathsep}{os.environ['PATH']}")
    second = deployed.root / "Pulumi.second.yaml"
    second.write_text((deployed.root / "Pulumi.local.yaml").read_text())
    try:
        created = deployed.sandbox.pulumi("stack", "init", "second")
        assert created.returncode == 0, output(created)
        result = deployed.sandbox.firedrill("preview", "-s", "second")
        assert result.returncode == 1, output(result)
        assert "exists already as monitor " in result.stderr
        assert "another stack manages it (managed_by:pulumi)" in " ".join(result.stderr.split())
        assert "exists already as SLO " in result.stderr
        result_of_first = deployed.sandbox.firedrill("preview")
        assert result_of_first.returncode == 0, output(result_of_first)
    finally:
        deployed.sandbox.pulumi("stack", "rm", "second", "--yes", "--force")
        second.unlink(missing_ok=True)
