"""``POST /v1/chat``: an answer of the model in use, as JSON or as server-sent events.

The route parses and renders; what happens to the prompt is :meth:`service.llm.chat.ChatService.answer`.
"""

import json
from collections.abc import Generator, Iterator

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from service.api import analytics
from service.api.callers import caller_of, feature_of
from service.api.problems import problem_response
from service.api.validation import StrictBody, parse_body
from service.context import Context
from service.llm.chat import Chat, Question
from service.problems import CallerError
from service.telemetry import FEATURE_USED

ROUTE = "/v1/chat"
EVENTS = "text/event-stream"


class ChatRequest(StrictBody):
    """The body. ``stream`` asks for events, as the header ``Accept: text/event-stream`` does."""

    message: str = Field(min_length=1)
    stream: bool = False
    model: str | None = None
    conversation: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{16,64}$")
    """A random id of the caller's: each chat with it continues the last one."""


def blueprint(context: Context) -> Blueprint:
    """Return the route."""
    routes, chats = Blueprint("chat", __name__), context.chats

    @routes.post(ROUTE, endpoint="chat")
    def post_chat() -> ResponseReturnValue:
        wants_events = EVENTS in request.headers.get("Accept", "")
        chat = chats.begin(ROUTE, caller_of(request, context.settings), feature_of(request), wants_events)
        try:
            pieces = chats.answer(chat, _read_question(context, chat))
            return _event_stream(context, chat, pieces) if chat.stream else _json(context, chat, pieces)
        except Exception as error:  # noqa: BLE001 - the edge: whatever happens, the caller gets a problem document
            return problem_response(chats.fail(chat, error), chat.span.trace_id)

    return routes


def _read_question(context: Context, chat: Chat) -> Question:
    body, limit = parse_body(ChatRequest), context.settings.max_message_characters
    chat.stream = chat.stream or body.stream
    if not body.message.strip() or len(body.message) > limit:
        raise CallerError(f"message: must be more than white space, and at most {limit} characters")
    return Question(body.message, body.model, body.conversation)


def _json(context: Context, chat: Chat, pieces: Iterator[str]) -> Response:
    text = "".join(pieces)
    _report_use(context, chat)
    return jsonify({"text": text, **_facts(chat)})


def _event_stream(context: Context, chat: Chat, pieces: Generator[str]) -> Response:
    # The first piece comes before the status is sent: most failures then have a status of their own.
    first = next(pieces)
    _report_use(context, chat)  # while there still is a request

    def events() -> Iterator[str]:
        try:
            yield _event("delta", {"text": first})
            for piece in pieces:
                yield _event("delta", {"text": piece})
            yield _event("done", _facts(chat))
        except Exception as error:  # noqa: BLE001 - the edge, as above
            yield _event("error", context.chats.fail(chat, error).document(chat.span.trace_id))

    response = Response(events(), content_type=EVENTS, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.call_on_close(pieces.close)
    return response


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _facts(chat: Chat) -> dict[str, object]:
    """Return what an answer says about itself."""
    model = chat.call.model
    return {
        "model": model,
        **({"model_asked": chat.requested_model} if chat.requested_model else {}),
        "usage": {"input_tokens": chat.call.input_tokens, "output_tokens": chat.call.output_tokens},
        "cost_usd": chat.cost_usd,
        "cached": chat.cached,
        "history": chat.history,
        "trace_id": chat.span.trace_id,
        "answer_id": chat.span.answer_id(model),
    }


def _report_use(context: Context, chat: Chat) -> None:
    conversation = "going_on" if chat.history else "single"
    analytics.report(context, request, FEATURE_USED, model=chat.call.model, conversation=conversation)
