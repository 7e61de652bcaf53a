"""A failure as the account shows it: monitors, their series and transitions, pages and workflows, from the API."""

import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from service.context import Context
from service.datadog.endpoint import Json
from service.problems import Problem
from service.theater.failures import Failure

CACHE_SECONDS = 4.0
"""Time for which an answer is used again: many pages may ask, and Datadog limits calls."""
SERIES_SECONDS = 15 * 60
RUNBOOK = re.compile(r"/([a-z0-9-]+)\.md\b")
"""The alert's key, which is the name of the runbook that its message links to."""
LAST = re.compile(r"^\w+\(last_(\d+)([mh])\):")
COMPARISON = re.compile(r"\s*[<>]=?\s*[-\d.]+\s*$")
COUNT = re.compile(r"(?:sum|avg|min|max):[\w.]+\{[^{}]*\}(?: by \{[^{}]*\})?\.as_count\(\)")
PREFIX = re.compile(r"^(?:\[[^\]]*\] )?(?:[\w-]+ [\w-]+: )?")
UNITS = {"m": 60, "h": 3600}
KINDS = {"error": "alert", "warning": "warn", "success": "recovery"}
"""Statuses of a monitor's events, as marks on the page's timeline."""
WORKFLOW = re.compile(r"@workflow-([\w-]+)")


class Watch:
    """The reader of a process. Safe for threads."""

    def __init__(self, context: Context) -> None:
        self._context, self._lock = context, threading.Lock()
        self._cached: dict[tuple[str, float], tuple[float, Json]] = {}

    def read(self, failure: Failure, since: float) -> Json:
        """Return the failure's alerts and all events since a time. Raises :class:`Problem`."""
        with self._lock:
            read_at, answer = self._cached.get((failure.key, since), (float("-inf"), {}))
            if time.monotonic() - read_at > CACHE_SECONDS:
                answer = self._read(failure, since)
                self._cached = {(failure.key, since): (time.monotonic(), answer)}
            return answer

    def _read(self, failure: Failure, since: float) -> Json:
        settings = self._context.settings
        tags = f"service:{settings.service},env:{settings.env}"
        monitors = self._call("v1.MonitorsApi.list_monitors", monitor_tags=tags)
        by_key = {key: monitor for monitor in monitors if (key := key_of(monitor))}
        watched = [(key, by_key[key]) for key in failure.alerts if key in by_key]
        events = self._transitions(tags, since)
        problems: list[str] = []
        events += _attempt(lambda: self._pages(since), problems)
        events += _attempt(lambda: self._incidents(since), problems)
        return {
            "now": time.time(),
            "alerts": [self._alert(key, monitor, problems) for key, monitor in watched],
            "missing": [key for key in failure.alerts if key not in by_key],
            "events": sorted(events, key=lambda event: event["at"]),
            "workflows": _attempt(lambda: self._workflow_runs(monitors), problems),
            "problems": problems,
        }

    def _call(self, operation: str, *arguments: Any, **keywords: Any) -> Any:
        return self._context.datadog.call(operation, *arguments, **keywords)

    def _alert(self, key: str, monitor: Json, problems: list[str]) -> Json:
        thresholds = (monitor.get("options") or {}).get("thresholds") or {}
        return {
            "key": key,
            "id": monitor["id"],
            "title": short(monitor.get("name")),
            "state": monitor.get("overall_state"),
            "critical": thresholds.get("critical"),
            "warning": thresholds.get("warning"),
            "series": next(iter(_attempt(lambda: self._series(monitor), problems)), None),
        }

    def _series(self, monitor: Json) -> list[Json]:
        """Return the series that the monitor compares, one at most; none for monitors of other data than metrics."""
        query = graph_query(monitor)
        if query is None:
            return []
        now = int(time.time())
        answer = self._call("v1.MetricsApi.query_metrics", _from=now - SERIES_SECONDS, to=now, query=query)
        groups = answer.get("series") or ()
        if not groups:
            return []
        worst = max(groups, key=lambda group: max(value or 0 for _, value in group["pointlist"]))
        # A point stands at its interval's start, and a monitor compares what has come in by its end.
        ends = [min(at / 1000 + (worst.get("interval") or 0), now) for at, _ in worst["pointlist"]]
        return [{"times": ends, "values": [value for _, value in worst["pointlist"]]}]

    def _transitions(self, tags: str, since: float) -> list[Json]:
        query = " ".join(["source:alert", *tags.split(",")])
        answer = self._call(
            "v2.EventsApi.list_events", filter_query=query, filter_from=str(int(since * 1000)), page_limit=100
        )
        return [_transition(event["attributes"]) for event in answer["data"]]

    def _pages(self, since: float) -> list[Json]:
        events = []
        for page in self._context.datadog.get("/api/v2/on-call/pages", {"page[size]": "100"})["data"]:
            attributes = page["attributes"]
            created, resolved = _epoch(attributes.get("created_at")), _epoch(attributes.get("resolved_at"))
            if created >= since:
                events.append({"at": created, "kind": "page", "text": short(attributes.get("title"))})
            if resolved >= since:
                events.append({"at": resolved, "kind": "page resolved", "text": short(attributes.get("title"))})
        return events

    def _incidents(self, since: float) -> list[Json]:
        incidents = [
            entry["attributes"] for entry in self._call("v2.IncidentsApi.list_incidents", page_size=100)["data"]
        ]
        return [
            {"at": created, "kind": "incident", "text": short(incident["title"])}
            for incident in incidents
            if (created := _epoch(incident.get("created"))) >= since
        ]

    def _workflow_runs(self, monitors: list[Json]) -> list[Json]:
        """Return the workflows that monitors start, each with the ids of its newest runs: the API tells no times."""
        handles = {handle for monitor in monitors for handle in WORKFLOW.findall(monitor.get("message") or "")}
        return [
            {
                "name": short(workflow["attributes"]["name"]),
                "runs": [
                    run["id"]
                    for run in self._call("v2.WorkflowAutomationApi.list_workflow_instances", workflow["id"])["data"]
                ],
            }
            for workflow in self._call("v2.WorkflowAutomationApi.list_workflows")["data"]
            if (workflow["attributes"].get("spec") or {}).get("handle") in handles
        ]


