"""``POST /v1/feedback``: a person's rating of an answer, for LLM Observability and as a metric."""

import logging
import re
from typing import Literal

from ddtrace.llmobs import LLMObs
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from service.api import analytics
from service.api.callers import caller_of
from service.api.validation import StrictBody, parse_body
from service.context import Context
from service.llm.models import MODELS
from service.problems import CallerError
from service.telemetry import ANSWER_ACCEPTED, ANSWER_FEEDBACK, CHAT_FEEDBACK, FEEDBACK_LOG

log = logging.getLogger(__name__)

ANSWER_ID = re.compile(r"([0-9a-f]{1,32})\.([0-9]{1,20})\.([a-z0-9.-]{1,64})", re.ASCII)
"""Trace, span and model, as :meth:`service.telemetry.chat_record.ChatSpan.answer_id` writes them."""


class Feedback(StrictBody):
    """The body. ``answer_id`` is that of the answer, unchanged."""

    answer_id: str = Field(max_length=128)
    rating: Literal["up", "down"]
    comment: str = Field(default="", max_length=2000)


def blueprint(context: Context) -> Blueprint:
    """Return the route."""
    routes = Blueprint("feedback", __name__)

    @routes.post("/v1/feedback")
    def feedback() -> ResponseReturnValue:
        body = parse_body(Feedback)
        match = ANSWER_ID.fullmatch(body.answer_id)
        if match is None or match[3] not in MODELS:
            raise CallerError("answer_id: give the answer_id of a chat's answer")
        trace_id, span_id, model = match.groups()
        if LLMObs.enabled:
            LLMObs.submit_feedback(
                "rating",
                "categorical",
                body.rating,
                submitter={"id": caller_of(request, context.settings).bucket, "type": "caller"},
                span={"trace_id": trace_id, "span_id": span_id},
                tags={"model": model},
                assessment="pass" if body.rating == "up" else "fail",
                reasoning=context.redactor.redact(body.comment) or None,
            )
        context.emitter.emit(CHAT_FEEDBACK, 1, model=model, rating=body.rating)
        analytics.report(context, request, ANSWER_FEEDBACK, rating=body.rating, model=model)
        if body.rating == "up":
            analytics.report(context, request, ANSWER_ACCEPTED, model=model)
        extra = {"event": FEEDBACK_LOG.event, "rating": body.rating, "model": model}
        log.info("an answer was rated", extra=extra)
        return jsonify({"answer_id": body.answer_id, "rating": body.rating}), 201

    return routes
