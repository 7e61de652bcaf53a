"""Stored events are counted and measured in buckets, and listed page by page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from tests.sandbox.datadog.conftest import KEYS

NOW = datetime.now(UTC).timestamp()
RUM = "/api/v2/rum/analytics/aggregate"


@pytest.fixture
def events(directory: Directory) -> None:
    """Loading times of two views, one of which has no browser."""
    store = TelemetryStore(directory.store.path, KEYS["DD-API-KEY"])
    told = [("home", "firefox", 10), ("home", "chrome", 30), ("home", "chrome", 50), ("cart", None, 70)]
    store.append_events([
        Event(NOW - 60 * number - 1, "rum", {"attributes": {"view": {"name": view}, "time": time}
                                             | ({"browser": browser} if browser else {})})
        for number, (view, browser, time) in enumerate(told)
    ])  # fmt: skip
    store.close()


def buckets(api: TestClient, **body: Any) -> list[tuple[dict[str, str], Mapping[str, Any]]]:
    """The buckets of an answer."""
    answer = api.post(RUM, json={"filter": {"from": "now-15m", "query": "*"}, **body})
    assert answer.status_code == 200, answer.text
    assert answer.json()["meta"]["status"] == "done"
    return [(one["by"], one["computes"]) for one in answer.json()["data"]["buckets"]]


def of(*aggregations: str) -> list[dict[str, str]]:
    """Computes of the loading time."""
    return [{"aggregation": one} | ({} if one == "count" else {"metric": "@time"}) for one in aggregations]


def test_without_groups_there_is_one_bucket(api: TestClient, events: None) -> None:
    computes = {"c0": 4, "c1": 160, "c2": 40, "c3": 70, "c4": 40, "c5": 4}
    asked = of("count", "sum", "avg", "max", "median", "cardinality")
    assert buckets(api, compute=asked) == [({}, computes)]
    assert buckets(api, compute=asked[:1], filter={"query": "@view.name:nothing"}) == [({}, {"c0": 0})]


def test_groups_are_sorted_limited_and_may_have_a_value_for_what_lacks_one(api: TestClient, events: None) -> None:
    by_view = {"facet": "@view.name"}
    assert buckets(api, group_by=[by_view]) == [
        ({"@view.name": "home"}, {"c0": 3}),
        ({"@view.name": "cart"}, {"c0": 1}),
    ]
    slowest = by_view | {"sort": {"aggregation": "max", "metric": "@time"}, "limit": 1}
    assert buckets(api, group_by=[slowest], compute=of("max")) == [({"@view.name": "cart"}, {"c0": 70})]
    both = buckets(api, group_by=[by_view, {"facet": "@browser", "missing": "none"}])
    assert both == [
        ({"@view.name": "home", "@browser": "chrome"}, {"c0": 2}),
        ({"@view.name": "home", "@browser": "firefox"}, {"c0": 1}),
        ({"@view.name": "cart", "@browser": "none"}, {"c0": 1}),
    ]


def test_a_series_has_a_value_for_each_interval(api: TestClient, events: None) -> None:
    [(_, computes)] = buckets(api, compute=[{"aggregation": "count", "type": "timeseries", "interval": "5m"}])
    assert sum(one["value"] for one in computes["c0"]) == 4
    assert len(computes["c0"]) in (3, 4)


@pytest.mark.parametrize(
    "body",
    [
        {"compute": [{"aggregation": "sum"}]},
        {"compute": [{"aggregation": "count", "type": "timeseries", "interval": "1ms"}]},
        {"filter": {"query": "(("}},
        {"filter": {"from": "yesterday"}},
    ],
)
def test_what_cannot_be_computed_is_refused(api: TestClient, events: None, body: dict[str, Any]) -> None:
    assert api.post(RUM, json=body).status_code == 400


def test_pages_lead_to_the_next_one_and_a_foreign_cursor_is_a_moment(api: TestClient, events: None) -> None:
    params = {"filter[from]": "now-15m", "page[limit]": "2"}
    first = api.get("/api/v2/rum/events", params=params).json()
    target = first["links"]["next"].removeprefix("https://api.datadoghq.com")
    second = api.get(target).json()
    seen = [one["attributes"]["attributes"]["time"] for page in (first, second) for one in page["data"]]
    assert seen == [10, 30, 50, 70]
    assert "links" not in second
    # A cursor of the real API's: what is older than its moment.
    foreign = "eyJhZnRlciI6IkFRQUFBWUFkTzNLZnB6Zm5nQUFBQUFCQldVRmtUek5TVjBGQlEyOXBOa3BoY2sxZmRVMW5RVU0ifQ"
    assert api.get("/api/v2/rum/events", params=params | {"page[cursor]": foreign}).json()["data"] == []
    assert api.get("/api/v2/rum/events", params=params | {"page[cursor]": "nonsense"}).status_code == 400
