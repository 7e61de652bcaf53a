"""The blueprint of ``/datadog``: every endpoint of the table by the same few steps."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from service import entry
from service.context import Context
from service.problems import CallerError, Problem, Unavailable
from service.products import (
    catalog,
    ci,
    errors,
    idempotency,
    incidents,
    log_pipelines,
    notebooks,
    on_call,
    service_map,
    synthetics,
    workflows,
)
from service.products.access import authorize
from service.products.client import NotFound
from service.products.endpoint import Asked, Endpoint
from service.products.synthetics import All
from service.telemetry import PRODUCT_LOG
from service.validation import content, explain

log = logging.getLogger(__name__)

FAULT = "the service made a mistake; its log has the trace"


class Written(Asked):
    """Which accepted write."""

    write_id: UUID


def _written(context: Context, asked: Written) -> dict[str, Any]:
    found = context.outbox.status(str(asked.write_id))
    if found is None:
        raise NotFound("no accepted write has this id")
    return found


def _drain(context: Context, _: All) -> dict[str, Any]:
    swept = context.outbox.sweep(context)
    return {"arrived": swept.arrived, "left": swept.left}


ENDPOINTS: tuple[Endpoint, ...] = (
    *synthetics.ENDPOINTS,
    *notebooks.ENDPOINTS,
    *workflows.ENDPOINTS,
    *on_call.ENDPOINTS,
    *log_pipelines.ENDPOINTS,
    *service_map.ENDPOINTS,
    *ci.ENDPOINTS,
    *errors.ENDPOINTS,
    *incidents.ENDPOINTS,
    *catalog.ENDPOINTS,
    Endpoint("GET", "/writes/{write_id}", "What became of an accepted write", "the outbox's store", Written, _written),
    Endpoint("POST", "/writes/drain", "Send what waits; Cloud Scheduler calls it", "those of the writes", All, _drain),
)


def blueprint(context: Context) -> Blueprint:
    """All routes."""
    routes = Blueprint("datadog", __name__, url_prefix="/datadog")
    for endpoint in ENDPOINTS:
        rule = endpoint.path.replace("{", "<").replace("}", ">")
        routes.add_url_rule(rule, f"{endpoint.method} {endpoint.path}".replace(".", "_"), _view(context, endpoint),
                            methods=[endpoint.method])  # fmt: skip
    return routes


def _view(context: Context, endpoint: Endpoint) -> Callable[..., ResponseReturnValue]:
    def view(**path: str) -> ResponseReturnValue:
        try:
            authorize(context.settings, "read" if endpoint.method == "GET" else "operate")
            asked = _read(endpoint, path)
            (answer, status), replayed = _run(context, endpoint, asked)
        except Problem as problem:
            _log(endpoint, problem.status, problem)
            entry.failed(problem)
            return problem.response()
        except Exception as error:  # the edge: the caller gets a problem document, never a traceback
            log.exception("a call to /datadog failed by a mistake of the service")
            entry.failed(fault := Problem(FAULT).with_traceback(error.__traceback__))
            return fault.response()
        _log(endpoint, status, None)
        response: Response = jsonify(answer)
        response.status_code = status
        if replayed:
            response.headers["Idempotent-Replayed"] = "true"
        if status == 202:
            response.headers["Location"] = f"/datadog/writes/{answer['id']}"
        return response

    return view


def _run(context: Context, endpoint: Endpoint, asked: BaseModel) -> tuple[idempotency.Answer, bool]:
    def run(seed: str | None = None) -> idempotency.Answer:
        asking = replace(context, outbox=context.outbox.seeded(seed)) if seed else context
        answer = endpoint.run(asking, asked)
        kept = endpoint.lasting and answer.get("status") == "accepted"
        return answer, 202 if kept else 201 if endpoint.creates and answer.get("created", True) else 200

    key = request.headers.get("Idempotency-Key")
    if key is None or not (endpoint.creates or endpoint.lasting):
        return run(), False
    if not context.objects.there:
        raise Unavailable("STATE_BUCKET is not set: idempotency keys cannot be kept")
    return idempotency.once(context.objects, key, f"{endpoint.path} {asked.model_dump_json()}", run)


def _read(endpoint: Endpoint, path: dict[str, str]) -> Any:
    """The parameters: the query string's, then the body's, then the path's."""
    given: dict[str, Any] = request.args.to_dict()
    sent = content()
    if sent.strip():
        try:
            body = from_json(sent)
        except ValueError:
            raise CallerError("the body is not JSON") from None
        if not isinstance(body, dict):
            raise CallerError("the body is not a JSON object")
        given |= body
    try:
        return endpoint.asked.model_validate(given | path)
    except ValidationError as error:
        raise CallerError(explain(error)) from None


def _log(endpoint: Endpoint, status: int, problem: Problem | None) -> None:
    level = logging.ERROR if status >= 500 else logging.WARNING if problem else logging.INFO
    extra: dict[str, object] = {"event": PRODUCT_LOG.event, "endpoint": endpoint.path, "http": {"status_code": status}}
    if problem:
        extra["error"] = {"kind": problem.kind, "message": problem.detail}
    log.log(level, "datadog: %s", endpoint.summary, extra=extra)
