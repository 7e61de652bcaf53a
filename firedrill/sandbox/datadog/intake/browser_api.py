"""The intake of browsers, whose key is a RUM application's client token, from pages of any origin."""

import uuid

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog.intake import replay, rum
from firedrill.sandbox.datadog.intake.receiver import Receiver
from firedrill.sandbox.datadog.intake.request_body import (
    InvalidPayload,
    Refused,
    organisation,
    read_body,
    with_error_responses,
)


def routes(receiver: Receiver) -> list[BaseRoute]:
    """Return the endpoints that take RUM events and session replays."""

    async def send_rum(request: Request) -> Response:
        """Receive RUM events."""
        org, content = receiver.owner(organisation(request)), await read_body(request)
        try:
            events = list(rum.events(content, request.query_params, receiver.clock()))
        except (InvalidPayload, KeyError, TypeError, AttributeError) as error:
            raise Refused(400, f"Invalid payload: {error}") from error
        await run_in_threadpool(receiver.rum, org, events)
        return _accepted()

    async def send_replay(request: Request) -> Response:
        """Store a segment of a session replay."""
        org, body = receiver.owner(organisation(request)), await request.body()
        try:
            segment = replay.segment(body, request.headers.get("content-type", ""), receiver.clock())
        except (InvalidPayload, KeyError, TypeError, AttributeError) as error:
            raise Refused(400, f"Invalid payload: {error}") from error
        await run_in_threadpool(receiver.destination(org).append_events, [segment])
        receiver.count("rum.replay_segments")
        return _accepted()

    endpoints = (("/api/v2/rum", send_rum), ("/api/v2/replay", send_replay))
    return [Route(path, with_error_responses(endpoint), methods=["POST"]) for path, endpoint in endpoints]


def _accepted() -> Response:
    return JSONResponse({"request_id": uuid.uuid4().hex}, status_code=202, headers=rum.ANSWER_HEADERS)
