"""Nothing that a caller chooses becomes a tag, a resource or a log field, or is passed on, except a declared value."""

from pathlib import Path

import httpx

from tests.integration.service import sandbox
from tests.integration.service.sandbox import eventually

MARK = "novak"
HEADERS = {
    "User-Agent": f"{MARK}/1.0",
    "Referer": f"http://{MARK}.example/x",
    "baggage": f"user.id={MARK},session.id={MARK},account.id={MARK},_ml_obs.experiment_id={MARK},other={MARK}",
    "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
    "tracestate": f"dd=o:{MARK};t.usr.id:{MARK};t.{MARK}:1,{MARK}=1",
    "x-datadog-trace-id": str(int("1" * 16, 16)),
    "x-datadog-parent-id": str(int("2" * 16, 16)),
    "x-datadog-tags": f"_dd.p.usr.id={MARK},_dd.p.llmobs_ml_app={MARK},_dd.p.llmobs_parent_id=7,"
    f"_dd.p.tid={'1' * 16},_dd.p.llmobs_sid={MARK},_dd.p.llmobs_pagent_name={MARK},_dd.p.{MARK}=1",
    "x-datadog-origin": MARK,
    "Cookie": f"session={MARK}",
    "X-Session-Id": MARK,
    "X-Feature": MARK,
    "X-Forwarded-For": MARK,
    "X-Forwarded-Host": MARK,
    "X-Request-Id": MARK,
    "Accept-Language": MARK,
}


def test_a_caller_chooses_no_tag(tmp_path: Path) -> None:
    calls: list[dict[str, str]] = []
    with (
        sandbox.google(tmp_path, calls) as google,
        sandbox.trace_agent(tmp_path) as agent,
        sandbox.service(tmp_path, google, agent, WEB_CONCURRENCY="1", API_AUTH="loopback") as service,
        httpx.Client(base_url=service.url, headers=HEADERS, timeout=30) as client,
    ):
        client.post("/v1/chat", json={"message": "hello", "model": MARK})
        assert client.post("/v1/chat", json={"message": "hello"}).status_code == 200
        client.post("/v1/chat", json={MARK: MARK})
        client.get(f"/{MARK}/path", params={MARK: MARK})
        client.get(f"/static/{MARK}.js")
        client.get(f"/datadog/oncall/current/{MARK}")
        client.request(MARK.upper(), "/v1/chat")
        client.get("/docs", headers={"Host": f"{MARK}.example"})

        def traces() -> str:
            return httpx.get(f"{agent}/test/traces").text

        eventually(lambda: traces().count('"flask.request"') >= 8, 30, "the traces")
        received = {"traces": traces().lower(), "log": service.output.read_text().lower()}
    assert '"get 404"' in received["traces"] and '"get /static/<path:filename>"' in received["traces"]
    # Google gets ids. Each server that the service calls gets no more than Google does.
    [gemini, *_] = [call for call in calls if call["path"].endswith(":generateContent")]
    assert gemini["traceparent"].startswith(f"00-{'1' * 32}-")
    assert not {"baggage", "tracestate", "x-datadog-tags", "x-datadog-origin"} & gemini.keys()
    received["google"] = str(calls).lower()
    assert {place: text[text.find(MARK) - 80 :][:160] for place, text in received.items() if MARK in text} == {}
