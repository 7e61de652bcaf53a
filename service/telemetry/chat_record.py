"""The record of a chat: one value, from which its metrics, its log line and the end of its span follow."""

import logging
from dataclasses import dataclass

from ddtrace.llmobs import LLMObs
from ddtrace.trace import tracer

from service.problems import Problem
from service.telemetry import (
    CHAT_COST,
    CHAT_LATENCY,
    CHAT_LOG,
    CHAT_REQUESTS,
    CHAT_TOKENS,
    NO_MODEL,
    TIME_TO_FIRST_TOKEN,
    entry_span,
    last_seen,
)
from service.telemetry.emission import Emitter

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChatRecord:
    """A chat that has ended. Times in seconds since the request's arrival."""

    route: str
    feature: str
    caller: str
    """The caller's bucket."""
    model: str = NO_MODEL
    requested_model: str | None = None
    """The retired name that the caller gave."""
    stream: bool = False
    cached: bool = False
    history: int = 0
    """Turns of the conversation that Gemini received."""
    seconds: float = 0.0
    seconds_to_first_piece: float | None = None
    """None unless the answer was streamed."""
    input_tokens: int = 0
    output_tokens: int = 0
    usage_estimated: bool = False
    cost_usd: float = 0.0
    """List price."""
    retries: int = 0
    problem: Problem | None = None
    """The reason why there is no answer, or only a part of one."""

    @property
    def outcome(self) -> str:
        """One of the contract's outcomes."""
        return self.problem.outcome if self.problem else "ok"

    @property
    def status(self) -> int:
        """The HTTP status that fits the outcome, also of a stream that began with 200."""
        return self.problem.status if self.problem else 200


class ChatSpan:
    """The span of a chat: LLM Observability's workflow, or a plain one where that is off. Starts when it is created."""

    def __init__(self) -> None:
        # The tracer puts the calls to Gemini below this span, also those made after the view has returned.
        self._span = LLMObs.workflow(name="chat") if LLMObs.enabled else tracer.trace("chat")
        self._entry = tracer.current_root_span()
        self.trace_id = f"{self._span.trace_id:032x}"

    @property
    def llm_ids(self) -> dict[str, str] | None:
        """LLM Observability's ``trace_id`` and ``span_id`` of the chat; None when that is off."""
        exported = LLMObs.export_span(self._span) if LLMObs.enabled else None
        return {"span_id": exported["span_id"], "trace_id": exported["trace_id"]} if exported else None

    def answer_id(self, model: str) -> str:
        """Return the id that ``/v1/feedback`` takes, by which any instance finds the span."""
        ids = self.llm_ids or {"span_id": str(self._span.span_id), "trace_id": self.trace_id}
        return f"{ids['trace_id']}.{ids['span_id']}.{model}"

    def finish(self, record: ChatRecord) -> None:
        """End the span, with the outcome, and with the error unless it is the caller's."""
        problem = record.problem
        if LLMObs.enabled:
            last_seen.note("LLM Observability")
            LLMObs.annotate(self._span, tags={"outcome": record.outcome, "model": record.model})
        if problem and problem.is_service_error:
            self._span.set_exc_info(type(problem), problem, problem.__traceback__)
            if self._entry:
                entry_span.mark_failed(problem, self._entry)
        self._span.finish()


def emit(record: ChatRecord, span: ChatSpan, emitter: Emitter) -> None:
    """Send the record: metrics, one log line (which has the span's ids), then the span."""
    _send_metrics(record, emitter)
    _write_log_line(record)
    span.finish(record)


def _send_metrics(record: ChatRecord, emitter: Emitter) -> None:
    stream, cached = _flag(record.stream), _flag(record.cached)
    purpose = {"route": record.route, "feature": record.feature}
    ending = {"model": record.model, "outcome": record.outcome, "stream": stream}
    emitter.emit(CHAT_REQUESTS, 1, **ending, cached=cached, **purpose)
    emitter.emit(CHAT_LATENCY, record.seconds, **ending)
    if record.seconds_to_first_piece is not None:
        emitter.emit(TIME_TO_FIRST_TOKEN, record.seconds_to_first_piece, model=record.model)
    for direction, tokens in (("input", record.input_tokens), ("output", record.output_tokens)):
        if tokens:
            emitter.emit(CHAT_TOKENS, tokens, model=record.model, direction=direction)
    if record.cost_usd:
        emitter.emit(CHAT_COST, record.cost_usd, model=record.model, caller=record.caller, **purpose)


def _write_log_line(record: ChatRecord) -> None:
    problem = record.problem
    level = logging.ERROR if record.status >= 500 else logging.WARNING if problem else logging.INFO
    fields: dict[str, object] = {
        "event": CHAT_LOG.event,
        "outcome": record.outcome,
        "route": record.route,
        "feature": record.feature,
        "caller": record.caller,
        "model": record.model,
        "http": {"status_code": record.status},
        "duration_seconds": round(record.seconds, 6),
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "cost_usd": round(record.cost_usd, 9),
        "stream": record.stream,
        "cached": record.cached,
        "history": record.history,
        "retries": record.retries,
    }
    if record.usage_estimated:
        fields["usage_estimated"] = True
    if record.requested_model:
        fields["model_asked"] = record.requested_model
    if record.seconds_to_first_piece is not None:
        fields["time_to_first_token_seconds"] = round(record.seconds_to_first_piece, 6)
    if problem:
        fields["error"] = {"kind": problem.kind, "message": problem.detail}
    log.log(level, "chat: %s", problem.title if problem else "answered", extra=fields)


def _flag(value: bool) -> str:
    return "true" if value else "false"
