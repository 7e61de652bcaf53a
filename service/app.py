"""The application factory: settings in, a Flask application out."""

import logging

from flask import Flask
from werkzeug.routing import Map

from service import wiring
from service.api import analytics, chat, control, feedback, health, openapi, page, theater
from service.api.foreign_requests import refuse_foreign_requests
from service.api.problems import register_error_handlers
from service.api.response_headers import add_security_headers
from service.context import Context
from service.datadog import products, routes
from service.runtime.worker import END_CALLS
from service.settings import Settings, read_environment
from service.telemetry.emission import Client
from service.telemetry.process import instrument_process
from service.telemetry.request_spans import trace_requests

log = logging.getLogger(__name__)

MAX_BYTES_PER_CHARACTER, OTHER_BYTES = 12, 4096
"""A character takes at most twelve bytes in JSON (two ``\\uXXXX``); the rest of a body takes little."""


class PlainMap(Map):
    """Routes that match as they are written: a redirect to another spelling would take its host from the request."""

    def __init__(self, host_matching: bool = False) -> None:
        super().__init__(strict_slashes=False, merge_slashes=False, host_matching=host_matching)


class Application(Flask):
    """Flask without redirects."""

    url_map_class: type[Map] = PlainMap


def create_app(settings: Settings | None = None, statsd: Client | None = None) -> Flask:
    """Return the application; by default with the environment's settings and DogStatsD at DD_DOGSTATSD_URL."""
    settings = settings or read_environment()
    context = wiring.build(settings, statsd)
    context.emitter.start_counts({"model": settings.model_primary})
    instrument_process(context.redactor, settings.service)

    app = Application(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_message_characters * MAX_BYTES_PER_CHARACTER + OTHER_BYTES
    trace_requests(app)
    refuse_foreign_requests(app, settings)
    add_security_headers(app)
    for module in (health, page, chat, feedback, control, routes, openapi):
        app.register_blueprint(module.blueprint(context))
    if settings.theater:
        app.register_blueprint(theater.blueprint(context))
    register_error_handlers(app)
    analytics.report_each_request(app, context)
    app.extensions[END_CALLS] = context.gemini.end_calls

    _log_configuration(context)
    context.outbox.start()
    return app


def _log_configuration(context: Context) -> None:
    """Log who may call ``/datadog``, and each product that is off."""
    auth = context.settings.api_auth
    callers = {
        "loopback": "callers on this machine need no token (API_AUTH=loopback)",
        "token": "callers need a token",
        "off": "off, API_AUTH is not set",
    }
    log.log(logging.WARNING if auth == "loopback" else logging.INFO, "/datadog: %s", callers[auth])
    for line in products.problems(context):
        log.warning("%s", line)
