"""Queries of stored telemetry over the public API, with Datadog's own client."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v1.api.metrics_api import MetricsApi
from datadog_api_client.v2.api.events_api import EventsApi
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.api.spans_api import SpansApi
from datadog_api_client.v2.model.logs_list_request import LogsListRequest
from datadog_api_client.v2.model.logs_list_request_page import LogsListRequestPage
from datadog_api_client.v2.model.logs_query_filter import LogsQueryFilter
from datadog_api_client.v2.model.logs_sort import LogsSort
from datadog_api_client.v2.model.spans_list_request import SpansListRequest
from datadog_api_client.v2.model.spans_list_request_attributes import SpansListRequestAttributes
from datadog_api_client.v2.model.spans_list_request_data import SpansListRequestData
from datadog_api_client.v2.model.spans_list_request_type import SpansListRequestType
from datadog_api_client.v2.model.spans_query_filter import SpansQueryFilter
from starlette.applications import Starlette
from starlette.testclient import TestClient

from firedrill.evaluate import Event, Series
from firedrill.sandbox.datadog.intake import Receiver, routes

NOW = 1_790_000_040.0
KEYS = {"DD-API-KEY": "org", "DD-APPLICATION-KEY": "app"}


def construct(client_class: Any, *arguments: Any, **keywords: Any) -> Any:
    """Construct one of the client's classes, which have no types."""
    return client_class(*arguments, **keywords)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Receiver:
    receiver = Receiver(tmp_path_factory.mktemp("intake") / "datadog.sqlite", "org", lambda *_: [], lambda: NOW)
    entries = [{"message": f"m{n}", "service": "a" if n % 2 else "b"} for n in range(25)]
    receiver.logs("org", list(entries), {})
    span = {"service": "a", "status": "error", "resource_name": "GET /", "operation_name": "flask.request", "env": "t",
            "trace_id": "f" * 32, "span_id": "2", "parent_id": "0", "type": "web", "tags": ["env:t"],
            "attributes": {"http": {"status_code": "500"}, "duration": 2_000_000_000}}  # fmt: skip
    store = receiver.store("org")
    store.append_events([Event(NOW - 10, "spans", span), Event(NOW - 5, "spans", {**span, "status": "ok"})])
    times, values = np.array([NOW - 100, NOW - 90, NOW - 50]), np.array([1.0, 2.0, 5.0])
    store.append_series([Series("app.hits", "count", frozenset({f"env:{env}"}), times, values) for env in "xy"])
    return receiver


@pytest.fixture(scope="module")
def api(receiver: Receiver) -> Iterator[ApiClient]:
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes(receiver, 8125)), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    host = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    configuration = construct(Configuration, host=host, api_key={"apiKeyAuth": "org", "appKeyAuth": "app"})
    with ApiClient(configuration) as client:
        yield client
    server.should_exit = True
    thread.join()


def logs(api: ApiClient, query: str, **page: Any) -> Any:
    search_filter, request_page = LogsQueryFilter(query=query, _from="now-1m", to="now"), LogsListRequestPage(**page)
    body = LogsListRequest(filter=search_filter, page=request_page, sort=LogsSort.TIMESTAMP_ASCENDING)
    return construct(LogsApi, api).list_logs(body=body)


def test_logs_are_found_page_by_page(api: ApiClient) -> None:
    messages: list[str] = []
    page = logs(api, "service:a", limit=5)
    while True:
        messages += [log.attributes.message for log in page.data]
        if "page" not in page.meta:
            break
        page = logs(api, "service:a", limit=5, cursor=page.meta.page.after)
    assert messages == [f"m{n}" for n in range(25) if n % 2]


def test_the_client_pages_by_itself(api: ApiClient) -> None:
    body = LogsListRequest(
        filter=LogsQueryFilter(query="*", _from="now-1m", to="now"), page=LogsListRequestPage(limit=4)
    )
    assert len(list(construct(LogsApi, api).list_logs_with_pagination(body=body))) == 25
    assert (
        len(list(construct(LogsApi, api).list_logs_get_with_pagination(filter_query="service:b", page_limit=4))) == 13
    )


