"""An account of the sandbox in this process, and one activity for each product, sent through its real intake."""

import json
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]  # ships no types
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket, routes
from firedrill.sandbox.datadog.live import Live
from firedrill.sandbox.datadog.store import Store

Json = dict[str, Any]
KEYS = {"DD-API-KEY": "org", "DD-APPLICATION-KEY": "app"}


class Account:
    """The server's parts on a folder's database, without background threads: a test flushes and evaluates.

    ``blocked`` are channels that deliver nothing: paths of requests, and names of channels that are no request.
    """

    def __init__(self, home: Path, blocked: Collection[str] = ()) -> None:
        self.blocked = frozenset(blocked)
        directory = Directory(Store(home / "datadog.sqlite"))
        directory.open("org", datetime.now(UTC))
        self.receiver = Receiver(home / "datadog.sqlite", "org", directory.objects, put=directory.put)
        self.live = Live(directory, self.receiver, StatsdSocket(self.receiver, 0))
        self.client = TestClient(create_app(directory, [*self.live.routes(), *routes(self.receiver, 8125)]))

    def post(self, path: str, body: Any) -> Json:
        """Send a body that the account must accept, unless the path is blocked; return the JSON response."""
        if path in self.blocked:
            return {}
        answer = self.client.post(path, json=body, headers=KEYS)
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        return dict(answer.json() or {}) if answer.content else {}

    def seen(self) -> Json:
        """Return the answer of ``GET /-/seen``, after a flush."""
        self.receiver.flush(float("inf"))
        return dict(self.client.get("/-/seen").json())


def send_spans(account: Account) -> None:
    """Send the trace of a request that fails and calls another service."""
    now = time.time_ns()
    error = {
        "error.type": "KeyError",
        "error.message": "no such model",
        "error.stack": '  File "chat.py", line 9, in ask',
    }
    meta = {"env": "local"} | ({} if "error tags" in account.blocked else error)
    root = {"trace_id": 7, "span_id": 1, "parent_id": 0, "name": "flask.request", "resource": "POST /v1/chat",
            "service": "llm-api", "type": "web", "start": now, "duration": 10**8, "error": 1, "meta": meta,
            "metrics": {}}  # fmt: skip
    call = root | {"span_id": 2, "parent_id": 1, "name": "requests.request", "service": "vertex-ai", "type": "http",
                   "error": 0, "meta": {"env": "local"}}  # fmt: skip
    body = msgpack.packb([[root, call] if "/calls" not in account.blocked else [root]])
    if "/v0.4/traces" in account.blocked:
        return
    answer = account.client.put("/v0.4/traces", content=body, headers={"Content-Type": "application/msgpack"})
    assert answer.status_code == 200, answer.text


def send_metrics(account: Account) -> None:
    """Send a metric by DogStatsD."""
    if "DogStatsD" in account.blocked:
        return
    account.receiver.datagram(b"llm.chat.requests:1|d|#service:llm-api,env:local,outcome:ok")


def send_logs(account: Account) -> None:
    """Send a line that a declared pipeline processes."""
    pipeline = {
        "name": "requests",
        "is_enabled": "pipelines" not in account.blocked,
        "filter": {"query": "service:llm-api"},
        "processors": [],
    }
    account.post("/api/v1/logs/config/pipelines", pipeline)
    account.post("/api/v2/logs", [{"message": "chat answered", "service": "llm-api", "ddsource": "python"}])


def evaluate_alerts(account: Account) -> None:
    """Evaluate a burn rate alert of an SLO."""
    query = "sum:trace.orders.hits{*}.as_count()"
    slo = {"name": "s", "type": "metric", "thresholds": [{"timeframe": "7d", "target": 99}],
           "query": {"numerator": query, "denominator": query}}  # fmt: skip
    identifier = account.post("/api/v1/slo", slo)["data"][0]["id"]
    burn = f'burn_rate("{identifier}").over("7d").long_window("1h").short_window("5m") > 5'
    account.post("/api/v1/monitor", {"type": "slo alert", "query": burn, "name": "burns", "message": "m",
                                     "options": {"thresholds": {"critical": 5}}})  # fmt: skip
    now = time.time() // 60 * 60
    point = [{"timestamp": int(now - 30), "value": 5}]
    account.post("/api/v2/series", {"series": [{"metric": "trace.orders.hits", "type": 1, "points": point}]})
    if "watch" not in account.blocked:
        account.live.evaluator.evaluate_minute(now)


def send_llm_spans(account: Account) -> None:
    """Send an LLM Observability span."""
    span = {"name": "chat", "span_id": "1", "trace_id": "1", "parent_id": "undefined", "start_ns": time.time_ns(),
            "duration": 10**8, "status": "ok", "meta": {"span": {"kind": "llm"}}, "metrics": {},
            "tags": ["service:llm-api", "ml_app:llm-api"]}  # fmt: skip
    account.post("/evp_proxy/v2/api/v2/llmobs", [{"event_type": "span", "spans": [span], "ml_app": "llm-api"}])


def send_watchdog_story(account: Account) -> None:
    """Send a story of Watchdog."""
    account.post("/api/v1/events", {"title": "Latency", "text": "Watchdog: slower", "tags": ["source:watchdog"]})


def send_analytics_event(account: Account) -> None:
    """Send a Product Analytics event from a server."""
    account.post("/api/v2/prodlytics", {"type": "server", "application": {"id": "a"}, "event": {"name": "rated"}})


def send_test_result(account: Account) -> None:
    """Send a test event of CI Visibility."""
    content = {"service": "llm-api", "error": 0, "resource": "test_x", "duration": 5, "meta": {"test.status": "pass"}}
    account.post("/evp_proxy/v4/api/v2/citestcycle", {"version": 1, "events": [{"type": "test", "content": content}]})


