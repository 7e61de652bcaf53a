"""Server-side events for Product Analytics: endpoints that are called, features that are used, ratings.

Users who block the browser SDK send no events, so the server sends these, with the session of the page. A chat without
a session comes from a program: metrics count it, and no event is sent. No request waits for an event.
https://docs.datadoghq.com/api/latest/product-analytics/
"""

import json
import re
from typing import Any

import urllib3
from flask import Flask, Request, Response, request

from service.api.callers import caller_of, feature_of
from service.context import Context
from service.problems import Unavailable
from service.telemetry import ANALYTICS_EVENTS, ENDPOINT_CALLED, last_seen

PATH = "/api/v2/prodlytics"
SESSION_HEADER = "X-Session-Id"
SESSION = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form of RUM's session ids, a UUID: the header may hold anything."""
CHAT = "/v1/chat"
NOT_REPORTED = ("/health", "/ready", "/static/")
"""Requests that no person causes."""


def report_each_request(app: Flask, context: Context) -> None:
    """Report each call of an endpoint from now on."""

    @app.after_request
    def report_endpoint(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else ""
        if rule and not rule.startswith(NOT_REPORTED):
            report(context, request, ENDPOINT_CALLED, endpoint=f"{request.method} {rule}", status=response.status_code)
        return response


def report(context: Context, request: Request, name: str, **attributes: str | int) -> None:
    """Send an event of the contract in the background. Without an application or a key, nothing is sent."""
    assert name in ANALYTICS_EVENTS, f"{name} is not declared"
    settings, session = context.settings, request.headers.get(SESSION_HEADER, "")
    caller = caller_of(request, settings)
    if not (settings.rum_application_id and settings.datadog_api_key) or (
        request.path == CHAT and not SESSION.fullmatch(session)
    ):
        return
    body: dict[str, Any] = {
        "type": "server",
        "application": {"id": settings.rum_application_id},
        "event": {"name": name},
        # A hash: the caller's identity stays here.
        "usr": {"id": caller.key},
        "session": {"id": session.lower() if SESSION.fullmatch(session) else caller.key},
        "service": settings.service,
        "env": settings.env,
        "version": settings.version,
        "feature": feature_of(request),
        **attributes,
    }
    context.background.submit(f"the event {name}", lambda: _send(context, body))


def _send(context: Context, body: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json", "DD-API-KEY": context.settings.datadog_api_key or ""}
    url = f"{context.settings.browser_intake}{PATH}"
    try:
        response = context.datadog.http.request("POST", url, body=json.dumps(body).encode(), headers=headers)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(f"the intake cannot be reached ({type(error).__name__})") from error
    if response.status >= 300:
        raise Unavailable(f"the intake answered {response.status}")
    last_seen.note("Product Analytics")
