"""Gemini on Vertex AI: ``generateContent`` and ``streamGenerateContent``, with failures that can be turned on.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference. Text only: no tools, no files.
Any bearer token is taken, none is not.
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

from firedrill.sandbox.google import gemini_judge
from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.google.gemini_answers import Answer, answer, most_tokens
from firedrill.sandbox.google.gemini_failures import Failure, Failures

SERVED = frozenset(
    {"gemini-4-argon", "gemini-3.8-flash", "gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.1-flash-lite"}
)
"""https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions, read 2026-11-24."""

METHOD = "/{version}/projects/{project}/locations/{location}/publishers/google/models/{call}"
LEAK = "The customer is reached at maria.schmidt@customers.example, card 4111 1111 1111 1111."
EVENTS = "text/event-stream"


class Cut(Response):
    """An answer that ends in the middle: the connection is closed before the body is complete."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


def routes(failures: Failures | None = None) -> list[BaseRoute]:
    """Gemini's routes and those of its failures."""
    failing = failures or Failures(SERVED)

    async def call(request: Request) -> Response:
        model, _, method = request.path_params["call"].rpartition(":")
        if request.path_params["version"] not in {"v1", "v1beta1"} or method not in _METHODS:
            return JSONResponse(GoogleError(404, "The requested URL was not found on this server.").body(), 404)
        _authenticate(request)
        if model not in SERVED:
            raise GoogleError(404, _no_such_model(request, model))
        body = await _body(request)
        said = answer(model, body)
        failure = failing.strike(model)
        stream = method == "streamGenerateContent"
        if failure is None:
            return _stream(model, said) if stream else JSONResponse(_whole(model, said))
        await asyncio.sleep(failure.seconds)
        if failure.mode == "endless":
            said = said.repeated(most_tokens(body))
        return _failed(failure, model, said, stream=stream)

    return [Route(METHOD, call, methods=["POST"]), *gemini_judge.routes(failing), *failing.routes()]


_METHODS = {"generateContent", "streamGenerateContent"}


def _authenticate(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise GoogleError(
            401,
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
            "other valid authentication credential.",
            status="UNAUTHENTICATED",
        )


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise GoogleError(400, "Invalid JSON payload received.") from None
    if not isinstance(body, dict):
        raise GoogleError(400, "Invalid JSON payload received: the root is not an object.")
    return body


def _no_such_model(request: Request, model: str) -> str:
    place = request.path_params
    return (
        f"Publisher Model `projects/{place['project']}/locations/{place['location']}/publishers/google/models/{model}` "
        "was not found or your project does not have access to it. Please ensure you are using a valid model version."
    )


def _failed(failure: Failure, model: str, said: Answer, *, stream: bool) -> Response:
    match failure.mode:
        case "throttled":
            raise GoogleError(
                429, "Resource exhausted. Please try again later.", status="RESOURCE_EXHAUSTED"
            )  # the form of Vertex AI, which gives neither Retry-After nor RetryInfo
        case "down":
            raise GoogleError(503, "The service is currently unavailable.", status="UNAVAILABLE")
        case "blocked":
            return _one(_blocked(model, said), stream=stream)
        case "empty":
            return _one(_whole(model, Answer("", said.prompt_tokens, said.thought_tokens, "STOP")), stream=stream)
        case "malformed":
            return _text(json.dumps(_whole(model, said))[:-20], stream=stream)
        case "cut":
            if not stream:
                return Cut(json.dumps(_whole(model, said))[:-20], media_type="application/json")
            return Cut(next(_events(model, said)), media_type=EVENTS)
        case "leaking":  # private data that no prompt gave it, as from another customer's context
            told = replace(said, text=f"{said.text} {LEAK}")
            return _stream(model, told) if stream else JSONResponse(_whole(model, told))
        case _:  # slow, endless
            return _stream(model, said) if stream else JSONResponse(_whole(model, said))


def _frame(model: str) -> dict[str, Any]:
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


def _whole(model: str, said: Answer) -> dict[str, Any]:
    return {
        "candidates": [_candidate(said.text, said.finish_reason)],
        "usageMetadata": said.usage,
        **_frame(model),
    }


def _blocked(model: str, said: Answer) -> dict[str, Any]:
    rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
    counts = {"promptTokenCount": said.prompt_tokens, "totalTokenCount": said.prompt_tokens}
    feedback = {"blockReason": "SAFETY", "safetyRatings": [rating]}
    return {"promptFeedback": feedback, "usageMetadata": counts, **_frame(model)}


def _events(model: str, said: Answer) -> Iterator[str]:
    frame = _frame(model)
    chunks = list(said.chunks)
    for number, chunk in enumerate(chunks, 1):
        last = number == len(chunks)
        event = {"candidates": [_candidate(chunk, said.finish_reason if last else None)], **frame}
        if last:
            event["usageMetadata"] = said.usage
        yield f"data: {json.dumps(event)}\r\n\r\n"


def _stream(model: str, said: Answer) -> Response:
    return StreamingResponse(_events(model, said), media_type=EVENTS)


def _one(body: dict[str, Any], *, stream: bool) -> Response:
    return _text(json.dumps(body), stream=stream)


def _text(text: str, *, stream: bool) -> Response:
    if stream:
        return Response(f"data: {text}\r\n\r\n", media_type=EVENTS)
    return Response(text, media_type="application/json")
