"""The request's entry span: Error Tracking groups errors by it, and the trace metrics count them by it."""

import traceback

from ddtrace.trace import Span, tracer

from service.problems import Problem
from service.telemetry import last_seen


def mark_failed(problem: Problem, span: Span | None = None) -> None:
    """Mark the entry span (default: that of the current request) with a failure that is not the caller's.

    Flask's integration knows the status only: it sets error=1 without type, message or frames, and Error Tracking
    leaves such spans out.
    """
    span = span or tracer.current_root_span()
    if span is None or not problem.is_service_error:
        return
    last_seen.note("Error Tracking")
    span.error = 1
    # The frames, without the texts of the exceptions that led here.
    stack = "".join([*traceback.format_tb(problem.__traceback__), problem.kind])
    span.set_tags({"error.type": problem.kind, "error.message": problem.detail, "error.stack": stack})
