"""Gemini on Vertex AI: ``generateContent`` and ``streamGenerateContent``, with failures that can be turned on.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference. Text only: no tools, no files.
A request needs a bearer token; any token is accepted.
"""

import asyncio
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.gemini import judge
from firedrill.sandbox.google.gemini.answers import Answer, generate_answer, max_output_tokens
from firedrill.sandbox.google.gemini.failures import Failure, Failures

SERVED_MODELS = frozenset(
    {"gemini-4-argon", "gemini-3.8-flash", "gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.1-flash-lite"}
)
"""https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions, read 2026-11-24."""

ROUTE = "/{version}/projects/{project}/locations/{location}/publishers/google/models/{call}"
LEAKED_TEXT = "The customer is reached at maria.schmidt@customers.example, card 4111 1111 1111 1111."
EVENT_STREAM = "text/event-stream"


class TruncatedResponse(Response):
    """A response that ends early: the connection closes before the body is complete."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


def routes(failures: Failures | None = None) -> list[BaseRoute]:
    """Return the routes of Gemini, of its evaluation service and of its failures."""
    failures = failures or Failures(SERVED_MODELS)

    async def generate(request: Request) -> Response:
        model, _, method = request.path_params["call"].rpartition(":")
        if request.path_params["version"] not in {"v1", "v1beta1"} or method not in METHODS:
            return JSONResponse(ErrorResponse(404, "The requested URL was not found on this server.").body(), 404)
        _require_token(request)
        if model not in SERVED_MODELS:
            raise ErrorResponse(404, _unknown_model_message(request, model))
        body = await _read_body(request)
        answer = generate_answer(model, body)
        failure = failures.failure_of_next_call(model)
        stream = method == "streamGenerateContent"
        if failure is None:
            return _stream_response(model, answer) if stream else JSONResponse(_response_body(model, answer))
        await asyncio.sleep(failure.seconds)
        if failure.mode == "endless":
            answer = answer.repeated(max_output_tokens(body))
        return _failure_response(failure, model, answer, stream=stream)

    return [Route(ROUTE, generate, methods=["POST"]), *judge.routes(failures), *failures.routes()]


METHODS = {"generateContent", "streamGenerateContent"}


def _require_token(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ErrorResponse(
            401,
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
            "other valid authentication credential.",
            status="UNAUTHENTICATED",
        )


async def _read_body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ErrorResponse(400, "Invalid JSON payload received.") from None
    if not isinstance(body, dict):
        raise ErrorResponse(400, "Invalid JSON payload received: the root is not an object.")
    return body


def _unknown_model_message(request: Request, model: str) -> str:
    path = request.path_params
    return (
        f"Publisher Model `projects/{path['project']}/locations/{path['location']}/publishers/google/models/{model}` "
        "was not found or your project does not have access to it. Please ensure you are using a valid model version."
    )


def _failure_response(failure: Failure, model: str, answer: Answer, *, stream: bool) -> Response:
    match failure.mode:
        case "throttled":
            raise ErrorResponse(
                429, "Resource exhausted. Please try again later.", status="RESOURCE_EXHAUSTED"
            )  # as Vertex AI: neither Retry-After nor RetryInfo
        case "down":
            raise ErrorResponse(503, "The service is currently unavailable.", status="UNAVAILABLE")
        case "blocked":
            return _json_response(_blocked_body(model, answer), stream=stream)
        case "empty":
            return _json_response(
                _response_body(model, Answer("", answer.prompt_tokens, answer.thought_tokens, "STOP")), stream=stream
            )
        case "malformed":
            return _text_response(json.dumps(_response_body(model, answer))[:-20], stream=stream)
        case "cut":
            if not stream:
                return TruncatedResponse(json.dumps(_response_body(model, answer))[:-20], media_type="application/json")
            return TruncatedResponse(next(_stream_events(model, answer)), media_type=EVENT_STREAM)
        case "leaking":  # personal data that is not in the prompt, as from another customer's context
            leaking = replace(answer, text=f"{answer.text} {LEAKED_TEXT}")
            return _stream_response(model, leaking) if stream else JSONResponse(_response_body(model, leaking))
        case _:  # slow, endless
            return _stream_response(model, answer) if stream else JSONResponse(_response_body(model, answer))


def _metadata(model: str) -> dict[str, Any]:
    return {
        "modelVersion": model,
        "createTime": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "responseId": uuid.uuid4().hex[:22],
    }


def _candidate(text: str, finish_reason: str | None) -> dict[str, Any]:
    content: dict[str, Any] = {"role": "model"}
    if text:
        content["parts"] = [{"text": text}]
    return {"content": content, **({"finishReason": finish_reason} if finish_reason else {})}


def _response_body(model: str, answer: Answer) -> dict[str, Any]:
    return {
        "candidates": [_candidate(answer.text, answer.finish_reason)],
        "usageMetadata": answer.usage,
        **_metadata(model),
    }


def _blocked_body(model: str, answer: Answer) -> dict[str, Any]:
    rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
    counts = {"promptTokenCount": answer.prompt_tokens, "totalTokenCount": answer.prompt_tokens}
    feedback = {"blockReason": "SAFETY", "safetyRatings": [rating]}
    return {"promptFeedback": feedback, "usageMetadata": counts, **_metadata(model)}


def _stream_events(model: str, answer: Answer) -> Iterator[str]:
    frame = _metadata(model)
    chunks = list(answer.chunks)
    for number, chunk in enumerate(chunks, 1):
        last = number == len(chunks)
        event = {"candidates": [_candidate(chunk, answer.finish_reason if last else None)], **frame}
        if last:
            event["usageMetadata"] = answer.usage
        yield f"data: {json.dumps(event)}\r\n\r\n"


def _stream_response(model: str, answer: Answer) -> Response:
    return StreamingResponse(_stream_events(model, answer), media_type=EVENT_STREAM)


def _json_response(body: dict[str, Any], *, stream: bool) -> Response:
    return _text_response(json.dumps(body), stream=stream)


def _text_response(text: str, *, stream: bool) -> Response:
    if stream:
        return Response(f"data: {text}\r\n\r\n", media_type=EVENT_STREAM)
    return Response(text, media_type="application/json")
