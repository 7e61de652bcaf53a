"""Generated metrics, indexes and the scanner, applied to logs, spans and RUM events."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.intake.metric_points import MetricPoints
from firedrill.sandbox.datadog.intake.processing import Processing

NOW = 1_790_000_000.0
START = 1_790_000_000
GROUP: dict[str, Any] = {"id": "g", "place": 0, "attributes": {
    "is_enabled": True, "product_list": ["logs", "apm"], "filter": {"query": "service:llm-api"}}}  # fmt: skip
RULE: dict[str, Any] = {
    "attributes": {
        "is_enabled": True,
        "pattern": r"\b\d{16}\b",
        "text_replacement": {"type": "replacement_string", "replacement_string": "[card]"},
    },
    "relationships": {"group": {"data": {"id": "g"}}},
}
TOKEN = "pub0123"


def metric(name: str, query: str, path: str = "", *by: str, **more: Any) -> dict[str, Any]:
    compute = {"aggregation_type": "distribution", "path": path} if path else {"aggregation_type": "count"}
    groups = [{"path": path, "tag_name": path.rpartition(".")[2].lstrip("@")} for path in by]
    return {"id": name, "attributes": {"filter": {"query": query}, "compute": compute, "group_by": groups, **more}}


class DeclaredObjects(dict[str, list[dict[str, Any]]]):
    """A stand-in for an organisation's declared objects, by kind."""

    def objects(self, org: str, kind: str) -> list[dict[str, Any]]:
        return self.get(kind, []) if org == "org" else []


@pytest.fixture
def account() -> DeclaredObjects:
    return DeclaredObjects()


@pytest.fixture
def receiver(tmp_path: Path, account: DeclaredObjects) -> Receiver:
    return Receiver(tmp_path / "datadog.sqlite", "org", account.objects, lambda: NOW)


@pytest.fixture
def client(receiver: Receiver) -> TestClient:
    return TestClient(Starlette(routes=routes(receiver, 8125)))


def points(receiver: Receiver, name: str) -> dict[tuple[str, ...], tuple[str, list[float]]]:
    """Return type and values of each series of a metric, by its tags."""
    stored_series = receiver.store("org").series(name, 0, np.inf)
    return {tuple(sorted(series.tags)): (series.type, series.values.tolist()) for series in stored_series}


def chat(outcome: str = "ok", model: str = "m1", **more: Any) -> dict[str, Any]:
    line = {"event": "chat", "outcome": outcome, "model": model, "message": "chat: answered", **more}
    return {"service": "llm-api", "ddtags": "env:t", "message": json.dumps(line)}


def send(client: TestClient, *entries: dict[str, Any]) -> None:
    assert client.post("/api/v2/logs", json=list(entries), headers={"DD-API-KEY": "org"}).status_code == 202


def stored(receiver: Receiver, track: str) -> list[dict[str, Any]]:
    return [dict(event.attributes) for event in receiver.store("org").events(track, 0, np.inf)]


def test_logs_are_counted_and_measured_by_their_groups(
    receiver: Receiver, client: TestClient, account: DeclaredObjects
) -> None:
    account["logs_metrics"] = [
        metric("chats", "service:llm-api @event:chat", "", "@outcome", "env", "@cached"),
        metric("cost", "@event:chat", "@cost_usd", "@model"),
    ]
    send(
        client,
        chat(cost_usd=0.5, cached=False),
        chat(cost_usd=1, cached=False),
        chat("throttled", "m2"),
        {"service": "other", "message": "x"},
    )
    assert points(receiver, "chats") == {
        ("cached:false", "env:t", "outcome:ok"): ("count", [2]),
        ("env:t", "outcome:throttled"): ("count", [1]),
    }
    assert points(receiver, "cost") == {("model:m1",): ("distribution", [0.5, 1])}


