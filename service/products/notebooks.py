"""Notebooks that answer a question with live cells: why an alert fired, where the money goes, what is unusual."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import Field

from service.context import Context
from service.products.client import Json, NotFound
from service.products.endpoint import MANAGED_BY, Answer, Asked, Endpoint
from service.telemetry import CHAT_COST, CHAT_LATENCY, CHAT_REQUESTS, CHAT_TOKENS

LIVE_SPANS = {1: "1h", 4: "4h", 24: "1d", 48: "2d", 168: "1w", 720: "1mo"}
"""Hours, and Datadog's name of that window."""
MONITOR_QUERY = re.compile(r"^\w+\([^)]*\):(.*?)\s*(?:>=|<=|>|<|==)\s*[-\d.]+$", re.DOTALL)
SLOWEST = 5


class RootCause(Asked):
    """Which incident; by default the latest one, else the latest alert."""

    incident_id: str = Field(default="", max_length=100)
    incident_title: str = Field(default="", max_length=300)
    time_range_hours: int = Field(default=24, ge=1, le=720)


class Window(Asked):
    """How far back."""

    time_range_hours: int = Field(default=24, ge=1, le=720)


def root_cause(context: Context, asked: RootCause) -> Answer:
    """``POST /datadog/notebooks/root-cause-analysis``."""
    incident, said = _incident(context, asked)
    alerts = _firing(context)
    title = asked.incident_title or (incident["attributes"]["title"] if incident else "")
    title = title or (alerts[0]["name"] if alerts else "Nothing fires")
    hours = asked.time_range_hours
    cells = [_text(f"# Root cause analysis: {title}\n\n{said}\n\nThe last {hours} h of {_who(context)}.")]
    if not alerts:
        cells.append(_text("## Alerts\n\nNo monitor of the service is in alert now."))
    for alert in alerts[:5]:
        since = alert.get("overall_state_modified") or "an unknown time"
        cells.append(_text(f"## Alert: {alert['name']}\n\nSince {since}.\n\n`{alert['query']}`"))
        query = MONITOR_QUERY.match(alert["query"])
        if query and alert["type"] in ("metric alert", "query alert"):
            cells.append(_graph(alert["name"], [_plain(query[1])]))
    cells += [
        _text("## Requests, latency, cost"),
        _graph("Requests by outcome", [_sum(context, CHAT_REQUESTS.name, "outcome")]),
        _graph("95th percentile of latency", [f"p95:{CHAT_LATENCY.name}{{{_scope(context)}}} by {{model}}"]),
        _graph("Cost by model", [_sum(context, CHAT_COST.name, "model")]),
        _logs(f"service:{context.settings.service} status:error"),
        _text(_slowest_traces(context, hours)),
        _text(_watchdog(context, hours)),
    ]
    suffix = f" ({asked.incident_id})" if asked.incident_id else ""
    return _write(context, f"RCA: {title}{suffix}", cells, hours, "investigation")


def cost_optimization(context: Context, asked: Window) -> Answer:
    """``POST /datadog/notebooks/cost-optimization``."""
    tokens = f"sum:{CHAT_TOKENS.name}{{{_scope(context)}}} by {{model,direction}}"
    cells = [
        _text(f"# Where the money goes\n\nList prices of {_who(context)}."),
        _graph("Cost by model", [_sum(context, CHAT_COST.name, "model")]),
        _graph("Tokens by model and direction", [tokens]),
        _graph("Answers from the cache", [_sum(context, CHAT_REQUESTS.name, "cached")]),
        _logs(f"service:{context.settings.service} @event:chat @cost_usd:>0"),
    ]
    return _write(context, "Cost optimization", cells, asked.time_range_hours, "report")


def anomaly(context: Context, asked: Window) -> Answer:
    """``POST /datadog/notebooks/anomaly-analysis``."""
    latency = f"avg:{CHAT_LATENCY.name}{{{_scope(context)}}}"
    cost = f"sum:{CHAT_COST.name}{{{_scope(context)}}}.as_count()"
    cells = [
        _text(f"# What is unusual\n\nAgainst the usual band of {_who(context)}."),
        _graph("Latency", [f"anomalies({latency}, 'basic', 3)"]),
        _graph("Cost", [f"anomalies({cost}, 'basic', 3)"]),
        _graph("Requests by outcome", [_sum(context, CHAT_REQUESTS.name, "outcome")]),
        _text(_watchdog(context, asked.time_range_hours)),
    ]
    return _write(context, "Anomaly analysis", cells, asked.time_range_hours, "investigation")


def _incident(context: Context, asked: RootCause) -> tuple[Json | None, str]:
    """The incident that is meant, and what the notebook says about it."""
    call = context.datadog.call
    if asked.incident_id:
        try:
            found = call("v2.IncidentsApi.get_incident", asked.incident_id)["data"]
        except NotFound:
            return None, f"Datadog knows no incident `{_code(asked.incident_id)}`: this shows the service as it is."
        return found, f"Incident {found['attributes'].get('public_id')}: {found['attributes'].get('state')}."
    known = call("v2.IncidentsApi.list_incidents", page_size=100)["data"]
    latest = max(known, key=lambda one: one["attributes"].get("created") or "", default=None)
    if latest is None:
        return None, "There is no incident: this shows the latest alert."
    return latest, f"The latest incident, {latest['attributes'].get('public_id')}."


