"""``/v1/control``: what an operator and the model-switch workflow may read and change while the service runs."""

import hmac
import logging
from typing import TypeVar

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.context import Context
from service.models import MODELS, UnknownModel, resolve
from service.problems import CallerError, Unavailable
from service.state import State
from service.telemetry import CONTROL_LOG
from service.validation import content, explain

log = logging.getLogger(__name__)

Change = TypeVar("Change", bound="_Strict")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ModelChange(_Strict):
    """Which model shall answer from now on, and why."""

    model: str
    reason: str = Field(default="", max_length=500)


class CacheChange(_Strict):
    """Whether known answers are given again."""

    enabled: bool


class Unauthorized(CallerError):
    """The operator's token is missing or wrong."""

    status = 401
    title = "The operator's token is needed"


def blueprint(context: Context) -> Blueprint:
    """The routes. A change is answered when every instance must have seen it."""
    routes = Blueprint("control", __name__, url_prefix="/v1/control")

    @routes.before_request
    def authorize() -> None:
        token = context.settings.operator_token
        if token is None:
            raise Unavailable("OPERATOR_TOKEN is not set: control is off")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
            raise Unauthorized("send the header Authorization: Bearer TOKEN")

    @routes.get("")
    def show() -> ResponseReturnValue:
        return jsonify(_body(context, context.state.current()))

    @routes.post("/model")
    def model() -> ResponseReturnValue:
        change = _read(ModelChange)
        try:
            name = resolve(change.model)
        except UnknownModel as error:
            raise CallerError(str(error)) from None
        state = context.state.change(model=name, reason=change.reason or None)
        _log("model", name, change.reason)
        return jsonify(_body(context, state))

    @routes.post("/cache")
    def cache() -> ResponseReturnValue:
        enabled = _read(CacheChange).enabled
        state = context.state.change(cache=enabled)
        _log("cache", "on" if enabled else "off", "")
        return jsonify(_body(context, state))

    return routes


def _read(kind: type[Change]) -> Change:
    try:
        return kind.model_validate_json(content())
    except ValidationError as error:
        raise CallerError(explain(error)) from None


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


def _log(change: str, value: str, reason: str) -> None:
    extra = {"event": CONTROL_LOG.event, "change": change, "value": value} | ({"reason": reason} if reason else {})
    log.info("control: the %s is %s now", change, value, extra=extra)
