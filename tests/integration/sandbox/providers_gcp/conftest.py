"""Fixtures: the gcp provider over a Google process for these tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from firedrill.provider.resource import ResourceCall, TableProvider
from firedrill.sandbox.providers.gcp import provider
from tests.integration.sandbox.google.sandbox import LOCATION, PROJECT, Sandbox, make


@dataclass
class Engine:
    """A stand-in for Pulumi's engine that handles one resource."""

    table: TableProvider
    sandbox: Sandbox

    def call(self, token: str, name: str = "thing", *, preview: bool = False) -> ResourceCall:
        """Return the resource as the provider sees it."""
        return ResourceCall(f"urn:pulumi:test::test::{token}::{name}", preview)

    def check(self, token: str, inputs: dict[str, Any], name: str = "thing") -> dict[str, Any]:
        """Check valid inputs and return them."""
        call = self.call(token, name)
        checked, failures = self.table.kind(call).check(call, inputs, {})
        assert failures == []
        return checked

    def create(self, token: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], str, dict[str, Any]]:
        """Check and create a resource; return its inputs, id and state."""
        checked = self.check(token, inputs)
        call = self.call(token)
        id, state = self.table.kind(call).create(call, checked)
        return checked, id, state

    def read(self, token: str, id: str, inputs: dict[str, Any], state: dict[str, Any]) -> Any:
        """Refresh a resource; return its inputs and state, or None."""
        call = self.call(token)
        return self.table.kind(call).read(call, id, inputs, state)

    def drift(self, token: str, id: str, inputs: dict[str, Any], state: dict[str, Any]) -> dict[str, str]:
        """Refresh, then return the difference from the program that a preview would show."""
        call = self.call(token)
        actual, now = self.read(token, id, inputs, state)
        return dict(self.table.kind(call).diff(call, id, actual, now, inputs).changes)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    sandbox = make(tmp_path_factory.mktemp("sandbox"))
    sandbox.start()
    table = provider(sandbox.settings.google_url)
    table.configure({"project": PROJECT, "region": LOCATION})
    yield Engine(table, sandbox)
    sandbox.signal()
