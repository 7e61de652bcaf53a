"""``GET /-/console/tag-values?key=env``: the values of a tag on the metrics of the last hour."""

import time

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

HOUR = 3600


def routes(receiver: Receiver) -> list[BaseRoute]:
    """Return the route."""

    async def tag_values(request: Request) -> Response:
        keys = request.query_params.getlist("key")
        return JSONResponse(await run_in_threadpool(_values, receiver.store(receiver.agent_org), keys))

    return [Route("/-/console/tag-values", tag_values)]


def _values(store: TelemetryStore, keys: list[str]) -> dict[str, list[str]]:
    now, values = time.time(), {key: set[str]() for key in keys}
    for metric in store.metrics(now - HOUR, now):
        for series in store.series(metric, now - HOUR, now):
            for tag in series.tags:
                key, _, value = tag.partition(":")
                if key in values:
                    values[key].add(value)
    return {key: sorted(found) for key, found in values.items()}
