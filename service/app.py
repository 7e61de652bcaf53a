"""The application factory: settings in, a Flask application out; nothing global, one blueprint per concern."""

import json
import logging

from datadog.dogstatsd.base import DogStatsd
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from service import analytics, chat, control, entry, feedback, health, infrastructure, openapi, page, privacy
from service.budget import Budget
from service.cache import Cache
from service.context import Context
from service.conversations import Conversations
from service.emission import Client, Emitter
from service.gemini import Gemini
from service.later import Later
from service.losses import Losses
from service.objects import Objects
from service.outbox import Outbox
from service.problems import Problem
from service.products import catalog, routes
from service.products.channels import CHANNELS
from service.products.client import Datadog
from service.redactor import redactor
from service.settings import Settings, from_environment
from service.state import State, Store, bucket_of
from service.telemetry import REDACTION_DROPS

log = logging.getLogger(__name__)

BYTES_PER_CHARACTER, OTHER_BYTES = 12, 4096
"""A character takes at most twelve bytes in JSON (two ``\\uXXXX``); the rest of a body takes little."""


def create_app(settings: Settings | None = None, statsd: Client | None = None) -> Flask:
    """The application; by default with the environment's settings and DogStatsD at DD_DOGSTATSD_URL."""
    settings = settings or from_environment()
    # The client takes its address, env, service and version from DD_*, and sends each value at once.
    emitter = Emitter(statsd or DogStatsd(disable_telemetry=True))
    emitter.start_counts({"model": settings.model_primary})
    privacy.protect()
    infrastructure.learn()
    Losses().watch()
    redactor.on_drop = lambda: emitter.emit(REDACTION_DROPS, 1)
    bucket = bucket_of(settings.project, settings.state_bucket) if settings.state_bucket else None
    context = Context(
        settings=settings,
        emitter=emitter,
        gemini=Gemini(settings, emitter),
        state=Store(bucket, State(settings.model_primary), emitter),
        cache=Cache(),
        datadog=Datadog(settings),
        objects=(objects := Objects(bucket)),
        outbox=Outbox(objects, CHANNELS),
        budget=Budget(settings.caller_tokens, settings.caller_dollars, objects, emitter),
        conversations=Conversations(objects, emitter),
        later=Later(),
    )
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.most_message_characters * BYTES_PER_CHARACTER + OTHER_BYTES
    for part in (health, page, chat, feedback, control, routes, openapi):
        app.register_blueprint(part.blueprint(context))
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http_problem)
    analytics.install(app, context)
    _say(context)
    context.outbox.start(context)
    return app


def _problem(problem: Problem) -> Response:
    entry.failed(problem)
    return problem.response()


def _say(context: Context) -> None:
    """What is off, and who may call: one line each, once a process."""
    auth = context.settings.api_auth
    log.log(
        logging.WARNING if auth == "loopback" else logging.INFO,
        "/datadog: %s",
        {
            "loopback": "callers on this machine need no token (API_AUTH=loopback)",
            "token": "callers need a token",
            "off": "off, API_AUTH is not set",
        }[auth],
    )
    for line in catalog.problems(context):
        log.warning("%s", line)


def _http_problem(error: HTTPException) -> Response:
    """Flask's own errors (no such route, wrong method, body too large) in the same form."""
    body = {"type": "about:blank", "title": error.name, "status": error.code, "detail": error.description}
    response = Response(json.dumps(body), error.code, content_type="application/problem+json")
    if error.code == 405 and (allowed := getattr(error, "valid_methods", None)):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response