def _firing(context: Context) -> list[Json]:
    """The service's monitors in alert, the latest first."""
    found = context.datadog.call("v1.MonitorsApi.list_monitors")
    mine = f"service:{context.settings.service}"
    firing = [one for one in found if one.get("overall_state") == "Alert" and mine in (one.get("tags") or ())]
    return sorted(firing, key=lambda one: one.get("overall_state_modified") or "", reverse=True)


def _slowest_traces(context: Context, hours: int) -> str:
    search = {
        "filter": {"query": f"service:{context.settings.service} operation_name:flask.request",
                   "from": f"now-{hours}h", "to": "now"},
        "page": {"limit": 1000},
    }  # fmt: skip
    body = {"data": {"type": "search_request", "attributes": search}}
    spans = [one["attributes"] for one in context.datadog.call("v2.SpansApi.list_spans", body)["data"]]
    spans.sort(key=_seconds, reverse=True)
    rows = [
        f"| {one.get('trace_id')} | {one.get('resource_name')} | {_seconds(one):.3f} s |" for one in spans[:SLOWEST]
    ]
    table = "\n".join(["| trace | resource | took |", "|---|---|---|", *rows]) if rows else "No trace in this window."
    return f"## Slowest traces\n\n{table}"


def _seconds(span: Json) -> float:
    return float((span.get("attributes") or span.get("custom") or {}).get("duration") or 0) / 1e9


def _watchdog(context: Context, hours: int) -> str:
    search = {"filter": {"query": "source:watchdog", "from": f"now-{hours}h", "to": "now"}, "page": {"limit": 10}}
    found = context.datadog.call("v2.EventsApi.search_events", body=search)["data"]
    stories = [f"- {(one['attributes'].get('message') or 'a story').splitlines()[0]}" for one in found]
    return "## Watchdog\n\n" + ("\n".join(stories) or "No story in this window.")


def _write(context: Context, title: str, cells: Iterable[Json], hours: int, kind: str) -> Answer:
    """Create the notebook, or replace the one of this name that the service made."""
    name = f"{context.settings.service} {context.settings.env}: {title}"[:300]
    last = _text(f"Made by the service's API on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {MANAGED_BY}")
    span = next((text for most, text in LIVE_SPANS.items() if hours <= most), "1mo")
    attributes = {
        "name": name,
        "status": "published",
        "time": {"live_span": span},
        "cells": [{"type": "notebook_cells", "attributes": one} for one in (*cells, last)],
        "metadata": {"type": kind},
    }
    if hours not in LIVE_SPANS:
        now = datetime.now(UTC)
        attributes["time"] = {
            "start": (now - timedelta(hours=hours)).isoformat(),
            "end": now.isoformat(),
            "live": False,
        }
    body = {"data": {"type": "notebooks", "attributes": attributes}}
    listed = context.datadog.call("v1.NotebooksApi.list_notebooks", query=name, include_cells=True)["data"]
    known = next((one for one in listed if one["attributes"]["name"] == name and MANAGED_BY in str(one)), None)
    if known is None:
        made = context.datadog.call("v1.NotebooksApi.create_notebook", body)["data"]
    else:
        made = context.datadog.call("v1.NotebooksApi.update_notebook", known["id"], body)["data"]
    url = f"https://app.{context.settings.datadog_site}/notebook/{made['id']}"
    return {"notebook_id": made["id"], "name": name, "url": url, "created": known is None}


def _scope(context: Context) -> str:
    return f"service:{context.settings.service},env:{context.settings.env}"


def _who(context: Context) -> str:
    return f"`{context.settings.service}` in `{context.settings.env}`"


def _sum(context: Context, metric: str, by: str) -> str:
    return f"sum:{metric}{{{_scope(context)}}} by {{{by}}}.as_count()"


def _plain(query: str) -> str:
    """A monitor's query as a graph takes it: a percentile monitor names its percentile in front already."""
    return query.strip()


def _code(text: str) -> str:
    return re.sub(r"[`\s]+", " ", text)[:100]


def _text(text: str) -> Json:
    return {"definition": {"type": "markdown", "text": text}}


def _graph(title: str, queries: list[str]) -> Json:
    requests = [{"q": query, "display_type": "line"} for query in queries]
    return {"definition": {"type": "timeseries", "title": title, "requests": requests, "show_legend": True}}


def _logs(query: str) -> Json:
    return {"definition": {"type": "log_stream", "query": query, "indexes": [], "columns": ["core_host"]}}


_CHANNEL = "NotebooksApi.create_notebook, update_notebook (v1)"
ENDPOINTS = (
    Endpoint("POST", "/notebooks/root-cause-analysis", "Create a root cause notebook",
             f"{_CHANNEL}; reads IncidentsApi, SpansApi, EventsApi (v2), MonitorsApi (v1)", RootCause, root_cause,
             creates=True),
    Endpoint("POST", "/notebooks/cost-optimization", "Create a cost notebook", _CHANNEL, Window, cost_optimization,
             creates=True),
    Endpoint("POST", "/notebooks/anomaly-analysis", "Create an anomaly notebook", _CHANNEL, Window, anomaly,
             creates=True),
)  # fmt: skip
