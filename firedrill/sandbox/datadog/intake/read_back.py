"""Reading telemetry back over the public API: metric queries, and searches of logs, spans and events.

https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-points, /logs, /spans, /events, /agent-observability
"""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.evaluate import Refused as NotEvaluated
from firedrill.evaluate import graph_query
from firedrill.query import QueryError
from firedrill.sandbox.datadog.intake import event_pages
from firedrill.sandbox.datadog.intake.receiver import Receiver
from firedrill.sandbox.datadog.intake.request_body import (
    InvalidPayload,
    Refused,
    json_body,
    organisation,
    refusals_answered,
)

Json = dict[str, Any]
STEPS = ((4 * 3600, 60), (86400, 300), (7 * 86400, 1800))
"""(longest range, bucket) in seconds of a query without its own rollup; 4 hours beyond. A minute is the finest here."""


def routes(receiver: Receiver) -> list[BaseRoute]:
    """The endpoints that read telemetry."""

    async def query(request: Request) -> Response:
        org, wanted = _keys(request), request.query_params
        if not wanted.get("query") or not all(_integer(wanted.get(name)) for name in ("from", "to")):
            raise Refused(400, "The parameters 'from', 'to' (epoch seconds) and 'query' are required")
        start, end = int(wanted["from"]), int(wanted["to"])
        return JSONResponse(await run_in_threadpool(_series, receiver, org, wanted["query"], (start, end)))

    def searching(track: str, read: Callable[[Json], Json], form: Callable[..., Json]) -> Callable[[Request], Any]:
        async def search(request: Request) -> Response:
            org = _keys(request)
            if request.method == "GET":
                body = _from_parameters(request.query_params)
            else:
                sent = await json_body(request)
                body = read(sent if isinstance(sent, dict) else {})
            started = time.perf_counter()
            try:
                wanted = event_pages.request_of(body, receiver.clock())
                page = await run_in_threadpool(event_pages.search, receiver.store(org), track, wanted)
            except InvalidPayload as error:
                raise Refused(400, str(error)) from error
            answer: Json = {"data": [form(*event) for event in page.events]}
            meta: Json = {"elapsed": int((time.perf_counter() - started) * 1000), "request_id": uuid.uuid4().hex,
                          "status": "done"}  # fmt: skip
            if page.cursor is not None:
                meta["page"] = {"after": page.cursor}
                answer["links"] = {"next": _next(request, body, page.cursor)}
            return JSONResponse({**answer, "meta": meta})

        return search

    found = [Route("/api/v1/query", refusals_answered(query), methods=["GET"])]
    for path, post_path, track, read, form in TABLE:
        endpoint = refusals_answered(searching(track, read, form))
        found.append(Route(path, endpoint, methods=["GET"]))
        found.append(Route(post_path, endpoint, methods=["POST"]))
    return list(found)


def _series(receiver: Receiver, org: str, text: str, span: tuple[int, int]) -> Json:
    start, end = span
    step = next((bucket for longest, bucket in STEPS if end - start <= longest), 4 * 3600)
    try:
        lines = graph_query(text, receiver.store(org), start, end, step)
    except (QueryError, NotEvaluated) as error:
        raise Refused(400, f"Error parsing query: {error}") from error
    series: list[Json] = [
        {
            "unit": None,
            "query_index": 0,
            "aggr": text.partition(":")[0],
            "metric": line.metric,
            "tag_set": [f"{key}:{value}" for key, value in line.group.items()],
            "expression": line.expression,
            "scope": ",".join(f"{key}:{value}" for key, value in line.group.items()) or "*",
            "interval": line.seconds,
            "length": int(line.times.size),
            "start": int(line.times[0] * 1000),
            "end": int((line.times[-1] + line.seconds) * 1000) - 1,
            "pointlist": [
                [t * 1000, value] for t, value in zip(line.times.tolist(), line.values.tolist(), strict=True)
            ],
            "display_name": line.metric,
            "attributes": {},
        }
        for line in lines
    ]
    return {
        "status": "ok",
        "res_type": "time_series",
        "resp_version": 1,
        "query": text,
        "from_date": start * 1000,
        "to_date": end * 1000,
        "series": series,
        "values": [],
        "times": [],
        "message": "",
        "group_by": list(dict.fromkeys(key for line in lines for key in line.group)),
    }


