"""A sandbox of one test's own, of a checkout that it may change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from firedrill.sandbox import processes
from tests.e2e.conftest import Sandbox, new_sandbox


@pytest.fixture
def own(tmp_path: Path, checkout: Path) -> Iterator[Sandbox]:
    """A sandbox of a changed checkout; whatever the test leaves is ended."""
    made = new_sandbox(tmp_path / "home", checkout)
    yield made
    with processes.exclusive(made.settings):
        processes.stop(made.settings)
