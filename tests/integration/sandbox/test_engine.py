"""The real engine attaches to the provider: runs ``engine_cases.py`` in a separate process."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.e2e


@pytest.mark.slow
def test_the_engine_and_the_provider_in_a_process_of_their_own() -> None:
    # Inline programs share the SDK's global state with whatever else ran in their process: with programs under mocks
    # before them, `up` has waited for ever.
    cases = Path(__file__).with_name("engine_cases.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(cases)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
