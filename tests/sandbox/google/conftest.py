"""Sandboxes for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.sandbox.google.sandbox import Intake, Sandbox, make


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running Google process, shared by a module's tests."""
    found = make(tmp_path_factory.mktemp("sandbox"))
    found.start()
    yield found
    if found.process and found.process.poll() is None:
        found.signal()


@pytest.fixture(scope="module")
def intake(sandbox: Sandbox) -> Iterator[Intake]:
    """Datadog's log intake of the sandbox."""
    server = Intake(sandbox.settings.datadog_port)
    yield server
    server.shutdown()
    server.server_close()
