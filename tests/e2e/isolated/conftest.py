"""A sandbox for a single test, with a checkout that the test may change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from firedrill.sandbox import processes
from tests.e2e.conftest import Sandbox, new_sandbox


@pytest.fixture
def isolated(tmp_path: Path, checkout: Path) -> Iterator[Sandbox]:
    """Provide a sandbox with a copy of the checkout; its processes end with the test."""
    new = new_sandbox(tmp_path / "home", checkout)
    yield new
    with processes.exclusive(new.settings):
        processes.stop(new.settings)
