"""Objects and telemetry of a small shop, enough for every page of the console to have something."""

import json
import time
from dataclasses import dataclass
from typing import Any

import msgpack  # type: ignore[import-untyped]  # ships no types

from tests.integration.sandbox.console.conftest import Console

Json = dict[str, Any]
TRACE = "6b0e6e7a00000000fc575ff6c6b22168"


@dataclass(frozen=True)
class Shop:
    """The ids of what was made."""

    monitor: int
    dashboard: str
    slo: str
    notebook: int
    incident: int
    workflow: str


def metric(name: str, query: str, **more: Any) -> Json:
    """Return a named metric query of a widget."""
    return {"name": name, "data_source": "metrics", "query": query, **more}


def widget(kind: str, title: str, **more: Any) -> Json:
    """Return a widget."""
    return {"definition": {"type": kind, "title": title, **more}}


def formula(kind: str, *queries: Json, text: str = "asked", **more: Any) -> Json:
    """Return a request of formulas."""
    return {"response_format": kind, "formulas": [{"formula": text}], "queries": list(queries), **more}


ASKED = "sum:shop.asked{service:shop,$host} by {host}.as_count()"
TABLE = {
    "response_format": "scalar",
    "formulas": [{"formula": "asked", "alias": "requests"}],
    "queries": [metric("asked", ASKED, aggregator="sum")],
}


def widgets(slo: str, monitor: int, workflow: str) -> list[Json]:
    """Return a widget of each kind that the stack uses."""
    logs = {"data_source": "logs_stream", "query_string": "service:shop", "indexes": []}
    steps = [{"facet": "@view.name", "value": "/"}, {"facet": "@action.name", "value": "buy"}]
    funnel = {"data_source": "rum", "query_string": "service:shop-web", "steps": steps}
    asked = metric("asked", ASKED, aggregator="sum")
    topology = {"data_source": "service_map", "service": "shop", "filters": ["*"]}
    changed = {**formula("scalar", asked), "compare_to": "week_before", "increase_good": True}
    changed["formulas"] = [{"formula": "week_before(asked)"}, {"formula": "asked"}]
    columns = [{"field": "timestamp", "width": "auto"}, {"field": "message", "width": "auto"}]
    listed = {"request_type": "slo_list", "query": {"query_string": "shop", "limit": 9}}
    burn = {"name": "asked", "data_source": "slo", "slo_id": slo, "measure": "burn_rate"}
    return [
        widget("timeseries", "Requests", requests=[formula("timeseries", asked, display_type="bars")]),
        widget("timeseries", "Burn rate", requests=[formula("timeseries", burn, display_type="line")]),
        widget("query_value", "All requests", precision=0, requests=[
            formula("scalar", metric("asked", "sum:shop.asked{service:shop,$host}.as_count()", aggregator="sum"))
        ]),
        widget("toplist", "Busiest hosts", requests=[formula("scalar", asked)]),
        widget("query_table", "By host", requests=[TABLE]),
        widget("change", "Against last week", requests=[changed]),
        widget("heatmap", "Latency", requests=[
            {"request_type": "histogram", "query": metric("spread", "histogram:shop.duration{service:shop}")}
        ]),
        widget("list_stream", "Lines", requests=[{"response_format": "event_list", "query": logs, "columns": columns}]),
        widget("funnel", "Buyers", requests=[{"request_type": "funnel", "query": funnel}]),
        widget("slo", "The SLO", slo_id=slo, view_type="detail", view_mode="overall", time_windows=["7d"]),
        widget("slo_list", "SLOs", requests=[listed]),
        widget("manage_status", "Alerts", query="service:shop", summary_type="monitors"),
        widget("alert_graph", "The alert", alert_id=str(monitor), viz_type="timeseries"),
        widget("run_workflow", "Mend it", workflow_id=workflow),
        widget("topology_map", "Neighbours", requests=[{"request_type": "topology", "query": topology}]),
        {"definition": {"type": "note", "content": "**Read** the [logs](https://app.datadoghq.com/logs?query=payment)."}},
        widget("free_text", "", text="left"),
    ]  # fmt: skip


def span(identifier: int, parent: int, service: str, name: str, seconds: tuple[float, float], **more: Any) -> Json:
    """Return a span of the trace as an agent receives it; ``seconds`` are its start and its duration."""
    meta = {"_dd.p.tid": TRACE[:16], **more.pop("meta", {})}
    return {
        "trace_id": int(TRACE[16:], 16), "span_id": identifier, "parent_id": parent, "service": service, "name": name,
        "resource": more.pop("resource", name), "type": more.pop("type", "web"), "error": 0, "meta": meta,
        "start": int(seconds[0] * 1e9), "duration": int(seconds[1] * 1e9), "metrics": {"_sampling_priority_v1": 1},
        **more,
    }  # fmt: skip


