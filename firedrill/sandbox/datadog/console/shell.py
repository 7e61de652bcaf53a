"""The console's page, its built files, and the keys for the API that its scripts use.

Only a browser on this machine, on a page of this server, reads the keys: :mod:`firedrill.sandbox.foreign_requests`
refuses all others.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from firedrill import settings

STATIC = Path(__file__).parent / "static"
PAGES = (
    "apm", "audit-trail", "ci", "dashboard", "error-tracking", "incidents", "llm", "logs", "monitors", "notebook",
    "on-call", "rum", "service-map", "slo", "synthetics", "workflow",
)  # fmt: skip
"""First parts of the paths of Datadog's web application that the console has pages for."""
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes(api_key: str) -> list[BaseRoute]:
    """Return the routes of the page at each of its addresses, of its files and of the keys."""

    async def page(request: Request) -> Response:
        del request
        return FileResponse(STATIC / "index.html", headers=HEADERS)

    async def keys(request: Request) -> Response:
        del request
        return JSONResponse({"DD-API-KEY": api_key, "DD-APPLICATION-KEY": settings.APP_KEY})

    return [
        Route("/", page),
        *(Route(path, page) for name in PAGES for path in (f"/{name}", f"/{name}/{{rest:path}}")),
        Route("/-/console/keys", keys),
        Mount("/-/console/static", StaticFiles(directory=STATIC)),
    ]
