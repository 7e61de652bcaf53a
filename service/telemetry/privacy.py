"""Prompts and answers never leave the process for Datadog.

The libraries would send them in two ways: as input and output of LLM Observability's spans, and in the texts of
exceptions, which quote what could not be parsed (google-genai and Pydantic both do). All other texts of spans pass the
redactor here; those of log lines pass it in :mod:`service.telemetry.logs`.
"""

import traceback
from types import TracebackType

from ddtrace.llmobs import LLMObsSpan
from ddtrace.trace import Span, TraceFilter
from google.genai.errors import APIError

from service.problems import Problem
from service.telemetry.redactor import Redactor

WITHHELD = "[withheld]"
TRACER_TAGS = ("_dd.", "git.", "runtime-id", "llmobs_")
"""Beginnings of tags that the tracer makes; what callers could put into them, :mod:`.request_tags` has removed."""


class RedactedTags(TraceFilter):
    """Redacts the texts of every span before it is sent: URLs, resources, errors, tags."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def process_trace(self, trace: list[Span]) -> list[Span]:
        """Return the same spans, redacted."""
        for span in trace:
            span.resource = self._redactor.redact(span.resource)
            for key, value in span.get_tags().items():
                if not key.startswith(TRACER_TAGS) and (cleaned := self._redactor.redact(value)) != value:
                    span.set_tag(key, cleaned)
        return trace


def withhold_texts(span: LLMObsSpan) -> LLMObsSpan:
    """Replace a span's input and output; tokens, model, times and errors stay.

    A processor that raises sends the original span (ddtrace 4.16): this one does nothing that can raise.
    """
    span.input = [{"role": "user", "content": WITHHELD}]
    span.output = [{"role": "assistant", "content": WITHHELD}]
    return span


def strip_exception(span: Span, kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
    """Replace an exception's tags by its type, its frames and a message that quotes nothing."""
    span.set_tag("error.message", safe_message(error))
    # The frames only: a traceback also prints the texts of the exceptions that led to this one.
    span.set_tag("error.stack", "".join([*traceback.format_tb(frames), kind.__name__]))


def safe_message(error: BaseException) -> str:
    """Return a message for an exception that quotes no prompt or answer."""
    if isinstance(error, Problem):
        return error.detail
    if isinstance(error, APIError):
        return f"Gemini answered {error.code}"
    return type(error).__name__
