"""Notebooks with live graphs: the root cause of an alert, costs, anomalies."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import Field

from service.context import Context
from service.datadog import app_links, evidence
from service.datadog import notebook_tables as tables
from service.datadog.client import Datadog, NotFound
from service.datadog.endpoint import MANAGED_BY, Endpoint, Json, Parameters
from service.datadog.evidence import Deployed, Outcomes, Unreadable, read
from service.datadog.hypothesis import first_hypothesis
from service.datadog.limits import NOTEBOOK_NAME, cut
from service.telemetry import CHAT_COST, CHAT_LATENCY, CHAT_REQUESTS, CHAT_TOKENS

LIVE_SPANS = {1: "1h", 4: "4h", 24: "1d", 48: "2d", 168: "1w", 720: "1mo"}
"""Datadog's names of windows, by hours."""
MONITOR_QUERY = re.compile(r"^\w+\([^)]*\):(.*?)\s*(?:>=|<=|>|<|==)\s*[-\d.]+$", re.DOTALL)
MONITOR_ID = re.compile(r"\d+")
"""An id in the query of a composite, which a notebook shows as the monitor's name."""
MOST_ALERTS, MOST_TRACES = 5, 5
SIGNAL = "severity:signal"
"""The tag of monitors that notify nobody, because a composite reads them."""
LOWEST_PRIORITY = 5


class RootCause(Parameters):
    """The incident to analyse: by default the latest one, else the latest alert."""

    incident_id: str = Field(default="", max_length=100)
    incident_title: str = Field(default="", max_length=300)
    time_range_hours: int = Field(default=24, ge=1, le=720)


class Window(Parameters):
    """A time window that ends now."""

    time_range_hours: int = Field(default=24, ge=1, le=720)


def create_root_cause(context: Context, root_cause: RootCause) -> Json:
    """Create a notebook on an incident or alert: ``POST /datadog/notebooks/root-cause-analysis``."""
    return write_root_cause(context.datadog, root_cause)


def create_cost_optimization(context: Context, window: Window) -> Json:
    """Create a notebook on costs: ``POST /datadog/notebooks/cost-optimization``."""
    datadog = context.datadog
    tokens = f"sum:{CHAT_TOKENS.name}{{{_scope(datadog)}}} by {{model,direction}}"
    cells = [
        _text(f"# Cost of the service\n\nList prices of {_service(datadog)}."),
        _text(tables.costs(read(lambda: evidence.costs(datadog, window.time_range_hours)), window.time_range_hours)),
        _graph("Cost by model", [_sum(datadog, CHAT_COST.name, "model")]),
        _graph("Tokens by model and direction", [tokens]),
        _graph("Answers from the cache", [_sum(datadog, CHAT_REQUESTS.name, "cached")]),
        _logs(f"service:{datadog.settings.service} @event:chat @cost_usd:>0"),
    ]
    return _write(datadog, "Cost optimization", cells, window.time_range_hours, "report")


def create_anomaly_analysis(context: Context, window: Window) -> Json:
    """Create a notebook on anomalies: ``POST /datadog/notebooks/anomaly-analysis``."""
    datadog = context.datadog
    latency = f"avg:{CHAT_LATENCY.name}{{{_scope(datadog)}}}"
    cost = f"sum:{CHAT_COST.name}{{{_scope(datadog)}}}.as_count()"
    cells = [
        _text(f"# Anomalies\n\nCompared with the usual band of {_service(datadog)}."),
        _graph("Latency", [f"anomalies({latency}, 'basic', 3)"]),
        _graph("Cost", [f"anomalies({cost}, 'basic', 3)"]),
        _graph("Requests by outcome", [_sum(datadog, CHAT_REQUESTS.name, "outcome")]),
        _text(_watchdog(datadog, window.time_range_hours)),
    ]
    return _write(datadog, "Anomaly analysis", cells, window.time_range_hours, "investigation")


