"""``GET /-/console/service-map``: the services that call each other, from the spans of a range of time."""

import time
from collections import defaultdict
from itertools import islice
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.logs.search import parse_search
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.telemetry.event_reader import Interval
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

Json = dict[str, Any]
MOST_SPANS = 20_000
"""Newest spans of the range that are read."""


def routes(receiver: Receiver) -> list[BaseRoute]:
    """Return the route."""

    async def service_map(request: Request) -> Response:
        end = float(request.query_params.get("end") or time.time())
        start = float(request.query_params.get("start") or end - 3600)
        store = receiver.store(receiver.agent_org)
        return JSONResponse(await run_in_threadpool(_calls, store, start, end))

    return [Route("/-/console/service-map", service_map)]


def _calls(store: TelemetryStore, start: float, end: float) -> Json:
    """Return ``nodes`` and ``edges`` with the number of calls, of errors, and the 95th percentile of their seconds."""
    rows = store.search("spans", Interval(start, end, ascending=False), parse_search("*"))
    spans = [event for _, _, event in islice(rows, MOST_SPANS)]
    service = {span.get("span_id"): span.get("service") for span in spans}
    calls: dict[tuple[str, str], list[Json]] = defaultdict(list)
    entries: dict[str, list[Json]] = defaultdict(list)
    for span in spans:
        own, caller = str(span.get("service")), service.get(span.get("parent_id"))
        peer = ((span.get("attributes") or {}).get("peer") or {}).get("service")
        if caller and caller != own:
            calls[str(caller), own].append(span)
        if peer and peer != own:
            calls[own, str(peer)].append(span)
        if caller != own:
            entries[own].append(span)
    names = sorted({*entries, *(name for pair in calls for name in pair)})
    return {
        "nodes": [{"name": name, **_summary(entries[name])} for name in names],
        "edges": [{"from": caller, "to": callee, **_summary(of)} for (caller, callee), of in sorted(calls.items())],
        "complete": len(spans) < MOST_SPANS,
    }


def _summary(spans: list[Json]) -> Json:
    seconds = [float((span.get("attributes") or {}).get("duration") or 0) / 1e9 for span in spans]
    return {
        "calls": len(spans),
        "errors": sum(span.get("status") == "error" for span in spans),
        "p95": float(np.percentile(seconds, 95)) if seconds else None,
    }
