"""The public API's query endpoints: metric queries, and searches of logs, spans and events.

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
from firedrill.sandbox.datadog.intake import event_search
from firedrill.sandbox.datadog.intake.receiver import Receiver
from firedrill.sandbox.datadog.intake.request_body import (
    InvalidPayload,
    Refused,
    organisation,
    read_json,
    with_error_responses,
)

Json = dict[str, Any]
INTERVALS = ((4 * 3600, 60), (86400, 300), (7 * 86400, 1800))
"""(longest range, interval) in seconds for queries without rollup; 4 hours beyond. The finest is a minute."""


def routes(receiver: Receiver) -> list[BaseRoute]:
    """Return the endpoints that query telemetry."""

    async def query(request: Request) -> Response:
        org, parameters = _require_keys(request), request.query_params
        if not parameters.get("query") or not all(_is_integer(parameters.get(name)) for name in ("from", "to")):
            raise Refused(400, "The parameters 'from', 'to' (epoch seconds) and 'query' are required")
        start, end = int(parameters["from"]), int(parameters["to"])
        return JSONResponse(await run_in_threadpool(_series, receiver, org, parameters["query"], (start, end)))

    def searching(track: str, read: Callable[[Json], Json], form: Callable[..., Json]) -> Callable[[Request], Any]:
        async def search(request: Request) -> Response:
            org = _require_keys(request)
            if request.method == "GET":
                body = _from_parameters(request.query_params)
            else:
                posted = await read_json(request)
                body = read(posted if isinstance(posted, dict) else {})
            started = time.perf_counter()
            try:
                parameters = event_search.read_request(body, receiver.clock())
                page = await run_in_threadpool(event_search.search_events, receiver.store(org), track, parameters)
            except InvalidPayload as error:
                raise Refused(400, str(error)) from error
            response: Json = {"data": [form(*event) for event in page.events]}
            meta: Json = {"elapsed": int((time.perf_counter() - started) * 1000), "request_id": uuid.uuid4().hex,
                          "status": "done"}  # fmt: skip
            if page.cursor is not None:
                meta["page"] = {"after": page.cursor}
                response["links"] = {"next": _next_link(request, body, page.cursor)}
            return JSONResponse({**response, "meta": meta})

        return search

    routes_found = [Route("/api/v1/query", with_error_responses(query), methods=["GET"])]
    for path, post_path, track, read, form in SEARCHES:
        endpoint = with_error_responses(searching(track, read, form))
        routes_found.append(Route(path, endpoint, methods=["GET"]))
        routes_found.append(Route(post_path, endpoint, methods=["POST"]))
    return list(routes_found)


def _series(receiver: Receiver, org: str, text: str, time_range: tuple[int, int]) -> Json:
    start, end = time_range
    step = next((bucket for longest, bucket in INTERVALS if end - start <= longest), 4 * 3600)
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


def _require_keys(request: Request) -> str:
    """Return the organisation. Raises Refused unless there is an application key, which reading needs."""
    if not (request.headers.get("dd-application-key") or request.query_params.get("application_key")):
        raise Refused(403, "Forbidden")
    return organisation(request)


def _is_integer(text: str | None) -> bool:
    return text is not None and text.isdecimal() and len(text) < 15


def _as_is(body: Json) -> Json:
    return body


def _from_data_attributes(body: Json) -> Json:
    """Return the search of spans from ``{"data": {"attributes": {...}}}``."""
    attributes = (body.get("data") or {}).get("attributes")
    return attributes if isinstance(attributes, dict) else body


def _from_parameters(query: Mapping[str, str]) -> Json:
    body: Json = {"filter": {}, "page": {}}
    for name, value in query.items():
        outer, _, inner = name.rstrip("]").partition("[")
        if inner and outer in body:
            body[outer][inner] = value
    return {**body, "sort": query.get("sort")}


def _next_link(request: Request, body: Json, cursor: str) -> str:
    parameters = {
        f"filter[{key}]": value for key, value in (body.get("filter") or {}).items() if isinstance(value, str)
    }
    parameters |= {
        "page[cursor]": cursor,
        "page[limit]": str((body.get("page") or {}).get("limit", event_search.DEFAULT_LIMIT)),
    }
    if body.get("sort"):
        parameters["sort"] = body["sort"]
    return f"{request.base_url}{request.url.path.removesuffix('/search').lstrip('/')}?{urlencode(parameters)}"


def _log(row_id: int, time_at: float, event: Json) -> Json:
    shown = {key: event.get(key) for key in ("service", "status", "host", "message", "tags") if event.get(key)}
    return {
        "id": event_search.event_id(row_id, time_at),
        "type": "log",
        "attributes": {**shown, "timestamp": _iso_time(time_at), "attributes": event.get("attributes") or {}},
    }


def _span(row_id: int, time_at: float, event: Json) -> Json:
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
        "id": event_search.event_id(row_id, time_at),
        "type": "spans",
        "attributes": {
            **{name: event.get(name) for name in names if event.get(name) is not None},
            "start_timestamp": _iso_time(time_at),
            "end_timestamp": _iso_time(time_at + duration / 1e9),
            "custom": event.get("attributes") or {},
            "attributes": {"duration": duration},
            "ingestion_reason": "auto",
            "retained_by": "retention_filter",
            "single_span": False,
        },
    }


def _event(row_id: int, time_at: float, event: Json) -> Json:
    inner = {**(event.get("attributes") or {}), "status": event.get("status"), "timestamp": int(time_at * 1000)}
    return {
        "id": event_search.event_id(row_id, time_at),
        "type": "event",
        "attributes": {
            "attributes": inner,
            "message": event.get("message") or "",
            "tags": event.get("tags") or [],
            "timestamp": _iso_time(time_at),
        },
    }


def _llm_span(row_id: int, time_at: float, event: Json) -> Json:
    return {
        "id": event_search.event_id(row_id, time_at),
        "type": "span",
        "attributes": {
            **(event.get("attributes") or {}),
            "tags": event.get("tags") or [],
            "timestamp": _iso_time(time_at),
        },
    }


def _iso_time(time_at: float) -> str:
    return datetime.fromtimestamp(time_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


SEARCHES: tuple[tuple[str, str, str, Callable[[Json], Json], Callable[..., Json]], ...] = (
    ("/api/v2/logs/events", "/api/v2/logs/events/search", "logs", _as_is, _log),
    ("/api/v2/spans/events", "/api/v2/spans/events/search", "spans", _from_data_attributes, _span),
    ("/api/v2/events", "/api/v2/events/search", "events", _as_is, _event),
    (
        "/api/v2/llm-obs/v1/spans/events",
        "/api/v2/llm-obs/v1/spans/events/search",
        "llmobs",
        _from_data_attributes,
        _llm_span,
    ),
)
"""Path of GET, path of POST, track, function that reads the body, and function that formats an event."""