def send_telemetry(console: Console) -> None:
    """Send half an hour of points, a trace, log lines, a browser's session and a CI pipeline."""
    now = time.time()
    minute = now // 60 * 60
    for host in ("a", "b"):
        tags = ("service:shop", f"host:{host}")
        console.send_points("shop.asked", [(minute - 60 * ago, 10.0) for ago in range(30)], *tags, kind=1)
    values = [[int(minute - 60 * ago), [0.1, 0.2, 0.9]] for ago in range(30)]
    series = {"metric": "shop.duration", "points": values, "tags": ["service:shop"]}
    assert console.api.post("/api/v1/distribution_points", json={"series": [series]}).status_code == 202
    spans = [
        span(1, 0, "shop", "flask.request", (now - 60, 0.5), resource="GET /buy", error=1),
        span(2, 1, "shop", "requests.request", (now - 59.9, 0.3), resource="POST /pay", type="http",
             meta={"peer.service": "payments", "span.kind": "client"}),
        span(3, 2, "payments", "flask.request", (now - 59.85, 0.2), resource="POST /pay"),
    ]  # fmt: skip
    sent = console.api.put("/v0.4/traces", content=msgpack.packb([spans]))
    assert sent.status_code == 200, sent.text
    lines = [
        {"service": "shop", "status": "error", "message": f"payment {number} failed", "dd.trace_id": TRACE}
        for number in range(3)
    ]
    assert console.api.post("/api/v2/logs", json=lines).status_code == 202
    session = [
        {"type": "view", "view": {"name": "/", "url": "/"}},
        {"type": "action", "action": {"name": "buy", "target": {"name": "buy"}}},
    ]
    common = {
        "service": "shop-web",
        "application": {"id": "a-1"},
        "session": {"id": "s-1", "type": "user"},
    }
    body = "\n".join(json.dumps({**common, "date": int(now * 1000), **event}) for event in session)
    assert console.api.post("/api/v2/rum", content=body).status_code == 202


def open_shop(console: Console) -> Shop:
    """Create the shop's objects and send its telemetry."""
    send_telemetry(console)
    monitor = console.create("/api/v1/monitor", {
        "type": "query alert", "name": "Shop is busy",
        "query": "sum(last_5m):sum:shop.asked{*} by {host}.as_count() > 20",
        "message": "Busy. @ops@example.com", "tags": ["service:shop"], "options": {"thresholds": {"critical": 20}},
    })["id"]  # fmt: skip
    slo = console.create("/api/v1/slo", {
        "type": "metric", "name": "Shop answers", "tags": ["service:shop"],
        "thresholds": [{"timeframe": "30d", "target": 99.0}],
        "query": {"numerator": "sum:shop.asked{host:a}.as_count()", "denominator": "sum:shop.asked{*}.as_count()"},
    })["data"][0]["id"]  # fmt: skip
    workflow = console.create("/api/v2/workflows", {"data": {"type": "workflows", "attributes": {
        "name": "Mend the shop", "published": True,
        "spec": {
            "steps": [{"name": "Step", "actionId": "com.datadoghq.core.noop"}],
            "triggers": [{"startStepNames": ["Step"], "apiTrigger": {}}],
        },
    }}})["data"]["id"]  # fmt: skip
    dashboard = console.create("/api/v1/dashboard", {
        "title": "The shop", "layout_type": "ordered",
        "template_variables": [{"name": "host", "prefix": "host", "defaults": ["*"]}],
        "widgets": [widget("group", "All of it", layout_type="ordered", widgets=widgets(slo, monitor, workflow))],
    })["id"]  # fmt: skip
    cells = [
        {
            "type": "markdown",
            "text": "# What happened\nSee [the trace](https://app.datadoghq.com/apm/trace/" + TRACE + ")",
        },
        {"type": "timeseries", "title": "Requests", "requests": [{"q": "sum:shop.asked{*}.as_count()"}]},
        {"type": "log_stream", "title": "Lines", "indexes": ["*"], "query": "service:shop"},
    ]
    notebook = console.create("/api/v1/notebooks", {"data": {"type": "notebooks", "attributes": {
        "name": "Post-mortem", "time": {"live_span": "1h"},
        "cells": [{"type": "notebook_cells", "attributes": {"definition": cell}} for cell in cells],
    }}})["data"]["id"]  # fmt: skip
    incident = console.create("/api/v2/incidents", {"data": {"type": "incidents", "attributes": {
        "title": "The shop is closed", "customer_impacted": False,
    }}})["data"]["attributes"]["public_id"]  # fmt: skip
    console.evaluate(10)
    return Shop(monitor, dashboard, slo, notebook, incident, workflow)
