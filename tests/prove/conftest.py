"""The stack's declared alerts and its scenarios, read once."""

from pathlib import Path

import pytest

from firedrill.drill.account import Definitions
from firedrill.prove.collect import from_program
from firedrill.prove.proof import Staged
from firedrill.prove.session import Bench, bench

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """What the sandbox's stack declares."""
    return from_program(ROOT, "local")


@pytest.fixture(scope="session")
def given(definitions: Definitions) -> Bench:
    """The stack's bench."""
    return bench(definitions, ROOT / "drills")


@pytest.fixture(scope="session")
def staged(given: Bench) -> list[Staged]:
    """Its scenarios with their telemetry."""
    return given.staged()