def test_the_newest_logs_come_first_unless_asked_otherwise(receiver: Receiver) -> None:
    client = TestClient(Starlette(routes=routes(receiver, 8125)))
    answer = client.post("/api/v2/logs/events/search", json={"page": {"limit": 2}}, headers=KEYS).json()
    assert [log["attributes"]["message"] for log in answer["data"]] == ["m24", "m23"]
    follow = client.get(answer["links"]["next"], headers=KEYS).json()
    assert [log["attributes"]["message"] for log in follow["data"]] == ["m22", "m21"]


def test_spans_are_found(api: ApiClient) -> None:
    query = SpansQueryFilter(query="@http.status_code:500 status:error", _from="now-1h", to="now")
    search_filter = SpansListRequestAttributes(filter=query)
    data = SpansListRequestData(attributes=search_filter, type=SpansListRequestType.SEARCH_REQUEST)
    [span] = construct(SpansApi, api).list_spans(body=SpansListRequest(data=data)).data
    assert (span.attributes.resource_name, span.attributes.trace_id) == ("GET /", "f" * 32)
    assert (span.attributes.end_timestamp - span.attributes.start_timestamp).total_seconds() == 2


def test_metrics_are_queried(api: ApiClient) -> None:
    answer = construct(MetricsApi, api).query_metrics(int(NOW) - 180, int(NOW), "sum:app.hits{*} by {env}.as_count()")
    assert sorted((series.scope, [point.value[1] for point in series.pointlist]) for series in answer.series) == [
        ("env:x", [3.0, 5.0]),
        ("env:y", [3.0, 5.0]),
    ]
    assert construct(MetricsApi, api).query_metrics(int(NOW) - 180, int(NOW), "avg:nobody.emits{*}").series == []
    with pytest.raises(ApiException) as refused:
        construct(MetricsApi, api).query_metrics(int(NOW) - 180, int(NOW), "avg:app.hits{*")
    assert refused.value.status == 400


def test_events_are_found(api: ApiClient, receiver: Receiver) -> None:
    client = TestClient(Starlette(routes=routes(receiver, 8125)))
    client.post("/api/v1/events", json={"title": "deployed", "text": "x", "tags": ["env:t"]}, headers=KEYS)
    [event] = construct(EventsApi, api).list_events(filter_query="env:t", filter_from="now-1h", filter_to="now").data
    assert (event.attributes.attributes.title, event.attributes.message) == ("deployed", "x")


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [("/api/v2/events/search", {"page": {"cursor": "x"}}, "invalid cursor"),
     ("/api/v2/logs/events/search", {"filter": {"query": "(a"}}, "filter.query"),
     ("/api/v2/logs/events/search", {"filter": {"from": "soon"}}, "soon"),
     ("/api/v2/logs/events/search", {"page": {"limit": 5000}}, "page.limit"),
     ("/api/v2/spans/events/search", {"data": {"attributes": {"sort": "x"}}}, "sort")],
)  # fmt: skip
def test_a_search_that_is_none_is_refused(receiver: Receiver, path: str, body: Any, reason: str) -> None:
    answer = TestClient(Starlette(routes=routes(receiver, 8125))).post(path, json=body, headers=KEYS)
    assert answer.status_code == 400
    assert reason in answer.json()["errors"][0]


def test_reading_needs_both_keys(receiver: Receiver) -> None:
    client = TestClient(Starlette(routes=routes(receiver, 8125)))
    assert client.get("/api/v2/logs/events", headers={"DD-API-KEY": "org"}).status_code == 403
    assert client.get("/api/v1/query", headers={"DD-APPLICATION-KEY": "app"}).status_code == 403
    assert client.get("/api/v1/query?from=1&to=x&query=a", headers=KEYS).status_code == 400


def test_an_organisation_reads_only_its_own(receiver: Receiver, tmp_path: Path) -> None:
    client = TestClient(Starlette(routes=routes(receiver, 8125)))
    assert client.get("/api/v2/logs/events", headers={**KEYS, "DD-API-KEY": "other"}).json()["data"] == []
