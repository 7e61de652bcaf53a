"""The public API's intake: logs, series, distributions, events and service checks, by API key.

Statuses and answers are those of the recorded API (https://docs.datadoghq.com/api/latest/).
"""

import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.evaluate.telemetry import Event, Series
from firedrill.sandbox.datadog.intake import logs, posted, rum
from firedrill.sandbox.datadog.intake.receiver import Receiver
from firedrill.sandbox.datadog.intake.request_body import Refused, json_body, organisation, refusals_answered, unpacked

Read = TypeVar("Read")


def routes(receiver: Receiver) -> list[BaseRoute]:
    """The endpoints that take telemetry."""

    async def send_logs(request: Request) -> Response:
        org = organisation(request)
        try:
            entries = logs.entries(await unpacked(request), request.headers.get("content-type", ""))
        except ValueError as error:
            receiver.count("logs.malformed")
            raise Refused(400, f"Invalid payload: {error}") from error
        if len(entries) > logs.MAX_ENTRIES:
            raise Refused(413, f"Payload too big: at most {logs.MAX_ENTRIES} logs in a request")
        await run_in_threadpool(receiver.logs, org, entries, dict(request.query_params))
        return JSONResponse({}, status_code=202)

    def series(read: Callable[[Any], list[Series]], answer: dict[str, Any]) -> Callable[[Request], Any]:
        async def send_series(request: Request) -> Response:
            org = organisation(request)
            found = _read(read, await json_body(request))
            await run_in_threadpool(receiver.destination(org).append_series, found)
            receiver.count("api.series", len(found))
            return JSONResponse(answer, status_code=202)

        return send_series

    async def send_event_v1(request: Request) -> Response:
        org, body = organisation(request), await json_body(request)
        event = _read(lambda content: posted.event_v1(content, receiver.clock()), body)
        await run_in_threadpool(receiver.destination(org).append_events, [event])
        receiver.count("api.events")
        return JSONResponse({"status": "ok", "event": event_answer(event)}, status_code=202)

    async def send_event_v2(request: Request) -> Response:
        org, body = organisation(request), await json_body(request)
        event = _read(lambda content: posted.event_v2(content, receiver.clock()), body)
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
        org, body = organisation(request), await json_body(request)
        found = _read(lambda content: posted.check_runs(content, receiver.clock()), body)
        await run_in_threadpool(receiver.destination(org).append_events, found)
        receiver.count("api.service_checks", len(found))
        return JSONResponse({"status": "ok"}, status_code=202)

    async def send_rum(request: Request) -> Response:
        """From browsers: the key is the client token of an application, and pages of any origin may call."""
        org = receiver.owner(organisation(request))
        content = await unpacked(request)
        found = _read(lambda body: list(rum.events(body, request.query_params, receiver.clock())), content)
        await run_in_threadpool(receiver.rum, org, found)
        return JSONResponse({"request_id": uuid.uuid4().hex}, status_code=202, headers=rum.ANSWER_HEADERS)

    async def send_replay(request: Request) -> Response:
        """A recorded segment of a session: counted, not kept, since nothing here plays it."""
        receiver.owner(organisation(request))
        await request.body()
        receiver.count("rum.replay_segments")
        return JSONResponse({"request_id": uuid.uuid4().hex}, status_code=202, headers=rum.ANSWER_HEADERS)

    table = [
        ("/api/v2/rum", send_rum),
        ("/api/v2/replay", send_replay),
        ("/api/v2/logs", send_logs),
        ("/api/v2/series", series(posted.series_v2, {"errors": []})),
        ("/api/v1/series", series(posted.series_v1, {"status": "ok"})),
        ("/api/v1/distribution_points", series(posted.distribution_points, {"status": "ok"})),
        ("/api/v1/events", send_event_v1),
        ("/api/v2/events", send_event_v2),
        ("/api/v1/check_run", send_check),
    ]
    return [Route(path, refusals_answered(endpoint), methods=["POST"]) for path, endpoint in table]


def event_answer(event: Event) -> dict[str, Any]:
    """An event as API v1 answers it."""
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


def _read(read: Callable[[Any], Read], body: Any) -> Read:
    try:
        return read(body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(400, f"Invalid payload: {error}") from error
