"""The HTTP API of a Datadog Agent, for tracers on the same machine.

https://docs.datadoghq.com/tracing/guide/send_traces_to_agent_by_api. ddtrace calls ``/info`` first and uses only the
endpoints that it lists.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake import ci_tests, product_analytics
from firedrill.sandbox.datadog.intake.receiver import Receiver
from firedrill.sandbox.datadog.intake.request_body import Endpoint, Refused, read_body, read_json, with_error_responses
from firedrill.sandbox.datadog.intake.spans import MalformedTraces

ADVERTISED = ("/v0.4/traces", "/v0.5/traces", "/v0.6/stats", "/telemetry/proxy/", "/evp_proxy/v2/", "/evp_proxy/v4/")
VERSION = "7.70.0"
"""The Agent version that tracers see."""


def routes(receiver: Receiver, statsd_port: int) -> list[BaseRoute]:
    """Return the Agent's endpoints. All telemetry that they receive belongs to ``receiver.agent_org``."""

    async def info(request: Request) -> Response:
        del request
        return JSONResponse(
            {
                "version": VERSION,
                "endpoints": list(ADVERTISED),
                "feature_flags": [],
                "client_drop_p0s": False,
                "span_meta_structs": True,
                "long_running_spans": False,
                "evp_proxy_allowed_headers": ["Content-Type", "Accept-Encoding", "Content-Encoding", "User-Agent"],
                "config": {"default_env": "none", "target_tps": 10, "max_eps": 200, "statsd_port": statsd_port},
            }
        )

    async def traces(request: Request, version: str) -> Response:
        body = await read_body(request)
        try:
            await run_in_threadpool(receiver.traces, body, version)
        except (MalformedTraces, ValueError, TypeError, AttributeError) as error:
            receiver.count("traces.malformed")
            raise Refused(400, str(error)) from error
        return JSONResponse({"rate_by_service": {"service:,env:": 1.0}})

    async def stats(request: Request) -> Response:
        """Count a tracer's own statistics, which are not used: all spans arrive, and trace metrics come from them."""
        await request.body()
        receiver.count("traces.stats_payloads")
        return JSONResponse({})

    async def tracer_telemetry(request: Request) -> Response:
        await request.body()
        receiver.count("tracer_telemetry")
        return JSONResponse({}, status_code=202)

    async def remote_configuration(request: Request) -> Response:
        """Return no remote configuration. ``/info`` does not list it, but an older tracer may still ask."""
        await request.body()
        return JSONResponse({})

    async def llm_spans(request: Request) -> Response:
        try:
            await run_in_threadpool(receiver.llm_spans, await read_json(request))
        except (ValueError, TypeError, AttributeError) as error:
            receiver.count("llmobs.malformed")
            raise Refused(400, str(error)) from error
        return JSONResponse({}, status_code=202)

    async def evaluations(request: Request) -> Response:
        try:
            stored = await run_in_threadpool(receiver.evaluations, await read_json(request))
        except ValueError as error:
            receiver.count("llmobs.malformed")
            raise Refused(400, str(error)) from error
        return JSONResponse({"data": {"type": "evaluation_metric", "attributes": {"metrics": stored}}}, status_code=202)

    def events(track: str, read: Callable[[Any, float], list[Event]]) -> Endpoint:
        """Return an endpoint for JSON events of a track."""

        async def receive(request: Request) -> Response:
            try:
                received = read(await read_json(request), receiver.clock())
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                receiver.count(f"{track}.malformed")
                raise Refused(400, str(error)) from error
            store = receiver.rum if track == "prodlytics" else receiver.events
            await run_in_threadpool(store, receiver.agent_org, received)
            receiver.count(f"{track}.events", len(received))
            return JSONResponse({}, status_code=202)

        return receive

    async def other_track(request: Request) -> Response:
        """Accept other products' data as the proxy does, and count it by path."""
        await request.body()
        receiver.count(f"evp_proxy.{request.path_params['path']}")
        return JSONResponse({}, status_code=202)

    post, write = ["POST"], ["POST", "PUT"]
    table: list[tuple[str, Endpoint, list[str]]] = [
        ("/info", info, ["GET"]),
        ("/v0.4/traces", partial(traces, version="v0.4"), write),
        ("/v0.5/traces", partial(traces, version="v0.5"), write),
        ("/v0.6/stats", stats, write),
        ("/v0.7/config", remote_configuration, ["GET", "POST"]),
        ("/telemetry/proxy/{path:path}", tracer_telemetry, post),
        ("/api/v2/llmobs", llm_spans, post),
        ("/{prefix:path}/api/v2/llmobs", llm_spans, post),
        ("/api/intake/llm-obs/v2/eval-metric", evaluations, post),
        ("/{prefix:path}/llm-obs/v2/eval-metric", evaluations, post),
        ("/evp_proxy/{version}/api/v2/citestcycle", events("citestcycle", ci_tests.read_tests), post),
        ("/api/v2/citestcycle", events("citestcycle", ci_tests.read_tests), post),
        ("/api/v2/prodlytics", events("prodlytics", product_analytics.read_event), post),
        ("/evp_proxy/{version}/{path:path}", other_track, post),
    ]
    return [Route(path, with_error_responses(endpoint), methods=methods) for path, endpoint, methods in table]
