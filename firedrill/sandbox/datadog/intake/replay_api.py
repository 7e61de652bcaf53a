"""``GET /-/replays`` and ``GET /-/replays/SESSION``: the replays that browsers sent, which the public API lacks."""

from collections import defaultdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog.intake import replay
from firedrill.sandbox.datadog.intake.receiver import Receiver

MAX_SEGMENTS = 2000
"""Newest segments that are read."""


def routes(receiver: Receiver) -> list[BaseRoute]:
    """Return the endpoints."""

    def segments() -> dict[str, list[dict[str, Any]]]:
        by_session = defaultdict(list)
        for _, event in reversed(receiver.store(receiver.agent_org).latest(replay.TRACK, MAX_SEGMENTS)):
            by_session[str(event["attributes"]["session"]["id"])].append(event["attributes"])
        return by_session

    async def listing(_: Request) -> Response:
        sessions = await run_in_threadpool(segments)
        return JSONResponse(
            [
                {
                    "session": session,
                    "start": min(segment["start"] for segment in kept),
                    "end": max(segment["end"] for segment in kept),
                    "segments": len(kept),
                    "counts": replay.session(kept)["counts"],
                }
                for session, kept in sessions.items()
            ]
        )

    async def show(request: Request) -> Response:
        kept = (await run_in_threadpool(segments)).get(request.path_params["session"])
        if kept is None:
            return JSONResponse(
                {"errors": ["this session has no replay, or it is older than the newest segments"]}, 404
            )
        return JSONResponse({"session": request.path_params["session"], **replay.session(kept)})

    return [Route("/-/replays", listing), Route("/-/replays/{session}", show)]