def _keys(request: Request) -> str:
    """The organisation; reading needs an application key too."""
    if not (request.headers.get("dd-application-key") or request.query_params.get("application_key")):
        raise Refused(403, "Forbidden")
    return organisation(request)


def _integer(text: str | None) -> bool:
    return text is not None and text.isdecimal() and len(text) < 15


def _plain(body: Json) -> Json:
    return body


def _wrapped(body: Json) -> Json:
    """Spans are searched with ``{"data": {"attributes": {...}}}``."""
    attributes = (body.get("data") or {}).get("attributes")
    return attributes if isinstance(attributes, dict) else body


def _from_parameters(query: Mapping[str, str]) -> Json:
    body: Json = {"filter": {}, "page": {}}
    for name, value in query.items():
        outer, _, inner = name.rstrip("]").partition("[")
        if inner and outer in body:
            body[outer][inner] = value
    return {**body, "sort": query.get("sort")}


def _next(request: Request, body: Json, cursor: str) -> str:
    wanted = {f"filter[{key}]": value for key, value in (body.get("filter") or {}).items() if isinstance(value, str)}
    wanted |= {
        "page[cursor]": cursor,
        "page[limit]": str((body.get("page") or {}).get("limit", event_pages.DEFAULT_LIMIT)),
    }
    if body.get("sort"):
        wanted["sort"] = body["sort"]
    return f"{request.base_url}{request.url.path.removesuffix('/search').lstrip('/')}?{urlencode(wanted)}"


def _log(row_id: int, at: float, event: Json) -> Json:
    shown = {key: event.get(key) for key in ("service", "status", "host", "message", "tags") if event.get(key)}
    return {
        "id": event_pages.event_id(row_id, at),
        "type": "log",
        "attributes": {**shown, "timestamp": _zulu(at), "attributes": event.get("attributes") or {}},
    }


def _span(row_id: int, at: float, event: Json) -> Json:
    duration = int((event.get("attributes") or {}).get("duration") or 0)
    names = (
        "service",
        "resource_name",
        "env",
        "span_id",
        "trace_id",
        "parent_id",
        "type",
        "tags",
        "operation_name",
        "status",
    )
    return {
        "id": event_pages.event_id(row_id, at),
        "type": "spans",
        "attributes": {
            **{name: event.get(name) for name in names if event.get(name) is not None},
            "start_timestamp": _zulu(at),
            "end_timestamp": _zulu(at + duration / 1e9),
            "custom": event.get("attributes") or {},
            "attributes": {"duration": duration},
            "ingestion_reason": "auto",
            "retained_by": "retention_filter",
            "single_span": False,
        },
    }


def _event(row_id: int, at: float, event: Json) -> Json:
    inner = {**(event.get("attributes") or {}), "status": event.get("status"), "timestamp": int(at * 1000)}
    return {
        "id": event_pages.event_id(row_id, at),
        "type": "event",
        "attributes": {
            "attributes": inner,
            "message": event.get("message") or "",
            "tags": event.get("tags") or [],
            "timestamp": _zulu(at),
        },
    }


def _llm_span(row_id: int, at: float, event: Json) -> Json:
    return {
        "id": event_pages.event_id(row_id, at),
        "type": "span",
        "attributes": {**(event.get("attributes") or {}), "tags": event.get("tags") or [], "timestamp": _zulu(at)},
    }


def _zulu(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


TABLE: tuple[tuple[str, str, str, Callable[[Json], Json], Callable[..., Json]], ...] = (
    ("/api/v2/logs/events", "/api/v2/logs/events/search", "logs", _plain, _log),
    ("/api/v2/spans/events", "/api/v2/spans/events/search", "spans", _wrapped, _span),
    ("/api/v2/events", "/api/v2/events/search", "events", _plain, _event),
    ("/api/v2/llm-obs/v1/spans/events", "/api/v2/llm-obs/v1/spans/events/search", "llmobs", _wrapped, _llm_span),
)
"""Path of GET, path of POST, track, where the search stands in the body, and the form of an answer's item."""
