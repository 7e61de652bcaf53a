"""Sandboxes for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.integration.sandbox.google.sandbox import Intake, Sandbox, make


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Provide a running Google process, shared by a module's tests."""
    sandbox = make(tmp_path_factory.mktemp("sandbox"))
    sandbox.start()
    yield sandbox
    if sandbox.process and sandbox.process.poll() is None:
        sandbox.signal()


@pytest.fixture(scope="module")
def intake(sandbox: Sandbox) -> Iterator[Intake]:
    """Provide a stand-in for Datadog's log intake."""
    server = Intake(sandbox.settings.datadog_port)
    yield server
    server.shutdown()
    server.server_close()
