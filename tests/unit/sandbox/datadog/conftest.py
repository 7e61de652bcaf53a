"""An API over a database of its own for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.store import Store

KEYS = {"DD-API-KEY": "a" * 32, "DD-APPLICATION-KEY": "b" * 40}


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    """Return the objects behind the API."""
    store = Store(tmp_path / "datadog.sqlite")
    yield Directory(store)
    store.close()


@pytest.fixture
def api(directory: Directory) -> TestClient:
    """Return a client with keys; an unhandled exception becomes a response 500."""
    return TestClient(create_app(directory), headers=KEYS, raise_server_exceptions=False)


def create_monitor(api: TestClient, **members: Any) -> dict[str, Any]:
    """Create a monitor on a metric, with the members instead of the usual ones, and return it."""
    body = {"type": "query alert", "name": "slow", "query": "avg(last_5m):avg:app.q{*} by {host} > 10", **members}
    response = api.post("/api/v1/monitor", json=body)
    assert response.status_code == 200, response.text
    monitor: dict[str, Any] = response.json()
    return monitor
