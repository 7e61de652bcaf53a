"""The request's entry span, by which Error Tracking groups errors and the trace metrics count them."""

import traceback

from ddtrace.trace import Span, tracer

from service.problems import Problem, Throttled


def failed(problem: Problem, span: Span | None = None) -> None:
    """Mark the entry span where the failure is not the caller's; by default that of the current request.

    Flask's integration sees a status alone: error=1 without type, message or frames, which Error Tracking leaves out.
    """
    root = span or tracer.current_root_span()
    if root is None or not (problem.status >= 500 or isinstance(problem, Throttled)):
        return
    root.error = 1
    # The frames, without the texts of the exceptions that led here.
    stack = "".join([*traceback.format_tb(problem.__traceback__), problem.kind])
    root.set_tags({"error.type": problem.kind, "error.message": problem.detail, "error.stack": stack})
