"""Refusal of requests that a foreign web page may have sent: DNS rebinding, and cross-site request forgery.

A browser sends the page's name as ``Host`` after DNS rebinding, and names the page in ``Origin`` and ``Sec-Fetch-Site``
otherwise. https://www.w3.org/TR/fetch-metadata/ , https://cheatsheetseries.owasp.org (Cross-Site Request Forgery).
Programs send neither of the latter two.
"""

import re
from collections.abc import Sequence

from flask import Flask, Request, request

from service.problems import CallerError
from service.settings import Settings

HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
PROBES = ("/health", "/ready")
"""Cloud Run's probes name the instance's address as host. These paths change nothing and tell nothing private."""
PAGES = ("/", "/docs")
"""Pages that other sites may link to."""


class ForeignRequest(CallerError):
    """A request for another host, or from a page of another origin."""

    status = 403
    title = "The request comes from a foreign page"


def refuse_foreign_requests(app: Flask, settings: Settings) -> None:
    """Refuse such requests from now on, before any route sees them."""
    own_hosts = _pattern(settings.own_hosts)

    @app.before_request
    def refuse() -> None:
        if request.path not in PROBES:
            check_request(request, own_hosts)


def check_request(sent: Request, own_hosts: re.Pattern[str]) -> None:
    """Raise :class:`ForeignRequest` unless the host is an own one and no page of another origin sent the request."""
    host = sent.headers.get("Host", "")
    parts = HOST.fullmatch(host)
    if parts is None or not own_hosts.fullmatch(parts["name"]):
        raise ForeignRequest("Host: not a host of this service; OWN_HOSTS has their list")
    origin = sent.headers.get("Origin")
    if origin is not None and origin.lower() not in _origins(host.lower()):
        raise ForeignRequest("Origin: a page of another origin may not call this service")
    site = sent.headers.get("Sec-Fetch-Site", "none").lower()
    if site not in ("none", "same-origin") and not _follows_link(sent):
        raise ForeignRequest("Sec-Fetch-Site: a page of another origin may not call this service")


def _origins(host: str) -> tuple[str, ...]:
    """Return the origins of a host's pages. TLS ends before the container, so the scheme is not known here."""
    return f"http://{host.removesuffix(':80')}", f"https://{host.removesuffix(':443')}"


def _follows_link(sent: Request) -> bool:
    """Return whether a person opens a page by a link on another site."""
    navigates = sent.headers.get("Sec-Fetch-Mode") == "navigate" and sent.headers.get("Sec-Fetch-Dest") == "document"
    return navigates and sent.method == "GET" and sent.path in PAGES


def _pattern(hosts: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern for host names; ``*`` in them stands for labels, or parts of one."""
    return re.compile("|".join(re.escape(host).replace(r"\*", "[a-z0-9.-]+") for host in hosts), re.IGNORECASE)