def test_what_an_index_excludes_is_counted_and_not_kept(
    receiver: Receiver, client: TestClient, account: DeclaredObjects
) -> None:
    account["logs_metrics"] = [metric("chats", "@event:chat")]
    account["logs_indexes"] = [
        {
            "filter": {"query": "service:llm-api"},
            "exclusion_filters": [
                {"is_enabled": True, "filter": {"query": "@cached:true @outcome:ok", "sample_rate": 1}},
                {"is_enabled": False, "filter": {"query": "*", "sample_rate": 1}},
            ],
        }
    ]
    send(client, chat(cached=True), chat(cached=False), chat("error", cached=True), {"service": "other"})
    assert points(receiver, "chats") == {(): ("count", [3])}
    assert [log["attributes"]["outcome"] for log in stored(receiver, "logs")] == ["ok", "error"]
    assert receiver.counters()["logs.not_indexed"] == 2
    assert receiver.counters()["logs.matched_no_index"] == 1


def test_a_sampling_exclusion_drops_its_share_and_keeps_what_belongs_together(
    receiver: Receiver, client: TestClient, account: DeclaredObjects
) -> None:
    account["logs_indexes"] = [
        {
            "filter": {"query": "*"},
            "exclusion_filters": [
                {"is_enabled": True, "filter": {"query": "*", "sample_rate": 0.75, "sample_attribute": "@session"}}
            ],
        }
    ]
    send(client, *(chat(session=f"s{n % 200}") for n in range(400)))
    kept = [log["attributes"]["session"] for log in stored(receiver, "logs")]
    assert 60 <= len(kept) <= 140
    assert all(kept.count(session) == 2 for session in kept)


def test_the_scanner_redacts_logs_before_metrics_and_index(
    receiver: Receiver, client: TestClient, account: DeclaredObjects
) -> None:
    account |= {"sds_groups": [GROUP], "sds_rules": [RULE], "logs_metrics": [metric("by", "*", "", "@account")]}
    send(client, chat(account="4000123412341234", message="card 4000123412341234 x"))
    send(client, {"service": "other", "message": "card 4000123412341234 x"})
    [ours, others] = stored(receiver, "logs")
    assert (ours["message"], ours["attributes"]["account"]) == ("card [card] x", "[card]")
    assert others["message"] == "card 4000123412341234 x"
    assert set(points(receiver, "by")) == {("account:[card]",), ()}


def test_a_library_pattern_leaves_the_event_and_is_counted(
    receiver: Receiver, client: TestClient, account: DeclaredObjects
) -> None:
    library = {**RULE, "attributes": {**RULE["attributes"], "pattern": ""}}
    account |= {"sds_groups": [GROUP], "sds_rules": [library]}
    send(client, chat())
    assert receiver.counters()["scanner.errors"] == 1
    assert len(stored(receiver, "logs")) == 1


def test_spans_are_scanned_and_measured(account: DeclaredObjects) -> None:
    account |= {
        "sds_groups": [GROUP],
        "sds_rules": [RULE],
        "spans_metrics": [
            metric("gemini", "operation_name:google_genai.request", "@duration", "@gen_ai.request.model"),
            metric("failed", "operation_name:google_genai.request status:error"),
        ],
    }
    counts: list[str] = []
    points = MetricPoints()

    def span(status: str, duration: int, note: str) -> Event:
        attributes = {"gen_ai": {"request": {"model": "m1"}}, "duration": duration, "note": note}
        event = {"service": "llm-api", "operation_name": "google_genai.request", "status": status, "tags": []}
        return Event(NOW, "spans", {**event, "attributes": attributes})

    events = [span("ok", 5, "4000123412341234"), span("error", 7, "")]
    kept = Processing(account.objects, counts.append).events("org", "spans", events, points, [NOW + 1, NOW + 11])
    assert kept[0].attributes["attributes"]["note"] == "[card]"
    by_metric = {
        series.metric: (sorted(series.tags), series.times.tolist(), series.values.tolist())
        for series in points.series()
    }
    assert by_metric == {
        "gemini": (["model:m1"], [START, START + 10], [5, 7]),
        "failed": ([], [START + 10], [1]),
    }
    assert counts == []


