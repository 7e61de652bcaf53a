"""The stack's declared alerts and its scenarios, read once."""

from pathlib import Path

import pytest

from firedrill.prove.collect import from_program
from firedrill.prove.proof import ProofInputs, read_inputs
from firedrill.prove.staging import StagedScenario
from firedrill.scenario.definitions import Definitions

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """Return what the sandbox's stack declares."""
    return from_program(ROOT, "local")


@pytest.fixture(scope="session")
def inputs(definitions: Definitions) -> ProofInputs:
    """Return the stack's definitions, scenarios and ordinary telemetry."""
    return read_inputs(definitions, ROOT / "drills")


@pytest.fixture(scope="session")
def staged(inputs: ProofInputs) -> list[StagedScenario]:
    """Return the stack's scenarios with their telemetry."""
    return inputs.staged()
