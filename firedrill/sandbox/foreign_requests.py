"""Refusal of requests that a web page may have sent to the sandbox: DNS rebinding, and cross-site request forgery.

The sandbox's servers trust whoever reaches them on loopback, and every page in a browser on this machine does. Programs
name a host that cannot be another's, and send neither ``Origin`` nor ``Sec-Fetch-Site``.
"""

import re

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS = re.compile(
    r"(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\]"
    # Clients of the real APIs keep their host, whose name no page can take over.
    r"|(?:[a-z0-9-]+\.)+(?:googleapis\.com|datadoghq\.com|datadoghq\.eu|ddog-gov\.com)|metadata\.google\.internal)"
    r"(?::\d{1,5})?",
    re.ASCII | re.IGNORECASE,
)
JSON = re.compile(r"(?i)\s*application/(?:[\w.-]+\+)?json\s*(?:;|$)")
CONTROL = "/-/"
"""The sandbox's own routes."""


class ForeignRequests:
    """Middleware that refuses such requests with 403, and with 415 a body for the own routes that is not JSON.

    ``open_paths`` are beginnings of paths that pages of any origin may call, as they do at Datadog. ``pages`` are first
    parts of paths of pages without data, to which a link on any page may lead.
    """

    def __init__(self, app: ASGIApp, open_paths: tuple[str, ...] = (), pages: tuple[str, ...] = ()) -> None:
        self._app = app
        self._open_paths = open_paths
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse a request."""
        reason = self._refusal(scope) if scope["type"] == "http" else None
        if reason is None:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"errors": [reason[1]]}, reason[0])(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return status and reason, or None."""
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if not HOSTS.fullmatch(host):
            return 403, "Host: the sandbox is called as localhost"
        if path.startswith(self._open_paths):
            return None
        if headers.get("origin", f"http://{host}").lower() != f"http://{host}".lower():
            return 403, "Origin: pages of another origin may not call the sandbox"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not self._follows_link(scope):
            return 403, "Sec-Fetch-Site: pages of another origin may not call the sandbox"
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        # Of the methods with a body, pages may send POST only without being asked.
        if (
            path.startswith(CONTROL)
            and scope["method"] == "POST"
            and has_body
            and not JSON.match(headers.get("content-type", ""))
        ):
            return 415, "Content-Type: send a body as application/json"
        return None

    def _follows_link(self, scope: Scope) -> bool:
        """Return whether a browser opens one of the pages in a window of its own: no other page sees the response."""
        headers = Headers(scope=scope)
        opens = scope["method"] == "GET" and headers.get("sec-fetch-dest") == "document"
        return opens and scope["path"].split("/")[1] in self._pages
