"""Helpers and fixtures of the live tests."""

import time
from collections.abc import Callable

import pytest


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Wait up to five seconds for a condition."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true within 5 s"
            time.sleep(0.01)

    return wait
