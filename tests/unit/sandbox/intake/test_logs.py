"""Stored logs, and responses of the other public intake endpoints."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.intake.logs import normalize_status, preprocess

NOW = 1_790_000_000.0
KEY = {"DD-API-KEY": "org"}
PIPELINE = {
    "name": "llm-api requests",
    "is_enabled": True,
    "filter": {"query": "source:python service:llm-api"},
    "processors": [
        {"type": "status-remapper", "is_enabled": True, "sources": ["severity_name"]},
        {
            "type": "attribute-remapper",
            "is_enabled": True,
            "sources": ["outcome"],
            "source_type": "attribute",
            "target": "chat.outcome",
            "target_type": "attribute",
            "preserve_source": True,
        },
    ],
}


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    return Receiver(
        tmp_path / "datadog.sqlite", "org", lambda _, kind: [PIPELINE] if kind == "logs_pipelines" else [], lambda: NOW
    )


@pytest.fixture
def client(receiver: Receiver) -> TestClient:
    return TestClient(Starlette(routes=routes(receiver, 8125)))


def stored(receiver: Receiver, track: str = "logs", org: str = "org") -> list[dict[str, Any]]:
    return [dict(event.attributes) for event in receiver.store(org).events(track, 0, np.inf)]


def test_a_json_line_of_the_service_becomes_attributes(receiver: Receiver, client: TestClient) -> None:
    line = {"timestamp": "2026-09-21T14:13:10.500+00:00", "level": "ERROR", "message": "throttled",
            "outcome": "throttled",
            "severity_name": "warning", "http.status_code": 429, "dd.trace_id": "a" * 32, "dd.span_id": "5",
            "dd.env": "local", "error": {"kind": "ClientError"}}  # fmt: skip
    entry = {"ddsource": "python", "service": "llm-api", "ddtags": "version:7,instance:1", "message": json.dumps(line)}
    answer = client.post("/api/v2/logs", content=gzip.compress(json.dumps([entry]).encode()),
                         headers={**KEY, "Content-Encoding": "gzip", "Content-Type": "application/json"})  # fmt: skip
    assert (answer.status_code, answer.json()) == (202, {})
    [log] = stored(receiver)
    assert {key: log[key] for key in ("message", "service", "source", "trace_id", "span_id", "status")} == {
        "message": "throttled",
        "service": "llm-api",
        "source": "python",
        "trace_id": "a" * 32,
        "span_id": "5",
        "status": "warn",
    }
    assert log["attributes"]["chat"] == {"outcome": "throttled"}
    assert log["attributes"]["http"] == {"status_code": 429}
    assert log["tags"] == ["version:7", "instance:1", "env:local", "service:llm-api"]
    [event] = receiver.store("org").events("logs", 0, np.inf)
    assert event.time == NOW - 9.5


def test_one_entry_and_plain_text_are_accepted(receiver: Receiver, client: TestClient) -> None:
    assert client.post("/api/v2/logs?ddtags=env:x&service=s", json={"message": "one"}, headers=KEY).status_code == 202
    headers = {**KEY, "Content-Type": "text/plain"}
    assert client.post("/api/v2/logs?ddsource=nginx", content="two\nthree\n", headers=headers).status_code == 202
    logs = stored(receiver)
    assert [log["message"] for log in logs] == ["one", "two", "three"]
    assert (logs[0]["tags"], logs[0]["service"], logs[1]["source"]) == (["env:x", "service:s"], "s", "nginx")


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [("[", {}, 400), ('["text"]', {}, 400),
     ("[]", {"Content-Encoding": "gzip"}, 400), (json.dumps([{}] * 1001), {}, 413),
     ("[]", {"DD-API-KEY": ""}, 403), ("[]", {"Content-Encoding": "br"}, 415)],
)  # fmt: skip
def test_a_bad_request_is_answered_with_its_errors(
    client: TestClient, content: str, headers: dict[str, str], expected: int
) -> None:
    answer = client.post("/api/v2/logs", content=content, headers={**KEY, **headers})
    assert answer.status_code == expected
    assert answer.json()["errors"][0]


def test_a_log_keeps_its_time_unless_it_is_too_old_or_ahead() -> None:
    def time_of(sent: object) -> float:
        return preprocess({"message": json.dumps({"timestamp": sent})}, {}, NOW).time

    assert time_of(int((NOW - 60) * 1000)) == NOW - 60
    assert time_of("2026-09-21T14:13:20Z") == NOW
    assert time_of((NOW - 19 * 3600) * 1000) == NOW
    assert time_of((NOW + 3 * 3600) * 1000) == NOW
    assert time_of("yesterday") == NOW


@pytest.mark.parametrize(
    ("level", "expected"),
    [("ERROR", "error"), ("err", "error"), ("WARNING", "warn"), ("info", "info"), (3, "error"), ("7", "debug"),
     ("fatal", "emergency"), ("Critical", "critical"), ("success", "ok"), ("trace", "debug"), ("loud", "info")],
)  # fmt: skip
def test_a_level_becomes_a_status(level: object, expected: str) -> None:
    assert normalize_status(level) == expected


def test_a_pipeline_that_cannot_run_loses_no_log(tmp_path: Path) -> None:
    broken = {"is_enabled": True, "filter": {"query": "*"}, "processors": [{"type": "no-such", "is_enabled": True}]}
    receiver = Receiver(
        tmp_path / "datadog.sqlite", "org", lambda _, kind: [broken] if kind == "logs_pipelines" else []
    )
    receiver.logs("org", [{"message": "kept"}], {})
    assert [log["message"] for log in stored(receiver)] == ["kept"]
    assert receiver.counters()["logs.pipeline_errors"] == 1


def test_api_keys_are_organisations_of_their_own(receiver: Receiver, client: TestClient) -> None:
    client.post("/api/v2/logs", json=[{"message": "theirs"}], headers={"DD-API-KEY": "other"})
    assert (stored(receiver), [log["message"] for log in stored(receiver, org="other")]) == ([], ["theirs"])


def test_series_and_distributions_are_stored_with_their_types(receiver: Receiver, client: TestClient) -> None:
    now = int(NOW)
    v2 = {"series": [{"metric": "a", "type": 1, "points": [{"timestamp": now, "value": 2}], "tags": ["x:y"],
                      "resources": [{"type": "host", "name": "h"}]}]}  # fmt: skip
    v1 = {"series": [{"metric": "b", "type": "rate", "interval": 20, "points": [[now, 3]], "host": "h"}]}
    distribution = {"series": [{"metric": "c", "points": [[now, [1, 2]], [now - 10, [3]]]}]}
    assert client.post("/api/v2/series", json=v2, headers=KEY).json() == {"errors": []}
    assert client.post("/api/v1/series", json=v1, headers=KEY).json() == {"status": "ok"}
    assert client.post("/api/v1/distribution_points", json=distribution, headers=KEY).json() == {"status": "ok"}
    store = receiver.store("org")
    [a], [b], [c] = (store.series(metric, 0, NOW) for metric in "abc")
    assert (a.type, sorted(a.tags), a.values.tolist()) == ("count", ["host:h", "x:y"], [2])
    assert (b.type, b.interval, sorted(b.tags)) == ("rate", 20, ["host:h"])
    assert (c.type, c.times.tolist(), c.values.tolist()) == ("distribution", [now - 10, now, now], [3, 1, 2])


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/v2/series", {}), ("/api/v2/series", {"series": [{"points": []}]}), ("/api/v1/series", [1]),
     ("/api/v1/distribution_points", {"series": [{"metric": "m", "points": [[1, ["x"]]]}]}),
     ("/api/v1/events", {"text": "no title"}), ("/api/v1/check_run", [{"check": "x", "status": 9}]),
     ("/api/v2/events", {"data": {}}), ("/api/v2/llmobs", {"spans": 1}), ("/v0.4/traces", {"a": 1})],
)  # fmt: skip
def test_what_is_no_payload_is_refused(client: TestClient, path: str, body: object) -> None:
    answer = client.post(path, json=body, headers=KEY)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]


def test_events_and_checks_are_answered_as_recorded(receiver: Receiver, client: TestClient) -> None:
    answer = client.post("/api/v1/events", json={"title": "T", "text": "x", "tags": ["test:a"]}, headers=KEY)
    assert answer.status_code == 202
    event = answer.json()["event"]
    assert (event["title"], event["tags"], event["priority"], event["id_str"]) == (
        "T",
        ["test:a"],
        None,
        str(event["id"]),
    )
    check = [{"check": "app.ok", "host_name": "host", "status": 0, "tags": ["test:a"]}]
    assert client.post("/api/v1/check_run", json=check, headers=KEY).json() == {"status": "ok"}
    assert stored(receiver, "service_checks")[0]["tags"] == ["test:a", "host:host"]
    change = {"data": {"type": "event", "attributes": {"title": "C", "category": "change"}}}
    assert client.post("/api/v2/events", json=change, headers=KEY).status_code == 202
    assert [event["title"] for event in stored(receiver, "events")] == ["T", "C"]
