"""An API over a database of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.app import create_app
from firedrill.sandbox.datadog.store import Store

KEYS = {"DD-API-KEY": "a" * 32, "DD-APPLICATION-KEY": "b" * 40}


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    """The objects behind the API."""
    store = Store(tmp_path / "datadog.sqlite")
    yield Directory(store)
    store.close()


@pytest.fixture
def api(directory: Directory) -> TestClient:
    """A client with keys; what would be an unhandled exception is an answer 500."""
    return TestClient(create_app(directory), headers=KEYS, raise_server_exceptions=False)
