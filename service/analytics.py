"""Product Analytics from the server: which endpoint, which feature, what a person did, and whether it paid off.

The browser's own numbers miss whoever blocks them, so what decides is told from here, with the page's session. A chat
without one is a program's: the metrics count those. Nobody waits for it.
https://docs.datadoghq.com/api/latest/product-analytics/
"""

import json
from typing import Any

import urllib3
from flask import Flask, Request, Response, request

from service.callers import caller_of, feature_of
from service.context import Context
from service.problems import Unavailable
from service.telemetry import ANALYTICS_EVENTS, ENDPOINT_CALLED

PATH = "/api/v2/prodlytics"
SESSION_HEADER = "X-Session-Id"
CHAT = "/v1/chat"
SILENT = ("/health", "/ready", "/static/")
"""Nobody's use of the product."""


def install(app: Flask, context: Context) -> None:
    """Tell of each endpoint that is called."""

    @app.after_request
    def told(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else ""
        if rule and not rule.startswith(SILENT):
            tell(context, request, ENDPOINT_CALLED, endpoint=f"{request.method} {rule}", status=response.status_code)
        return response


def tell(context: Context, request: Request, name: str, **attributes: str | int) -> None:
    """One event of the contract. Without an application or a key nothing is told."""
    assert name in ANALYTICS_EVENTS, f"{name} is not declared"
    settings, caller, session = (
        context.settings,
        caller_of(request, context.settings),
        request.headers.get(SESSION_HEADER, ""),
    )
    if not (settings.rum_application_id and settings.datadog_api_key) or (request.path == CHAT and not session):
        return
    body: dict[str, Any] = {
        "type": "server",
        "application": {"id": settings.rum_application_id},
        "event": {"name": name},
        # A hash: who it is stays here.
        "usr": {"id": caller.key},
        "session": {"id": session if session.replace("-", "").isalnum() and len(session) <= 64 else caller.key},
        "service": settings.service,
        "env": settings.env,
        "version": settings.version,
        "feature": feature_of(request),
        **attributes,
    }
    context.later.do(f"the event {name}", lambda: _send(context, body))


def _send(context: Context, body: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json", "DD-API-KEY": context.settings.datadog_api_key or ""}
    url = f"{context.settings.browser_intake}{PATH}"
    try:
        answer = context.datadog.http.request("POST", url, body=json.dumps(body).encode(), headers=headers)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(f"the intake cannot be reached ({type(error).__name__})") from error
    if answer.status >= 300:
        raise Unavailable(f"the intake answered {answer.status}")