def key_of(monitor: Json) -> str | None:
    """Return an alert's key; None for a monitor without a runbook."""
    match = RUNBOOK.search(monitor.get("message") or "")
    return match[1] if match else None


def short(title: object) -> str:
    """Return a title without a state in brackets, and without the service and environment that all names have."""
    return PREFIX.sub("", str(title or ""))


def graph_query(monitor: Json) -> str | None:
    """Return the query of the series that a metric monitor compares; None for other monitors.

    A monitor adds counts up over its window, so the graph does, too, at each minute.
    """
    query: str = monitor.get("query") or ""
    window = LAST.match(query)
    if monitor.get("type") not in ("query alert", "metric alert") or window is None:
        return None
    seconds = int(window[1]) * UNITS[window[2]]
    expression = COMPARISON.sub("", query[window.end() :])
    return COUNT.sub(lambda count: f"moving_rollup({count[0]}, {seconds}, 'sum')", expression)


def _attempt(read: Callable[[], list[Json]], problems: list[str]) -> list[Json]:
    """Return what is read, or nothing and the reason: one product that is off hides no other."""
    try:
        return read()
    except Problem as problem:
        problems.append(problem.detail)
        return []


def _transition(event: Json) -> Json:
    """Return the event that Datadog posts when a monitor's state changes."""
    attributes = event.get("attributes") or {}
    return {
        "at": _epoch(event["timestamp"]),
        "kind": KINDS.get(str(attributes.get("status") or event.get("status")), "no data"),
        "text": short(attributes.get("title")),
        "monitor": (attributes.get("monitor") or {}).get("id") or attributes.get("monitor_id"),
    }


def _epoch(moment: object) -> float:
    """Return epoch seconds for ISO 8601 or epoch milliseconds; 0 for none."""
    if isinstance(moment, int | float):
        return moment / 1000 if moment > 1e11 else float(moment)
    if not isinstance(moment, str) or not moment:
        return 0.0
    if moment.isdecimal():
        return int(moment) / 1000
    at = datetime.fromisoformat(moment)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