def write_root_cause(datadog: Datadog, root_cause: RootCause) -> Json:
    """Create the root cause notebook of an incident or alert, or replace an earlier one of the same name."""
    incident, sentence = _find_incident(datadog, root_cause.incident_id)
    alerts = _active_alerts(datadog)
    title = root_cause.incident_title or (incident["attributes"]["title"] if incident else "")
    title = title or (alerts[0]["name"] if alerts else "Nothing fires")
    hours = root_cause.time_range_hours
    outcomes = read(lambda: evidence.outcomes(datadog, hours))
    errors = read(lambda: evidence.failed_requests(datadog, hours, evidence.CHAT_RESOURCE))
    deployments = read(lambda: evidence.deployments(datadog, hours))
    budgets = read(lambda: evidence.budgets(datadog))
    failures = f"service:{datadog.settings.service} @event:chat -@outcome:(ok OR caller_error)"
    cells = [
        _text(f"# Root cause analysis: {title}\n\n{sentence}\n\nThe last {hours} h of {_service(datadog)}."),
        _text(f"## Hypothesis\n\n{_hypothesis(outcomes, deployments, hours)}"),
        *_alert_cells(datadog, alerts),
        _text(tables.failed_chats(outcomes)),
        _text(tables.top_errors(datadog.settings.datadog_site, errors)),
        _text(tables.last_deployment(deployments)),
        _text(tables.error_budgets(datadog.settings.datadog_site, budgets)),
        _text("## Requests, latency, cost"),
        _graph("Requests by outcome", [_sum(datadog, CHAT_REQUESTS.name, "outcome")]),
        _graph("95th percentile of latency", [f"p95:{CHAT_LATENCY.name}{{{_scope(datadog)}}} by {{model}}"]),
        _graph("Cost by model", [_sum(datadog, CHAT_COST.name, "model")]),
        _text(f"## Failed chats in the log\n\n[Open in the log explorer]({_logs_link(datadog, failures)})"),
        _logs(failures),
        _text(_slowest_traces(datadog, hours)),
        _text(_watchdog(datadog, hours)),
    ]
    # The whole id would leave no room for the title.
    suffix = f" ({root_cause.incident_id[:8]})" if root_cause.incident_id else ""
    return _write(datadog, f"RCA: {title}", cells, hours, "investigation", suffix=suffix)


def _hypothesis(outcomes: Outcomes | Unreadable, deployments: list[Deployed] | Unreadable, hours: int) -> str:
    if isinstance(outcomes, Unreadable):
        return f"None: the outcomes of chats could not be read ({outcomes.reason})."
    known = None if isinstance(deployments, Unreadable) else deployments
    return first_hypothesis(outcomes, known, hours, datetime.now(UTC))


def _alert_cells(datadog: Datadog, alerts: list[Json]) -> list[Json]:
    """Return a text for each alert, with a graph where its query is one of metrics."""
    if not alerts:
        return [_text("## Alerts\n\nNo monitor of the service is in alert now.")]
    cells = []
    for alert in alerts[:MOST_ALERTS]:
        since = alert.get("overall_state_modified") or "an unknown time"
        link = app_links.monitor(datadog.settings.datadog_site, alert.get("id"))
        facts = f"Since {since}. {_priority(alert)}[Open the monitor]({link})"
        cells.append(_text(f"## Alert: {alert['name']}\n\n{facts}\n\n`{alert['query']}`"))
        query = MONITOR_QUERY.match(alert["query"])
        if query and alert["type"] in ("metric alert", "query alert"):
            cells.append(_graph(alert["name"], [query[1].strip()]))
    if others := alerts[MOST_ALERTS:]:
        names = "\n".join(f"- {alert['name']}" for alert in others)
        cells.append(_text(f"## Other alerts\n\n{names}"))
    return cells


def _priority(alert: Json) -> str:
    return f"Priority {alert['priority']}. " if alert.get("priority") else ""


def _find_incident(datadog: Datadog, incident_id: str) -> tuple[Json | None, str]:
    """Return the incident with this id, by default the latest one, and what the notebook says about it."""
    if incident_id:
        try:
            incident = datadog.call("v2.IncidentsApi.get_incident", incident_id)["data"]
        except NotFound:
            code = re.sub(r"[`\s]+", " ", incident_id)[:100]
            return None, f"Datadog knows no incident `{code}`: this shows the present state of the service."
        state = incident["attributes"].get("state")
        return (
            incident,
            f"Incident {incident['attributes'].get('public_id')}: {state}. {_incident_link(datadog, incident)}",
        )
    incidents = datadog.call("v2.IncidentsApi.list_incidents", page_size=100)["data"]
    latest = max(incidents, key=lambda incident: incident["attributes"].get("created") or "", default=None)
    if latest is None:
        return None, "There is no incident: this shows the latest alert."
    public_id = latest["attributes"].get("public_id")
    return latest, f"The latest incident, {public_id}. {_incident_link(datadog, latest)}"


def _incident_link(datadog: Datadog, incident: Json) -> str:
    link = app_links.incident(datadog.settings.datadog_site, incident["attributes"].get("public_id"))
    return f"[Open the incident]({link})"


def _active_alerts(datadog: Datadog) -> list[Json]:
    """Return the service's monitors in alert: the most severe first, among equals the latest.

    Signals, which notify nobody, and members of a composite that is in alert itself are left out.
    """
    service = f"service:{datadog.settings.service}"
    monitors = datadog.call("v1.MonitorsApi.list_monitors")
    alerts = [
        monitor
        for monitor in monitors
        if monitor.get("overall_state") == "Alert"
        and service in (monitor.get("tags") or ())
        and SIGNAL not in (monitor.get("tags") or ())
    ]
    names = {str(monitor.get("id")): monitor["name"] for monitor in monitors}
    members: set[str] = set()
    for alert in alerts:
        if alert["type"] == "composite":
            members |= set(MONITOR_ID.findall(alert["query"]))
            alert["query"] = MONITOR_ID.sub(lambda match: names.get(match[0], match[0]), alert["query"])
    alerts = [alert for alert in alerts if str(alert.get("id")) not in members]
    alerts.sort(key=lambda alert: alert.get("overall_state_modified") or "", reverse=True)
    return sorted(alerts, key=lambda alert: int(alert.get("priority") or LOWEST_PRIORITY))


