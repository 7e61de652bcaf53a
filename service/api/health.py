"""``/health``: the process answers. ``/ready``: it can do its work, or the reasons why it cannot."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from service.context import Context
from service.problems import Problem, Unavailable


def blueprint(context: Context) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("health", __name__)

    @routes.get("/health")
    def health() -> ResponseReturnValue:
        return jsonify({"status": "ok"})

    @routes.get("/ready")
    def ready() -> ResponseReturnValue:
        reasons = []
        try:
            context.gemini.client()
        except Problem as problem:
            reasons.append(problem.detail)
        context.state.current()
        if context.state.problem:
            reasons.append(context.state.problem)
        if reasons:
            raise Unavailable("; ".join(reasons), retry_after=1)
        return jsonify({"status": "ready"})

    return routes
