"""The chat page at ``/``, built from web/theater, and ``/config.js`` with the settings of this deployment.

The application's id and client token are public by design: every visitor's browser sends with them.
For what the policy must allow see https://docs.datadoghq.com/integrations/content_security_policy_logs/ .
"""

import json
from pathlib import Path

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from service.context import Context
from service.settings import Settings
from service.telemetry import WEB_SERVICE

PAGE = Path(__file__).parents[1] / "static" / "theater" / "index.html"


def blueprint(context: Context) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("page", __name__)
    settings = context.settings
    # The built page names its files relative to itself; they are served as Flask's static files.
    html = PAGE.read_text().replace('"./', '"static/theater/')
    config = f"window.CONFIG = {json.dumps(configuration(settings))};\n"

    @routes.get("/")
    def page() -> ResponseReturnValue:
        return _secured(Response(html, content_type="text/html; charset=utf-8"), settings)

    @routes.get("/config.js")
    def script() -> ResponseReturnValue:
        response = Response(
            config, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-store"}
        )
        return _secured(response, settings)

    return routes


def configuration(settings: Settings) -> dict[str, object]:
    """Return the page's settings; ``rum`` is null where no application is declared."""
    rum = {
        "applicationId": settings.rum_application_id,
        "clientToken": settings.rum_client_token,
        "site": settings.datadog_site,
        "service": WEB_SERVICE,
        "env": settings.env,
        "version": settings.version,
        "sessionReplaySampleRate": settings.rum_replay_percent,
        "intake": settings.datadog_api_url,
    }
    has_application = settings.rum_application_id and settings.rum_client_token
    return {
        "model": settings.model_primary,
        "rum": rum if has_application else None,
        "theater": settings.theater,
    }


def _secured(response: Response, settings: Settings) -> Response:
    # Session replay compresses in a worker that the SDK makes from a blob.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; worker-src blob:; "
        f"connect-src 'self' {settings.browser_intake}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return response
