"""``POST /-/console/graphs``: the data of several widgets at once, for a dashboard or a notebook."""

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.evaluate import Refused
from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.formula import FormulaResult, Formulas
from firedrill.evaluate.metric.heatmap import heatmap
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query import QueryError
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.console.account_telemetry import AccountTelemetry
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator

Json = dict[str, Any]
DAY = 86400
DIGITS = 6
STEPS = ((DAY, 60), (2 * DAY, 300), (7 * DAY, 1800))
"""(longest range, seconds between points); 4 hours beyond."""
ROUND = (60, 120, 300, 600, 900, 1800, 3600, 7200, 4 * 3600, DAY)


class Graph(BaseModel):
    """A widget's request: ``formulas`` over ``queries``, or one query of a heat map; ``points``: about how many."""

    model_config = ConfigDict(extra="forbid")

    id: str
    kind: Literal["timeseries", "scalar", "heatmap"]
    queries: list[Json]
    formulas: list[str] = []
    points: int | None = Field(None, ge=1)


class Graphs(BaseModel):
    """The requests, and their range in epoch seconds."""

    model_config = ConfigDict(extra="forbid")

    start: float = Field(ge=0)
    end: float
    graphs: list[Graph] = Field(max_length=500)


def routes(evaluator: MonitorEvaluator, receiver: Receiver, directory: Directory) -> list[BaseRoute]:
    """Return the route."""
    telemetry = AccountTelemetry(receiver.store(receiver.agent_org), directory)

    async def graphs(request: Request) -> Response:
        try:
            body = Graphs.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"errors": [str(error.errors()[0]["msg"])]}, 400)
        return JSONResponse(await run_in_threadpool(_draw_all, body, evaluator, telemetry))

    return [Route("/-/console/graphs", graphs, methods=["POST"])]


def step_of(seconds: float, points: int | None = None) -> int:
    """Return the seconds between the points of a range, so that there are at most about ``points`` of them."""
    finest = next((step for longest, step in STEPS if seconds <= longest), 4 * 3600)
    return next((step for step in ROUND if step >= finest and points and seconds / step <= points), finest)


def numbers(values: FloatArray) -> list[float | None]:
    """Return values as JSON has them: about six digits, null for none."""
    finite = np.isfinite(values)
    size = np.abs(np.where(finite & (values != 0), values, 1.0))
    scale = 10.0 ** np.clip(DIGITS - 1 - np.floor(np.log10(size)), -300, 300)
    rounded = np.round(np.where(finite, values, 0.0) * scale) / scale
    return [value if known else None for value, known in zip(rounded.tolist(), finite.tolist(), strict=True)]


def _draw_all(body: Graphs, evaluator: MonitorEvaluator, telemetry: AccountTelemetry) -> Json:
    context = MeasureContext(evaluator.account(), telemetry, evaluator.state().data)
    return {graph.id: _draw(graph, context, body.start, body.end) for graph in body.graphs}


def _draw(graph: Graph, context: MeasureContext, start: float, end: float) -> Json:
    step = step_of(end - start, graph.points)
    try:
        if graph.kind == "heatmap":
            result = heatmap(str(graph.queries[0].get("query")), context.telemetry, start, end, max(step, 300))
            return {
                "times": result.times.tolist(),
                "edges": numbers(result.edges),
                "counts": result.counts.astype(int).tolist(),
            }
        formulas = Formulas(graph.queries, context, start, end)
        measure = formulas.timeseries if graph.kind == "timeseries" else formulas.scalar
        return _series([measure(formula, step) for formula in graph.formulas])
    except (Refused, QueryError, KeyError) as error:
        reason = f"the query lacks {error}" if isinstance(error, KeyError) else str(error)
        return {"error": reason}


def _series(results: list[FormulaResult]) -> Json:
    """Return the lines of all formulas, on the times of the first."""
    first = results[0]
    return {
        "start": float(first.times[0]),
        "seconds": first.seconds,
        "length": int(first.times.size),
        "left_out": sorted({result.left_out for result in results if result.left_out}),
        "series": [
            {
                "formula": place,
                "group": dict(zip(result.table.by, key, strict=True)),
                "values": numbers(values),
            }
            for place, result in enumerate(results)
            for key, values in zip(result.table.keys, result.table.values, strict=True)
            if not np.isnan(values).all()
        ],
    }
