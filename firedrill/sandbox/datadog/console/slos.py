"""``GET /-/console/slos``: SLI, target, error budget and state of each SLO, or of one (``slo_id``), in its windows."""

import time
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.evaluate import Refused, slo_status
from firedrill.query import QueryError
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator

Json = dict[str, Any]
DAY = 86400
SHORT = "7d"
"""A window beside those of the SLO's own thresholds."""


def routes(evaluator: MonitorEvaluator, receiver: Receiver) -> list[BaseRoute]:
    """Return the route."""

    async def slos(request: Request) -> Response:
        wanted = request.query_params.get("slo_id")
        known = [slo for slo in evaluator.account().slos if wanted in (None, slo["id"])]
        if wanted is not None and not known:
            return JSONResponse({"errors": [f"SLO {wanted} is not in this account"]}, 404)
        return JSONResponse(await run_in_threadpool(_reports, known, evaluator, receiver))

    return [Route("/-/console/slos", slos)]


def _reports(slos: list[Json], evaluator: MonitorEvaluator, receiver: Receiver) -> Json:
    return {"slos": [{**slo, "windows": _windows(slo, evaluator, receiver)} for slo in slos]}


def _windows(slo: Json, evaluator: MonitorEvaluator, receiver: Receiver) -> list[Json]:
    targets = {threshold["timeframe"]: float(threshold["target"]) for threshold in slo["thresholds"]}
    now, account, state = time.time(), evaluator.account(), evaluator.state()
    windows: list[Json] = []
    for name, target in {SHORT: next(iter(targets.values())), **targets}.items():
        start = now - int(name.removesuffix("d")) * DAY
        try:
            status = slo_status(
                slo, account, receiver.store(receiver.agent_org), start, now, target=target, state=state
            )
            windows.append({"timeframe": name, **asdict(status)})
        except (Refused, QueryError) as error:
            windows.append({"timeframe": name, "target": target, "error": str(error)})
    return windows
