"""What of prompts and answers leaves the process towards Datadog: nothing.

Two ways lead out by themselves: LLM Observability's input and output, and exceptions, whose texts quote what could not
be read (google-genai and Pydantic both do). Logs have their own rule in :mod:`service.logs`.
"""

import traceback
from types import TracebackType

from ddtrace.internal import core
from ddtrace.llmobs import LLMObs, LLMObsSpan
from ddtrace.trace import Span, TraceFilter, tracer
from google.genai.errors import APIError

from service.peers import Peers
from service.problems import Problem
from service.redactor import redactor

WITHHELD = "[withheld]"
OURS = ("_dd.", "git.", "runtime-id")
"""Tags that the tracer makes: hashes that look like keys."""


def protect() -> None:
    """Withhold from now on, in this process."""
    # Every tracer integration's spans pass here, before LLM Observability copies their error.
    core.on("span.exception", strip_exception, name="service.privacy")  # type: ignore[attr-defined]  # re-exported silently
    tracer.configure(trace_processors=[Peers(), RedactedTags()])
    if LLMObs.enabled:
        LLMObs.register_processor(withhold)


class RedactedTags(TraceFilter):
    """The redactor over every span's texts, before they are sent: URLs, resources, errors, tags."""

    def process_trace(self, trace: list[Span]) -> list[Span]:
        """The same spans, cleaned. Nothing here raises: the redactor never does."""
        for span in trace:
            span.resource = redactor.text(span.resource)
            for key, value in span.get_tags().items():
                if not key.startswith(OURS) and (cleaned := redactor.text(value)) != value:
                    span.set_tag(key, cleaned)
        return trace


def withhold(span: LLMObsSpan) -> LLMObsSpan:
    """Replace all input and output; tokens, model, times and errors stay.

    A processor that raises sends the original span (ddtrace 4.16): this one does nothing that can raise.
    """
    span.input = [{"role": "user", "content": WITHHELD}]
    span.output = [{"role": "assistant", "content": WITHHELD}]
    return span


def strip_exception(span: Span, kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
    """Leave of an exception its type, its place, and what the service or Gemini's status says."""
    span.set_tag("error.message", told(error))
    # The frames only: a traceback also prints the texts of the exceptions that led to this one.
    span.set_tag("error.stack", "".join([*traceback.format_tb(frames), kind.__name__]))


def told(error: BaseException) -> str:
    """What may be said about an exception."""
    if isinstance(error, Problem):
        return error.detail
    if isinstance(error, APIError):
        return f"Gemini answered {error.code}"
    return type(error).__name__