def write_notebook(account: Account) -> None:
    """Write a notebook."""
    cell = {"type": "notebook_cells", "attributes": {"definition": {"type": "markdown", "text": "why"}}}
    attributes = {"name": "Root cause", "cells": [cell], "time": {"live_span": "1h"}}
    account.post("/api/v1/notebooks", {"data": {"type": "notebooks", "attributes": attributes}})


def declare_incident(account: Account) -> None:
    """Declare an incident."""
    attributes = {"title": "Chats fail", "customer_impacted": False}
    account.post("/api/v2/incidents", {"data": {"type": "incidents", "attributes": attributes}})


def send_rum_view(account: Account) -> None:
    """Send a RUM view, with the client token of its application."""
    attributes = {"name": "llm-web", "type": "browser"}
    application = {"data": {"type": "rum_application_create", "attributes": attributes}}
    stored = account.post("/api/v2/rum/applications", application)["data"]
    view = {"type": "view", "application": {"id": stored["id"]}, "session": {"id": "s"},
            "date": int(time.time() * 1000), "view": {"id": "v", "url": "http://localhost/"},
            "service": "llm-web"}  # fmt: skip
    token = stored["attributes"]["client_token"]
    if "/api/v2/rum" not in account.blocked:
        answer = account.client.post(f"/api/v2/rum?dd-api-key={token}", content=json.dumps(view))
        assert answer.status_code == 202, answer.text


def run_synthetic_test(account: Account) -> None:
    """Run a declared test; that nothing answers it is a result too."""
    request = {"method": "GET", "url": "http://127.0.0.1:1/health"}
    assertion = {"type": "statusCode", "operator": "is", "target": 200}
    test = {"type": "api", "subtype": "http", "name": "health", "status": "live", "locations": ["aws:eu-central-1"],
            "config": {"request": request, "assertions": [assertion]}, "options": {"tick_every": 60}, "message": "m",
            "tags": []}  # fmt: skip
    account.post("/api/v1/synthetics/tests/api", test)
    if "locations" not in account.blocked:
        account.live.synthetics.start_due(time.time())
    account.live.synthetics.close()


def run_workflow(account: Account) -> None:
    """Run a published workflow by its API trigger."""
    step = {"name": "Wait", "actionId": "com.datadoghq.core.noop"}
    spec = {"handle": "wait", "triggers": [{"apiTrigger": {}, "startStepNames": ["Wait"]}], "steps": [step]}
    attributes = {"name": "wait", "description": "d", "published": True, "tags": [], "spec": spec}
    workflow = account.post("/api/v2/workflows", {"data": {"type": "workflows", "attributes": attributes}})["data"]
    if "runs" not in account.blocked:
        account.post(f"/api/v2/workflows/{workflow['id']}/instances", {"meta": {"payload": {}}})


def page_team(account: Account) -> None:
    """Page a team."""
    team = {"name": "LLM platform", "handle": "llm-platform"}
    account.post("/api/v2/team", {"data": {"type": "team", "attributes": team}})
    target = {"type": "team_handle", "identifier": "llm-platform"}
    attributes = {"title": "Chats fail", "urgency": "high", "target": target}
    account.post("/api/v2/on-call/pages", {"data": {"type": "pages", "attributes": attributes}})


EVERYTHING = (
    send_spans, send_metrics, send_logs, evaluate_alerts, send_llm_spans, send_watchdog_story, send_analytics_event,
    send_test_result, write_notebook, declare_incident, send_rum_view, run_synthetic_test, run_workflow, page_team,
)  # fmt: skip
"""An activity for each product."""
TRACES, LLM_SPANS = "/v0.4/traces", "/evp_proxy/v2/api/v2/llmobs"
CHANNELS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(blocked), frozenset(unseen))
    for name, blocked, unseen in (
        ("the agent's trace port", [TRACES], ["APM", "Service Map", "Error Tracking"]),
        ("spans of outgoing calls", ["/calls"], ["Service Map"]),
        ("error tags of spans", ["error tags"], ["Error Tracking"]),
        ("DogStatsD", ["DogStatsD"], ["Metrics"]),
        ("every source of graphs", ["DogStatsD", TRACES, LLM_SPANS],
         ["Metrics", "APM", "Service Map", "Error Tracking", "LLM Observability", "Dashboards"]),
        ("the log intake", ["/api/v2/logs"], ["Logs", "Log Pipelines"]),
        ("an enabled pipeline", ["pipelines"], ["Log Pipelines"]),
        ("the evaluation of monitors", ["watch"], ["Monitors", "SLOs"]),
        ("data of SLOs", ["/api/v2/series"], ["SLOs"]),
        ("the LLM Observability intake", [LLM_SPANS], ["LLM Observability"]),
        ("Watchdog", ["/api/v1/events"], ["Watchdog"]),
        ("the analytics intake", ["/api/v2/prodlytics"], ["Product Analytics"]),
        ("CI", ["/evp_proxy/v4/api/v2/citestcycle"], ["CI Visibility"]),
        ("notebooks", ["/api/v1/notebooks"], ["Notebooks"]),
        ("incidents", ["/api/v2/incidents"], ["Incidents"]),
        ("the RUM intake", ["/api/v2/rum"], ["RUM"]),
        ("locations of synthetic tests", ["locations"], ["Synthetics"]),
        ("runs of workflows", ["runs"], ["Workflow Automation"]),
        ("pages", ["/api/v2/on-call/pages"], ["On-Call"]),
    )
}  # fmt: skip
"""By name: the blocked paths or channels, and the products that then show nothing at run time."""
