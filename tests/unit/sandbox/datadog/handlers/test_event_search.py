"""Stored events are listed page by page."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from tests.unit.sandbox.datadog.conftest import KEYS


@pytest.fixture
def events(directory: Directory) -> None:
    """Store loading times of two views, one of which has no browser."""
    store, now = TelemetryStore(directory.store.path, KEYS["DD-API-KEY"]), datetime.now(UTC).timestamp()
    loading_times = [("home", "firefox", 10), ("home", "chrome", 30), ("home", "chrome", 50), ("cart", None, 70)]
    store.append_events([
        Event(now - 60 * number - 1, "rum", {"attributes": {"view": {"name": view}, "time": time}
                                             | ({"browser": browser} if browser else {})})
        for number, (view, browser, time) in enumerate(loading_times)
    ])  # fmt: skip
    store.close()


def test_pages_lead_to_the_next_one_and_a_foreign_cursor_is_a_moment(api: TestClient, events: None) -> None:
    params = {"filter[from]": "now-15m", "page[limit]": "2"}
    first = api.get("/api/v2/rum/events", params=params).json()
    target = first["links"]["next"].removeprefix("https://api.datadoghq.com")
    second = api.get(target).json()
    seen = [event["attributes"]["attributes"]["time"] for page in (first, second) for event in page["data"]]
    assert seen == [10, 30, 50, 70]
    assert "links" not in second
    # A cursor of the real API's: what is older than its moment.
    foreign = "eyJhZnRlciI6IkFRQUFBWUFkTzNLZnB6Zm5nQUFBQUFCQldVRmtUek5TVjBGQlEyOXBOa3BoY2sxZmRVMW5RVU0ifQ"
    assert api.get("/api/v2/rum/events", params=params | {"page[cursor]": foreign}).json()["data"] == []
    assert api.get("/api/v2/rum/events", params=params | {"page[cursor]": "nonsense"}).status_code == 400