def rum(kind: str, **more: Any) -> dict[str, Any]:
    base = {"date": NOW * 1000, "application": {"id": "a"}, "session": {"id": "s"}, "service": "llm-web"}
    return {"type": kind, "version": "7", **base, **more}


def browse(client: TestClient, *events: dict[str, Any], key: str = TOKEN) -> int:
    content = "\n".join(json.dumps(event) for event in events)
    answer = client.post(f"/api/v2/rum?ddsource=browser&ddtags=env:t&dd-api-key={key}", content=content,
                         headers={"Content-Type": "text/plain"})  # fmt: skip
    if answer.status_code == 202:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return int(answer.status_code)


def test_a_browsers_events_become_metrics(receiver: Receiver, client: TestClient, account: DeclaredObjects) -> None:
    account["rum_applications"] = [{"attributes": {"client_token": TOKEN}}]
    view, paint = {"id": "v", "url": "http://page.example/?x=1"}, "@view.largest_contentful_paint"
    account["rum_metrics"] = [
        metric("asks", "service:llm-web @action.name:ask", "", "env", "version", event_type="action"),
        metric("lcp", "*", paint, "@view.name", event_type="view", uniqueness={"when": "end"}),
        metric("views", "*", "", event_type="view", uniqueness={"when": "match"}),
    ]
    assert browse(
        client,
        rum("action", action={"type": "custom", "target": {"name": "ask"}}),
        rum("action", action={"type": "custom", "target": {"name": "copy"}}),
        {"type": "telemetry", "telemetry": {"status": "error"}},
        rum("view", view={**view, "is_active": True, "largest_contentful_paint": 5}),
        rum("view", view={**view, "is_active": True, "largest_contentful_paint": 8}),
    ) == 202  # fmt: skip
    assert points(receiver, "asks") == {("env:t", "version:7"): ("count", [1])}
    assert points(receiver, "lcp") == {}
    assert browse(client, rum("view", view={**view, "is_active": False, "largest_contentful_paint": 8})) == 202
    assert points(receiver, "lcp") == {("name:/",): ("distribution", [8])}
    assert points(receiver, "views") == {(): ("count", [1])}
    assert [event["attributes"]["type"] for event in stored(receiver, "rum")] == [
        "action",
        "action",
        "view",
        "view",
        "view",
    ]


def test_a_view_that_is_left_ends_with_the_next_one_and_the_last_one_when_it_is_quiet(
    receiver: Receiver, client: TestClient, account: DeclaredObjects
) -> None:
    account["rum_applications"] = [{"attributes": {"client_token": TOKEN}}]
    paint = "@view.largest_contentful_paint"
    account["rum_metrics"] = [metric("lcp", "*", paint, event_type="view", uniqueness={"when": "end"})]

    def view(name: str, value: int, session: str = "s") -> dict[str, Any]:
        grown = {"id": name, "is_active": True, "largest_contentful_paint": value}
        return rum("view", view=grown, session={"id": session})

    browse(client, view("a", 1), view("other", 9, session="t"), view("a", 2))
    assert points(receiver, "lcp") == {}
    browse(client, view("b", 3))
    assert points(receiver, "lcp") == {(): ("distribution", [2])}
    receiver.flush(NOW + 899)
    assert points(receiver, "lcp") == {(): ("distribution", [2])}
    receiver.flush(NOW + 901)
    assert points(receiver, "lcp") == {(): ("distribution", [2, 9, 3])}


@pytest.mark.parametrize(
    ("event", "key", "status"),
    [(rum("action"), "pub-of-nobody", 403), (rum("click"), TOKEN, 400), ({"type": "view"}, TOKEN, 400)],
)
def test_a_wrong_token_or_event_is_refused(
    client: TestClient, account: DeclaredObjects, event: dict[str, Any], key: str, status: int
) -> None:
    account["rum_applications"] = [{"attributes": {"client_token": TOKEN}}]
    assert browse(client, event, key=key) == status
