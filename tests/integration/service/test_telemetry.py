"""The account after people used the service: events of product use, joined traces, peers, places, errors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.sandbox.datadog.intake import Receiver
from service.telemetry import ANALYTICS_EVENTS, ENDPOINT_CALLED, FEATURE_USED, GEMINI, PEERS
from tests.integration.service import sandbox
from tests.integration.service.sandbox import Service, eventually
from tests.unit.sandbox.intake.test_ddtrace import served

APPLICATION, SESSION = "0c5f6f5e-3d0a-4b7e-9a55-2f3f8e7f1a11", "0740becb-84de-4c8f-a78f-87fbc4fda2a6"
PAGE = {"X-Feature": "chat_page", "X-Session-Id": SESSION, "X-Caller-Id": "ann@customers.example"}
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass
class Used:
    """A service, the calls that Google got, and its account."""

    service: Service
    google: str
    calls: list[dict[str, str]]
    receiver: Receiver

    def chat(self, **headers: str) -> httpx.Response:
        """Send a chat and return the response."""
        return httpx.post(f"{self.service.url}/v1/chat", json={"message": "hi"}, headers=headers, timeout=30)

    def events(self, track: str) -> list[dict[str, Any]]:
        """Return the account's events of a kind."""
        return [dict(event.attributes) for event in self.receiver.destination("org").events(track, 0, math.inf)]

    def analytics(self) -> list[dict[str, Any]]:
        """Return the server's events in Product Analytics."""
        return [event["attributes"] for event in self.events("rum")]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    """Provide a running service with an account."""
    folder: Path = tmp_path_factory.mktemp("telemetry")
    receiver, calls = Receiver(folder / "telemetry", "org", lambda _org, _kind: []), list[dict[str, str]]()
    with (
        sandbox.google(folder, calls) as google,
        served(receiver) as agent,
        sandbox.service(
            folder, google, agent, DD_API_URL=agent, DD_API_KEY="a" * 32, RUM_APPLICATION_ID=APPLICATION,
            RUM_CLIENT_TOKEN="pub1", API_AUTH="loopback", CHAT_TIMEOUT_SECONDS="5",
        ) as service,
    ):  # fmt: skip
        yield Used(service, google, calls, receiver)


def test_endpoint_feature_action_and_conversion_are_read_back_from_product_analytics(used: Used) -> None:
    answer = used.chat(**PAGE).json()
    rating = {"answer_id": answer["answer_id"], "rating": "up"}
    httpx.post(f"{used.service.url}/v1/feedback", json=rating, headers=PAGE).raise_for_status()
    httpx.get(f"{used.service.url}/datadog/products").raise_for_status()
    calls = {("POST /v1/chat", 200), ("POST /v1/feedback", 201), ("GET /datadog/products", 200)}
    eventually(
        lambda: set(ANALYTICS_EVENTS) <= {event["event"]["name"] for event in used.analytics()}, what="the four events"
    )
    eventually(lambda: calls <= _endpoints(used), what="each endpoint's event")
    events = [event for event in used.analytics() if event["session"]["id"] == SESSION]
    by_name = {event["event"]["name"]: event for event in events}
    assert by_name.keys() == ANALYTICS_EVENTS.keys()
    assert by_name[FEATURE_USED]["feature"] == "chat_page"
    assert {event["application"]["id"] for event in events} == {APPLICATION}
    assert "ann" not in str(used.analytics())


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": f"00-{TRACE}-{PARENT}-01"},
        {
            "x-datadog-trace-id": str(int(TRACE[16:], 16)),
            "x-datadog-parent-id": str(int(PARENT, 16)),
            "x-datadog-sampling-priority": "1",
            "x-datadog-tags": f"_dd.p.tid={TRACE[:16]}",
        },
    ],
    ids=["w3c", "datadog"],
)
def test_a_callers_trace_goes_on_here_and_at_gemini(used: Used, headers: dict[str, str]) -> None:
    before = len(used.calls)
    assert used.chat(**headers).json()["trace_id"] == TRACE
    call = next(call for call in used.calls[before:] if call["path"].endswith(":generateContent"))
    assert call["traceparent"].split("-")[1] == TRACE
    assert not [name for name in call if name.startswith("x-datadog")]


def test_spans_and_lines_have_the_place_and_calls_their_peer(used: Used) -> None:
    used.chat()
    eventually(lambda: spans_of(used, "google_genai.request"), what="a call's span")
    spans = used.events("spans")
    assert {span["service"] for span in spans} == {sandbox.SERVICE}
    calls = [span for span in spans if span["attributes"].get("span", {}).get("kind") == "client"]
    reached = [
        (call["attributes"].get("peer", {}).get("service"), call["span_id"], call["parent_id"]) for call in calls
    ]
    assert {GEMINI, "cloud-storage"} <= {peer for peer, *_ in reached} <= set(PEERS)
    # One edge for each call: no client span is below another to the same peer (a token's may be below a call's).
    by_id = {span: peer for peer, span, _ in reached}
    assert not [peer for peer, _, parent in reached if by_id.get(parent) == peer]
    entry = spans_of(used, "flask.request")[-1]
    place = {"revision": "llm-api-00001-abc", "region": "europe-west1", "instance": "e2d3c4b5a697"}
    assert entry["cloud_run"] == place
    assert entry["git"]["commit"]["sha"] == sandbox.COMMIT
    line = used.service.lines("chat")[-1]
    assert {key: line[key] for key in place} == place
    assert line["commit"] == sandbox.COMMIT


def test_a_failed_requests_entry_span_has_what_error_tracking_groups_by(used: Used) -> None:
    httpx.post(f"{used.google}/-/gemini/failures", json={"mode": "down"}).raise_for_status()
    failed = [used.chat(), httpx.post(f"{used.service.url}/datadog/oncall/page")]
    httpx.delete(f"{used.google}/-/gemini/failures").raise_for_status()
    assert [response.status_code for response in failed] == [503, 503]

    def errors() -> dict[str, Any]:
        entries = spans_of(used, "flask.request")
        return {entry["error"]["type"]: entry["error"] for entry in entries if entry.get("error")}

    by_type = eventually(lambda: len(errors()) >= 2 and errors(), what="two errors")
    assert {"ProviderFailed", "Unavailable"} <= by_type.keys()
    for error in by_type.values():
        assert error["message"]
        assert "service/" in error["stack"]


def _endpoints(used: Used) -> set[tuple[str, int]]:
    calls = [event for event in used.analytics() if event["event"]["name"] == ENDPOINT_CALLED]
    return {(event["endpoint"], event["status"]) for event in calls}


def spans_of(used: Used, operation: str) -> list[dict[str, Any]]:
    return [event["attributes"] for event in used.events("spans") if event["operation_name"] == operation]
