"""Fixtures: the resources that the stack's program and the organisation's program register."""

from typing import Any

import pytest

from tests.conftest import ROOT
from tests.unit.infra.conftest import local, record

__all__ = ["local", "organisation"]


@pytest.fixture(scope="session")
def organisation() -> dict[str, Any]:
    """Return the registrations of the organisation's program."""
    return record(stack="org", PROGRAM=str(ROOT / "infra" / "org"))
