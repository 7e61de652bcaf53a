"""``/v1/control``: the shared state, which operators and the model-switch workflow read and change at run time."""

import hmac
import logging

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from service.api.validation import StrictBody, parse_body
from service.context import Context
from service.llm.models import MODELS, UnknownModel, resolve
from service.problems import CallerError, Unavailable
from service.runtime.state import State
from service.telemetry import CONTROL_LOG

log = logging.getLogger(__name__)


class ModelChange(StrictBody):
    """The model that answers from now on, and the reason."""

    model: str
    reason: str = Field(default="", max_length=500)


class CacheChange(StrictBody):
    """The switch of the cache of answers."""

    enabled: bool


class Unauthorized(CallerError):
    """The operator's token is missing or wrong."""

    status = 401
    title = "The operator's token is needed"


def blueprint(context: Context) -> Blueprint:
    """Return the routes. A change is answered when every instance must have seen it."""
    routes = Blueprint("control", __name__, url_prefix="/v1/control")

    @routes.before_request
    def authorize() -> None:
        secret = context.settings.operator_token
        if secret is None:
            raise Unavailable("OPERATOR_TOKEN is not set: control is off")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), secret.encode()):
            raise Unauthorized("send the header Authorization: Bearer TOKEN")

    @routes.get("")
    def show() -> ResponseReturnValue:
        return jsonify(_body(context, context.state.current()))

    @routes.post("/model")
    def model() -> ResponseReturnValue:
        change = parse_body(ModelChange)
        try:
            name = resolve(change.model)
        except UnknownModel as error:
            raise CallerError(str(error)) from None
        state = context.state.change(model=name, reason=change.reason or None)
        _log_change("model", name, change.reason)
        return jsonify(_body(context, state))

    @routes.post("/cache")
    def cache() -> ResponseReturnValue:
        enabled = parse_body(CacheChange).enabled
        state = context.state.change(cache=enabled)
        _log_change("cache", "on" if enabled else "off")
        return jsonify(_body(context, state))

    return routes


def _body(context: Context, state: State) -> dict[str, object]:
    return {
        "model": state.model,
        "cache": state.cache,
        "changed_at": state.changed_at,
        "reason": state.reason,
        "primary": context.settings.model_primary,
        "fallback": context.settings.model_fallback,
        "models": sorted(MODELS),
    }


def _log_change(change: str, value: str, reason: str = "") -> None:
    extra = {"event": CONTROL_LOG.event, "change": change, "value": value} | ({"reason": reason} if reason else {})
    log.info("control: the %s is %s now", change, value, extra=extra)