def _slowest_traces(datadog: Datadog, hours: int) -> str:
    query = f'operation_name:flask.request resource_name:"{evidence.CHAT_RESOURCE}"'
    spans = evidence.search_spans(datadog, query, hours)
    spans.sort(key=_seconds, reverse=True)
    slowest = spans[:MOST_TRACES]
    if not slowest:
        return "## Slowest traces of chats\n\nNo trace in this window."
    rows = [f"| {span.get('trace_id')} | {span.get('resource_name')} | {_seconds(span):.3f} s |" for span in slowest]
    table = "\n".join(["| trace | resource | took |", "|---|---|---|", *rows])
    site = datadog.settings.datadog_site
    links = ", ".join(f"[{span['trace_id']}]({app_links.trace(site, span['trace_id'])})" for span in slowest)
    return f"## Slowest traces of chats\n\n{table}\n\nOpen: {links}"


def _seconds(span: Json) -> float:
    """Return the duration of a span."""
    return float((span.get("attributes") or span.get("custom") or {}).get("duration") or 0) / 1e9


def _watchdog(datadog: Datadog, hours: int) -> str:
    search = {"filter": {"query": "source:watchdog", "from": f"now-{hours}h", "to": "now"}, "page": {"limit": 10}}
    events = datadog.call("v2.EventsApi.search_events", body=search)["data"]
    stories = [f"- {(event['attributes'].get('message') or 'a story').splitlines()[0]}" for event in events]
    return "## Watchdog\n\n" + ("\n".join(stories) or "No story in this window.")


def _write(datadog: Datadog, title: str, cells: Iterable[Json], hours: int, kind: str, *, suffix: str = "") -> Json:
    """Create the notebook, or replace the one of this name that the service created.

    The title is cut where the name would be too long, the suffix is not.
    """
    settings, now = datadog.settings, datetime.now(UTC)
    name = cut(datadog.redact(f"{settings.service} {settings.env}: {title}"), NOTEBOOK_NAME.characters - len(suffix))
    name = f"{name}{suffix}"
    last = _text(f"Created by the service's API on {now:%Y-%m-%d %H:%M} UTC. {MANAGED_BY}")
    attributes = {
        "name": name,
        "status": "published",
        "time": _time(hours, now),
        "cells": [{"type": "notebook_cells", "attributes": cell} for cell in (*cells, last)],
        "metadata": {"type": kind},
    }
    body = {"data": {"type": "notebooks", "attributes": attributes}}
    notebooks = datadog.call("v1.NotebooksApi.list_notebooks", query=name, include_cells=True)["data"]
    existing = next(
        (book for book in notebooks if book["attributes"]["name"] == name and MANAGED_BY in str(book)), None
    )
    if existing is None:
        stored = datadog.call("v1.NotebooksApi.create_notebook", body)["data"]
    else:
        stored = datadog.call("v1.NotebooksApi.update_notebook", existing["id"], body)["data"]
    url = app_links.notebook(settings.datadog_site, stored["id"])
    return {"notebook_id": stored["id"], "name": name, "url": url, "created": existing is None}


def _time(hours: int, now: datetime) -> Json:
    """Return a notebook's window: live where Datadog has a name for it, else fixed."""
    if hours in LIVE_SPANS:
        return {"live_span": LIVE_SPANS[hours]}
    return {"start": (now - timedelta(hours=hours)).isoformat(), "end": now.isoformat(), "live": False}


def _scope(datadog: Datadog) -> str:
    return f"service:{datadog.settings.service},env:{datadog.settings.env}"


def _service(datadog: Datadog) -> str:
    return f"`{datadog.settings.service}` in `{datadog.settings.env}`"


def _sum(datadog: Datadog, metric: str, by: str) -> str:
    return f"sum:{metric}{{{_scope(datadog)}}} by {{{by}}}.as_count()"


def _logs_link(datadog: Datadog, query: str) -> str:
    return app_links.logs(datadog.settings.datadog_site, query)


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
             f"{_CHANNEL}; reads IncidentsApi, SpansApi, EventsApi (v2), MonitorsApi (v1)", RootCause,
             create_root_cause, creates=True),
    Endpoint("POST", "/notebooks/cost-optimization", "Create a cost notebook", _CHANNEL, Window,
             create_cost_optimization, creates=True),
    Endpoint("POST", "/notebooks/anomaly-analysis", "Create an anomaly notebook", _CHANNEL, Window,
             create_anomaly_analysis, creates=True),
)  # fmt: skip
