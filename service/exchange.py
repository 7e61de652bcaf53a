"""One chat request from arrival to end, and what it leaves behind: a workflow span, metrics, one log line."""

import logging
import time
from types import TracebackType

from ddtrace.llmobs import LLMObs
from ddtrace.trace import tracer

from service import entry
from service.callers import Caller
from service.emission import Emitter
from service.gemini import Call
from service.models import cost
from service.problems import Problem, Throttled
from service.telemetry import (
    CHAT_COST,
    CHAT_LATENCY,
    CHAT_LOG,
    CHAT_REQUESTS,
    CHAT_TOKENS,
    NO_MODEL,
    TIME_TO_FIRST_TOKEN,
)

log = logging.getLogger(__name__)


class Exchange:
    """Collects the facts of a chat; :meth:`end` tells them, once. Starts when it is made."""

    def __init__(self, emitter: Emitter, seconds: float, route: str, caller: Caller, feature: str) -> None:
        self._emitter = emitter
        self._route = route
        self.caller = caller
        self._feature = feature
        self._began = time.monotonic()
        self._ended = False
        # The tracer puts the calls to Gemini below this span, also those made after the view has returned.
        self._span = LLMObs.workflow(name="chat") if LLMObs.enabled else tracer.trace("chat")
        self._root = tracer.current_root_span()
        self.trace_id = f"{self._span.trace_id:032x}"
        self.call = Call(NO_MODEL, self._began + seconds)
        self.stream = False
        self.cached = False
        self.history = 0
        """Turns of the conversation that the model was told."""
        self.model_asked: str | None = None
        self.problem: Problem | None = None
        self.first_piece_after: float | None = None

    @property
    def span(self) -> dict[str, str] | None:
        """The chat as LLM Observability knows it; None when that is off."""
        exported = LLMObs.export_span(self._span) if LLMObs.enabled else None
        return {"span_id": exported["span_id"], "trace_id": exported["trace_id"]} if exported else None

    @property
    def answer_id(self) -> str:
        """What ``/v1/feedback`` takes: enough to find the span again, on any instance."""
        span = self.span or {"span_id": str(self._span.span_id), "trace_id": self.trace_id}
        return f"{span['trace_id']}.{span['span_id']}.{self.call.model}"

    @property
    def cost_usd(self) -> float:
        """List price of the calls so far."""
        call = self.call
        return 0.0 if call.model == NO_MODEL else cost(call.model, call.input_tokens, call.output_tokens)

    @property
    def usage(self) -> dict[str, int]:
        """Token counts as callers get them."""
        return {"input_tokens": self.call.input_tokens, "output_tokens": self.call.output_tokens}

    def piece(self) -> None:
        """A piece of a streamed answer is there."""
        if self.first_piece_after is None:
            self.first_piece_after = time.monotonic() - self._began

    def fail(self, problem: Problem) -> None:
        """The chat ends without (all of) an answer."""
        self.problem = problem

    def end(self) -> None:
        """Tell how it went; a second call does nothing."""
        if self._ended:
            return
        self._ended = True
        seconds = time.monotonic() - self._began
        self._emit(seconds)
        self._log(seconds)
        self._finish_spans()

    @property
    def outcome(self) -> str:
        """How the chat ended."""
        return self.problem.outcome if self.problem else "ok"

    def _emit(self, seconds: float) -> None:
        emit, call, stream = self._emitter.emit, self.call, _flag(self.stream)
        whose = {"route": self._route, "feature": self._feature}
        ended = {"model": call.model, "outcome": self.outcome, "stream": stream}
        emit(CHAT_REQUESTS, 1, **ended, cached=_flag(self.cached), **whose)
        emit(CHAT_LATENCY, seconds, **ended)
        if self.first_piece_after is not None:
            emit(TIME_TO_FIRST_TOKEN, self.first_piece_after, model=call.model)
        for direction, tokens in (("input", call.input_tokens), ("output", call.output_tokens)):
            if tokens:
                emit(CHAT_TOKENS, tokens, model=call.model, direction=direction)
        if self.cost_usd:
            emit(CHAT_COST, self.cost_usd, model=call.model, caller=self.caller.bucket, **whose)

    def _log(self, seconds: float) -> None:
        problem = self.problem
        status = problem.status if problem else 200
        level = logging.ERROR if status >= 500 else logging.WARNING if problem else logging.INFO
        fields: dict[str, object] = {
            "event": CHAT_LOG.event,
            "outcome": self.outcome,
            "route": self._route,
            "feature": self._feature,
            "caller": self.caller.bucket,
            "model": self.call.model,
            "http": {"status_code": status},
            "duration_seconds": round(seconds, 6),
            **self.usage,
            "cost_usd": round(self.cost_usd, 9),
            "stream": self.stream,
            "cached": self.cached,
            "history": self.history,
            "retries": self.call.retries,
        }
        if self.call.estimated:
            fields["usage_estimated"] = True
        if self.model_asked:
            fields["model_asked"] = self.model_asked
        if self.first_piece_after is not None:
            fields["time_to_first_token_seconds"] = round(self.first_piece_after, 6)
        if problem:
            fields["error"] = {"kind": problem.kind, "message": problem.detail}
        log.log(level, "chat: %s", problem.title if problem else "answered", extra=fields)

    def _finish_spans(self) -> None:
        problem = self.problem
        if LLMObs.enabled:
            LLMObs.annotate(self._span, tags={"outcome": self.outcome, "model": self.call.model})
        if problem and (problem.status >= 500 or isinstance(problem, Throttled)):
            # The traceback's frames, without the messages of the exceptions that led here.
            trace: TracebackType | None = problem.__traceback__
            self._span.set_exc_info(type(problem), problem, trace)
            if self._root:
                entry.failed(problem, self._root)
        self._span.finish()


def _flag(value: bool) -> str:
    return "true" if value else "false"
