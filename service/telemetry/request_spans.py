"""The entry span of each request, ``flask.request``: Error Tracking and the trace metrics read it.

The tracer's own integration of Flask, which is off in the image, makes eleven spans for a request. All others repeat
this one, and take half of the time that tracing takes.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask
from ddtrace import config
from ddtrace.contrib.trace_utils import activate_distributed_headers, set_http_meta  # type: ignore[attr-defined]
from ddtrace.trace import Span, tracer
from werkzeug.wsgi import ClosingIterator

from service.telemetry.incoming_trace import tracing_headers

NAME = "flask.request"


def trace_requests(app: flask.Flask) -> None:
    """Make the span of each request from now on, named by the request's route."""
    app.wsgi_app = _RequestSpans(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's documentation does

    @app.before_request
    def name_span() -> None:
        if (span := tracer.current_root_span()) and flask.request.url_rule:
            # The sampler may decide by the resource as soon as the request calls others.
            span.resource = f"{flask.request.method} {flask.request.url_rule.rule}"
            span.set_tag("http.route", flask.request.url_rule.rule)


class _RequestSpans:
    """A WSGI application around another one. A span lasts until its response is closed."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request within its span, which continues the caller's trace."""
        if not tracer.enabled:
            return self._application(environ, start_response)
        # The last request of this thread may have left its caller's trace, or its own where nobody closed the response.
        tracer.context_provider.activate(None)
        activate_distributed_headers(tracer, request_headers=tracing_headers(environ), override=True)
        span = tracer.trace(NAME, service=config.service, span_type="web")
        span.set_tags({"component": "flask", "span.kind": "server", "http.method": environ["REQUEST_METHOD"]})

        def start(status: str, *details: object) -> object:
            _note_status(span, status)
            return start_response(status, *details)  # type: ignore[arg-type]  # passed on as they are

        try:
            response = self._application(environ, start)  # type: ignore[arg-type]  # as above
        except BaseException as error:
            span.set_exc_info(type(error), error, error.__traceback__)
            span.finish()
            raise
        return ClosingIterator(response, span.finish)


def _note_status(span: Span, status: str) -> None:
    """Note the status, and an error where DD_TRACE_HTTP_SERVER_ERROR_STATUSES has it."""
    set_http_meta(span, config.flask, status_code=status.partition(" ")[0])
