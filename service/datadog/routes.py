"""The blueprint of ``/datadog``: every endpoint of the table goes through the same few steps."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from service.api.problems import problem_response
from service.api.validation import explain, read_body
from service.context import Context
from service.datadog import (
    ci_visibility,
    error_tracking,
    idempotency,
    incidents,
    log_pipelines,
    notebooks,
    on_call,
    pending_writes,
    products,
    service_map,
    synthetics,
    workflow_automation,
)
from service.datadog.access import authorize
from service.datadog.endpoint import Endpoint
from service.problems import INTERNAL_ERROR, CallerError, Problem, Unavailable
from service.telemetry import PRODUCT_LOG, entry_span

log = logging.getLogger(__name__)

ENDPOINTS: tuple[Endpoint, ...] = (
    *synthetics.ENDPOINTS,
    *notebooks.ENDPOINTS,
    *workflow_automation.ENDPOINTS,
    *on_call.ENDPOINTS,
    *log_pipelines.ENDPOINTS,
    *service_map.ENDPOINTS,
    *ci_visibility.ENDPOINTS,
    *error_tracking.ENDPOINTS,
    *incidents.ENDPOINTS,
    *products.ENDPOINTS,
    *pending_writes.ENDPOINTS,
)


def blueprint(context: Context) -> Blueprint:
    """Return all routes."""
    routes = Blueprint("datadog", __name__, url_prefix="/datadog")
    for endpoint in ENDPOINTS:
        rule = endpoint.path.replace("{", "<").replace("}", ">")
        name = f"{endpoint.method} {endpoint.path}".replace(".", "_")
        routes.add_url_rule(rule, name, _view(context, endpoint), methods=[endpoint.method])
    return routes


def _view(context: Context, endpoint: Endpoint) -> Callable[..., ResponseReturnValue]:
    """Return the view of an endpoint: authorize, read the parameters, run, render and log."""

    def view(**path: str) -> ResponseReturnValue:
        try:
            authorize(context.settings, "read" if endpoint.method == "GET" else "operate")
            parameters = read_parameters(endpoint, path)
            (body, status), replayed = _run(context, endpoint, parameters)
        except Problem as problem:
            _log(endpoint, problem.status, problem)
            entry_span.mark_failed(problem)
            return problem_response(problem)
        except Exception as error:  # the edge: the caller gets a problem document, never a traceback
            log.exception("a call to /datadog failed by a mistake of the service")
            entry_span.mark_failed(fault := Problem(INTERNAL_ERROR).with_traceback(error.__traceback__))
            return problem_response(fault)
        _log(endpoint, status, None)
        response: Response = jsonify(body)
        response.status_code = status
        if replayed:
            response.headers["Idempotent-Replayed"] = "true"
        if status == 202:
            response.headers["Location"] = f"/datadog/writes/{body['id']}"
        return response

    return view


def read_parameters(endpoint: Endpoint, path: dict[str, str]) -> BaseModel:
    """Return the validated parameters: the body's override the query string's, the path's override both."""
    parameters: dict[str, Any] = request.args.to_dict()
    text = read_body()
    if text.strip():
        try:
            body = from_json(text)
        except ValueError:
            raise CallerError("the body is not JSON") from None
        if not isinstance(body, dict):
            raise CallerError("the body is not a JSON object")
        parameters |= body
    try:
        return endpoint.parameters.model_validate(parameters | path)
    except ValidationError as error:
        raise CallerError(explain(error)) from None


def _run(context: Context, endpoint: Endpoint, parameters: BaseModel) -> tuple[idempotency.Answer, bool]:
    """Return the body and status, and whether they are replayed for an idempotency key that was used before."""

    def run(seed: str | None = None) -> idempotency.Answer:
        seeded = replace(context, outbox=context.outbox.seeded(seed)) if seed else context
        body = endpoint.run(seeded, parameters)
        is_pending = endpoint.lasting and body.get("status") == "accepted"
        return body, 202 if is_pending else 201 if endpoint.creates and body.get("created", True) else 200

    key = request.headers.get("Idempotency-Key")
    if key is None or not (endpoint.creates or endpoint.lasting):
        return run(), False
    if not context.objects.has_bucket:
        raise Unavailable("STATE_BUCKET is not set: idempotency keys cannot be kept")
    return idempotency.once(context.objects, key, f"{endpoint.path} {parameters.model_dump_json()}", run)


def _log(endpoint: Endpoint, status: int, problem: Problem | None) -> None:
    level = logging.ERROR if status >= 500 else logging.WARNING if problem else logging.INFO
    extra: dict[str, object] = {"event": PRODUCT_LOG.event, "endpoint": endpoint.path, "http": {"status_code": status}}
    if problem:
        extra["error"] = {"kind": problem.kind, "message": problem.detail}
    log.log(level, "datadog: %s", endpoint.summary, extra=extra)
