"""``POST /v1/chat``: an answer of the model in use, as JSON or as server-sent events."""

import json
import logging
from collections.abc import Iterator

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service import analytics, detectors, quality
from service.callers import caller_of, feature_of
from service.context import Context
from service.exchange import Exchange
from service.models import UnknownModel, cost, resolve
from service.problems import CallerError, CallerGone, Problem
from service.samples import Sample, keep
from service.telemetry import CHAT_DETECTIONS, FEATURE_USED, SIGNAL_LOG
from service.validation import content, explain

log = logging.getLogger(__name__)

ROUTE = "/v1/chat"
EVENTS = "text/event-stream"
CHARACTERS_PER_TOKEN = 3
"""Fewer than a token has in most languages: for what a chat may use at most."""
FAULT = "the service made a mistake; its log has the trace"


class ChatRequest(BaseModel):
    """The body. ``stream`` asks for events, as the header ``Accept: text/event-stream`` does."""

    model_config = ConfigDict(extra="forbid", strict=True)

    message: str = Field(min_length=1)
    stream: bool = False
    model: str | None = None
    conversation: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{16,64}$")
    """A random id of the caller's: the chats that share it go on from each other."""


def blueprint(context: Context) -> Blueprint:
    """The route."""
    routes = Blueprint("chat", __name__)

    @routes.post(ROUTE)
    def chat() -> ResponseReturnValue:
        exchange = Exchange(
            context.emitter,
            context.settings.chat_seconds,
            ROUTE,
            caller_of(request, context.settings),
            feature_of(request),
        )
        try:
            asked = _read(context, exchange)
            pieces = _pieces(context, exchange, asked)
            if exchange.stream:
                return _streamed(context, exchange, pieces)
            text = "".join(pieces)
            _used(context, exchange)
            exchange.end()
            return jsonify({"text": text, **_facts(exchange)})
        except Exception as error:  # noqa: BLE001 - the edge: whatever happens, the caller gets a problem document
            return _failed(exchange, error).response(exchange.trace_id)

    return routes


def _read(context: Context, exchange: Exchange) -> ChatRequest:
    exchange.stream = EVENTS in request.headers.get("Accept", "")
    body = content()
    try:
        asked = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise CallerError(explain(error)) from None
    exchange.stream = exchange.stream or asked.stream
    most = context.settings.most_message_characters
    if not asked.message.strip() or len(asked.message) > most:
        raise CallerError(f"message: must be more than white space, and at most {most} characters")
    state = context.state.current()
    try:
        model = resolve(asked.model) if asked.model else state.model
    except UnknownModel as error:
        raise CallerError(str(error)) from None
    exchange.model_asked = asked.model if asked.model and asked.model != model else None
    exchange.call.model = model
    return asked


def _facts(exchange: Exchange) -> dict[str, object]:
    """What an answer says about itself."""
    return {
        "model": exchange.call.model,
        **({"model_asked": exchange.model_asked} if exchange.model_asked else {}),
        "usage": exchange.usage,
        "cost_usd": exchange.cost_usd,
        "cached": exchange.cached,
        "history": exchange.history,
        "trace_id": exchange.trace_id,
        "answer_id": exchange.answer_id,
    }


def _pieces(context: Context, exchange: Exchange, asked: ChatRequest) -> Iterator[str]:
    """The answer: from the cache, whole, or as it is written."""
    model, message = exchange.call.model, asked.message
    before = context.conversations.read(exchange.caller, asked.conversation) if asked.conversation else None
    turns = before.turns if before else ()
    exchange.history = len(turns)
    use_cache = context.state.current().cache and not before
    known = context.cache.get(model, message) if use_cache else None
    if known is not None:
        exchange.cached = True
        yield known
        return
    _signal(context, exchange, "prompt_injection", detectors.prompt_injection(message))
    conversation = "\n".join([*(text for _, text in turns), message])
    most = (len(conversation) / CHARACTERS_PER_TOKEN, context.settings.most_output_tokens)
    reserved = context.budget.reserve(exchange.caller.key, sum(most), cost(model, *most))
    said: list[str] = []
    try:
        if exchange.stream:
            for piece in context.gemini.pieces(exchange.call, message, turns):
                said.append(piece)
                yield piece
        else:
            said.append(context.gemini.answer(exchange.call, message, turns))
            yield said[0]
    finally:
        context.budget.settle(reserved, sum(exchange.usage.values()), exchange.cost_usd)
    answer = "".join(said)
    _signal(context, exchange, "data_leak", detectors.data_leak(conversation, answer))
    if quality.sampled(exchange.trace_id, context.settings.evaluation_share):
        found = quality.verdicts(answer, exchange.call.finish)
        quality.submit(context.emitter, model, exchange.span, found)
        if (span := exchange.span) and context.objects.there:
            sample = Sample(message, answer, model, span["trace_id"], span["span_id"])
            context.later.do("an answer to grade", lambda: keep(context.objects, sample))
    if use_cache:
        context.cache.put(model, message, answer)
    if before:
        context.conversations.add(before, message, answer)


def _signal(context: Context, exchange: Exchange, detector: str, rule: str | None) -> None:
    if rule is None:
        return
    context.emitter.emit(CHAT_DETECTIONS, 1, detector=detector)
    extra = {"event": SIGNAL_LOG.event, "signal": detector, "rule": rule, "caller": exchange.caller.bucket}
    log.warning("a detector found %s in a chat", detector, extra=extra)


def _used(context: Context, exchange: Exchange) -> None:
    kind = "going_on" if exchange.history else "single"
    analytics.tell(context, request, FEATURE_USED, model=exchange.call.model, conversation=kind)


def _streamed(context: Context, exchange: Exchange, pieces: Iterator[str]) -> Response:
    # The first piece comes before the status is sent: most failures then have a status of their own.
    first = next(pieces)
    exchange.piece()
    _used(context, exchange)  # here, where there still is a request

    def events() -> Iterator[str]:
        try:
            yield _event("delta", {"text": first})
            for piece in pieces:
                yield _event("delta", {"text": piece})
            exchange.end()
            yield _event("done", _facts(exchange))
        except GeneratorExit:
            exchange.fail(CallerGone("the connection was closed before the answer's end"))
            raise
        except Exception as error:  # noqa: BLE001 - the edge, as above
            yield _event("error", _failed(exchange, error).body(exchange.trace_id))

    def close() -> None:
        pieces.close()  # type: ignore[attr-defined]  # an iterator by its type, a generator in fact
        exchange.end()

    response = Response(events(), content_type=EVENTS, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.call_on_close(close)
    return response


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _failed(exchange: Exchange, error: Exception) -> Problem:
    problem = error if isinstance(error, Problem) else _fault(error)
    exchange.fail(problem)
    exchange.end()
    return problem


def _fault(error: Exception) -> Problem:
    # The exception's own text may quote the prompt: its type and place are enough to find the mistake.
    log.error("a chat failed by a mistake of the service", exc_info=error)
    problem = Problem(FAULT).with_traceback(error.__traceback__)
    problem.kind = type(error).__name__
    return problem
