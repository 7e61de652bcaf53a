"""``/v1/theater``: the failures that the page's buttons start and end, and what Datadog says meanwhile.

The routes exist only where ``THEATER`` is on. Whoever may operate ``/datadog`` may use them.
"""

from dataclasses import asdict

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from service.api.validation import StrictBody, parse_body
from service.context import Context
from service.datadog.access import authorize
from service.problems import CallerError
from service.theater.alerts import Watch
from service.theater.failures import FAILURES, Failure, GeminiControl

BY_KEY = {failure.key: failure for failure in FAILURES}


class FailureStart(StrictBody):
    """The failure that begins, by its key."""

    failure: str


def blueprint(context: Context) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("theater", __name__, url_prefix="/v1/theater")
    gemini, watch = GeminiControl(context.settings), Watch(context)

    @routes.before_request
    def check_role() -> None:
        authorize(context.settings, "operate")

    @routes.get("")
    def show() -> ResponseReturnValue:
        offered = [asdict(failure) for failure in FAILURES if failure.gemini is None or gemini.available]
        return jsonify({"failures": offered, "active": gemini.active()})

    @routes.post("/failure")
    def begin() -> ResponseReturnValue:
        failure = _failure(parse_body(FailureStart).failure)
        gemini.end()
        if failure.gemini is not None:
            gemini.begin(failure.gemini)
        return jsonify({"active": failure.key})

    @routes.delete("/failure")
    def end() -> ResponseReturnValue:
        gemini.end()
        _reset(context)
        return jsonify({"active": None})

    @routes.get("/alerts")
    def alerts() -> ResponseReturnValue:
        return jsonify(watch.read(_failure(request.args.get("failure", "")), _since()))

    return routes


def _failure(key: str) -> Failure:
    if key not in BY_KEY:
        raise CallerError(f"failure: is not one of {', '.join(BY_KEY)}")
    return BY_KEY[key]


def _since() -> float:
    try:
        return float(request.args["since"])
    except (KeyError, ValueError):
        raise CallerError("since: give the epoch seconds from which events are wanted") from None


def _reset(context: Context) -> None:
    """Undo what workflows did: the primary model answers again, without the cache of answers."""
    state, primary = context.state.current(), context.settings.model_primary
    if state.model != primary or state.cache:
        context.state.change(model=primary, cache=False, reason="theater")
