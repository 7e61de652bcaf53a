"""``POST /v1/feedback``: what a person thinks of an answer, for LLM Observability and as a metric."""

import logging
import re
from typing import Literal

from ddtrace.llmobs import LLMObs
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service import analytics
from service.callers import caller_of
from service.context import Context
from service.models import MODELS
from service.problems import CallerError
from service.redactor import redactor
from service.telemetry import ANSWER_ACCEPTED, ANSWER_FEEDBACK, CHAT_FEEDBACK, FEEDBACK_LOG
from service.validation import content, explain

log = logging.getLogger(__name__)

ANSWER_ID = re.compile(r"([0-9a-f]{1,32})\.([0-9]{1,20})\.([a-z0-9.-]{1,64})", re.ASCII)


class Feedback(BaseModel):
    """``answer_id`` is that of the answer, word for word."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answer_id: str = Field(max_length=128)
    rating: Literal["up", "down"]
    comment: str = Field(default="", max_length=2000)


def blueprint(context: Context) -> Blueprint:
    """The route."""
    routes = Blueprint("feedback", __name__)

    @routes.post("/v1/feedback")
    def feedback() -> ResponseReturnValue:
        try:
            told = Feedback.model_validate_json(content())
        except ValidationError as error:
            raise CallerError(explain(error)) from None
        match = ANSWER_ID.fullmatch(told.answer_id)
        if match is None or match[3] not in MODELS:
            raise CallerError("answer_id: give the answer_id of a chat's answer")
        trace_id, span_id, model = match.groups()
        if LLMObs.enabled:
            LLMObs.submit_feedback(
                "rating",
                "categorical",
                told.rating,
                submitter={"id": caller_of(request, context.settings).bucket, "type": "caller"},
                span={"trace_id": trace_id, "span_id": span_id},
                tags={"model": model},
                assessment="pass" if told.rating == "up" else "fail",
                reasoning=redactor.text(told.comment) or None,
            )
        context.emitter.emit(CHAT_FEEDBACK, 1, model=model, rating=told.rating)
        analytics.tell(context, request, ANSWER_FEEDBACK, rating=told.rating, model=model)
        if told.rating == "up":
            analytics.tell(context, request, ANSWER_ACCEPTED, model=model)
        extra = {"event": FEEDBACK_LOG.event, "rating": told.rating, "model": model}
        log.info("an answer was rated", extra=extra)
        return jsonify({"answer_id": told.answer_id, "rating": told.rating}), 201

    return routes
