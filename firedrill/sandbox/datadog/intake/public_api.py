"""The public API's intake endpoints: logs, series, distributions, events, service checks and RUM, by API key.

Status codes and responses match the recorded API (https://docs.datadoghq.com/api/latest/).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.evaluate.telemetry import Event, Series
from firedrill.sandbox.datadog.intake import events, logs, series, service_checks
from firedrill.sandbox.datadog.intake.receiver import Receiver
from firedrill.sandbox.datadog.intake.request_body import (
    Refused,
    organisation,
    read_body,
    read_json,
    with_error_responses,
)

Parsed = TypeVar("Parsed")


def routes(receiver: Receiver) -> list[BaseRoute]:
    """Return the endpoints that take telemetry."""

    async def send_logs(request: Request) -> Response:
        org = organisation(request)
        try:
            entries = logs.read_entries(await read_body(request), request.headers.get("content-type", ""))
        except ValueError as error:
            receiver.count("logs.malformed")
            raise Refused(400, f"Invalid payload: {error}") from error
        if len(entries) > logs.MAX_ENTRIES:
            raise Refused(413, f"Payload too big: at most {logs.MAX_ENTRIES} logs in a request")
        try:
            await run_in_threadpool(receiver.logs, org, entries, dict(request.query_params))
        except ValueError as error:  # a value that a pipeline computed and JSON does not have
            raise Refused(400, f"Invalid payload: {error}") from error
        return JSONResponse({}, status_code=202)

    def series_endpoint(parser: Callable[[Any], list[Series]], response: dict[str, Any]) -> Callable[[Request], Any]:
        async def send_series(request: Request) -> Response:
            org = organisation(request)
            received = _parse(parser, await read_json(request))
            await run_in_threadpool(receiver.destination(org).append_series, received)
            receiver.count("api.series", len(received))
            return JSONResponse(response, status_code=202)

        return send_series

    async def send_event_v1(request: Request) -> Response:
        org, body = organisation(request), await read_json(request)
        event = _parse(lambda content: events.event_v1(content, receiver.clock()), body)
        await run_in_threadpool(receiver.destination(org).append_events, [event])
        receiver.count("api.events")
        return JSONResponse({"status": "ok", "event": event_v1_json(event)}, status_code=202)

    async def send_event_v2(request: Request) -> Response:
        org, body = organisation(request), await read_json(request)
        event = _parse(lambda content: events.event_v2(content, receiver.clock()), body)
        await run_in_threadpool(receiver.destination(org).append_events, [event])
        receiver.count("api.events")
        identifier = event.attributes["attributes"]["evt"]["id"]
        evt = {"id": identifier, "uid": identifier}
        return JSONResponse(
            {
                "data": {"id": "_", "type": "event", "attributes": {"attributes": {"evt": evt}}},
                "links": {"self": f"{request.base_url}event/event?uid={identifier}"},
            },
            status_code=202,
        )

    async def send_check(request: Request) -> Response:
        org, body = organisation(request), await read_json(request)
        checks = _parse(lambda content: service_checks.check_runs(content, receiver.clock()), body)
        await run_in_threadpool(receiver.destination(org).append_events, checks)
        receiver.count("api.service_checks", len(checks))
        return JSONResponse({"status": "ok"}, status_code=202)

    table = [
        ("/api/v2/logs", send_logs),
        ("/api/v2/series", series_endpoint(series.series_v2, {"errors": []})),
        ("/api/v1/series", series_endpoint(series.series_v1, {"status": "ok"})),
        ("/api/v1/distribution_points", series_endpoint(series.distribution_points, {"status": "ok"})),
        ("/api/v1/events", send_event_v1),
        ("/api/v2/events", send_event_v2),
        ("/api/v1/check_run", send_check),
    ]
    return [Route(path, with_error_responses(endpoint), methods=["POST"]) for path, endpoint in table]


def event_v1_json(event: Event) -> dict[str, Any]:
    """Return an event in the form of API v1."""
    identifier = event.attributes["attributes"]["evt"]["id"]
    return {
        "id": int(identifier),
        "id_str": identifier,
        "title": event.attributes["title"],
        "text": event.attributes["message"],
        "date_happened": int(event.time),
        "handle": None,
        "priority": None if event.attributes["priority"] == "normal" else event.attributes["priority"],
        "related_event_id": None,
        "tags": [tag for tag in event.attributes["tags"] if tag != f"source:{event.attributes['source']}"],
        "url": f"https://app.datadoghq.com/event/event?id={identifier}",
    }


def _parse(parser: Callable[[Any], Parsed], body: Any) -> Parsed:
    try:
        return parser(body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(400, f"Invalid payload: {error}") from error
