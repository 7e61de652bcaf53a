"""Requests whose values no JSON has, and clients that leave amid a request."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from typing import Any

import msgpack  # type: ignore[import-untyped]  # ships no types
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.store import Store

NOW = 1_790_000_040.0
KEYS = {"DD-API-KEY": "org", "DD-APPLICATION-KEY": "app"}
NESTED = "[" * 1000 + "]" * 1000
BAD_VALUES = ["1e999", "-1e999", "NaN", "Infinity", "1" * 400, '"\\ud800"', NESTED]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    path = tmp_path_factory.mktemp("refused") / "datadog.sqlite"
    directory = Directory(Store(path))
    receiver = Receiver(path, "org", directory.objects, lambda: NOW, put=directory.put)
    return create_app(directory, routes(receiver, 8125))


@pytest.fixture(scope="module")
def client(app: Starlette) -> Iterator[TestClient]:
    """Yield a client of the organisation that everything is refused for, so that it never has any telemetry."""
    with TestClient(app, headers=KEYS, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def other(app: Starlette) -> TestClient:
    return TestClient(app, headers={**KEYS, "DD-API-KEY": uuid.uuid4().hex})


REQUESTS = [
    ("/api/v2/series", '{"series": [{"metric": "m", "points": [{"timestamp": 1790000000, "value": %s}]}]}'),
    ("/api/v2/series", '{"series": [{"metric": "m", "points": [{"timestamp": %s, "value": 1}]}]}'),
    ("/api/v1/series", '{"series": [{"metric": "m", "points": [[1790000000, %s]]}]}'),
    ("/api/v1/distribution_points", '{"series": [{"metric": "m", "points": [[1790000000, [1, %s]]]}]}'),
    ("/api/v2/logs", '[{"message": "kept?"}, {"message": "m", "n": %s}]'),
    ("/api/v1/events", '{"title": "t", "text": "x", "aggregation_key": %s}'),
    ("/api/v2/events", '{"data": {"attributes": {"title": "t", "category": "alert", "attributes": {"n": %s}}}}'),
    ("/api/v1/check_run", '{"check": "c", "status": 0, "message": %s}'),
    ("/api/v2/llmobs", '{"event_type": "span", "spans": [{"name": "s", "meta": {"a": %s}}]}'),
    ("/api/v2/rum", '{"type": "view", "application": {"id": "a"}, "session": {"id": "s"}, "x": %s}'),
    ("/api/v1/monitor", '{"type": "query alert", "query": "avg(last_5m):avg:m{*} > 1", "name": "n", "x": %s}'),
]  # fmt: skip


def shown(client: TestClient) -> list[Any]:
    """Return all that the lists show, each of which must be readable."""
    lists: list[Any] = []
    for path in ("logs", "spans", "events", "rum", "llm-obs/v1/spans"):
        answer = client.get(f"/api/v2/{path}/events" if path != "events" else "/api/v2/events?filter[from]=now-1d")
        assert answer.status_code == 200
        lists += answer.json()["data"]
    names = client.get("/api/v1/metrics?from=0")
    assert names.status_code == 200
    monitors = client.get("/api/v1/monitor")
    assert monitors.status_code == 200
    return [*lists, *names.json()["metrics"], *monitors.json()]


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: value[:12])
@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_a_value_that_no_json_has_is_refused_and_poisons_no_list(
    client: TestClient, path: str, body: str, value: str
) -> None:
    answer = client.post(path, content=body % value, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["errors"]
    assert shown(client) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"metric": "m", "points": []},
        {"metric": "", "points": [[1790000000, 1]]},
        {"metric": "m", "points": [[1790000000, "x"]]},
        {"metric": 5, "points": [[1790000000, 1]]},
    ],
)
def test_a_series_without_a_name_or_points_is_refused(client: TestClient, entry: dict[str, Any]) -> None:
    assert client.post("/api/v1/series", json={"series": [entry]}).status_code == 400
    assert shown(client) == []


def test_a_metric_name_that_is_no_text_is_refused(client: TestClient) -> None:
    body = '{"series": [{"metric": "\\ud800", "points": [{"timestamp": 1790000000, "value": 1}]}]}'
    assert client.post("/api/v2/series", content=body).status_code == 400
    assert shown(client) == []


def test_a_log_whose_text_is_nearly_json_keeps_it_as_text(other: TestClient) -> None:
    texts = ['{"n": 1e999}', '{"n": NaN}', '{"n": ' + NESTED + "}"]
    assert other.post("/api/v2/logs", json=[{"message": text} for text in texts]).status_code == 202
    assert sorted(log["attributes"]["message"] for log in shown(other)) == sorted(texts)


def test_a_span_with_a_value_that_json_lacks_is_refused(client: TestClient) -> None:
    span = {"service": "s", "name": "n", "trace_id": 1, "span_id": 2, "start": int(NOW * 1e9), "duration": 1}
    body = msgpack.packb([[{**span, "metrics": {"x": float("nan")}}]])
    assert client.put("/v0.4/traces", content=body).status_code == 400
    assert shown(client) == []


def test_a_pair_of_surrogates_is_a_character(other: TestClient) -> None:
    assert other.post("/api/v2/logs", content='[{"message": "\\ud83d\\ude00"}]').status_code == 202
    assert [log["attributes"]["message"] for log in shown(other)] == ["\U0001f600"]


@pytest.mark.parametrize(
    "path", ["/api/v2/logs", "/api/v2/series", "/v0.4/traces", "/api/v2/replay", "/api/v1/monitor"]
)
def test_a_client_that_leaves_amid_its_request_raises_nothing(app: Starlette, path: str) -> None:
    messages = iter([{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}])
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"dd-api-key", b"org"), (b"dd-application-key", b"app")], "http_version": "1.1",
    }  # fmt: skip

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        json.dumps(message, default=str)

    asyncio.run(app(scope, receive, send))
