"""The tags of a request's spans that callers may set: few, each with the form that it must have.

A caller chooses the path, the query, the method, and headers such as User-Agent and Referer. The tracer would make tags
of all of them. The headers of traces are those of :mod:`.incoming_trace`.
"""

import re
from functools import lru_cache

from ddtrace.trace import Span, TraceFilter

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NEVER = re.compile(
    r"baggage\.|usr\.|session\.|http\.(?:useragent|referrer|client_ip|request\.headers|response\.headers)|network\.client\.|flask\.view_args"
)
"""Beginnings of tags with what callers send, in requests of others and to others."""
UNKNOWN_ROUTE = "404"


class RequestTags(TraceFilter):
    """Removes what callers would write into spans. ``service`` stands for the host, which is a header."""

    def __init__(self, service: str) -> None:
        self._service = service

    def process_trace(self, trace: list[Span]) -> list[Span]:
        """Return the same spans with the tags that are allowed."""
        for span in trace:
            for key in span.get_tags():
                if _is_never_sent(key):
                    span.remove_tag(key)
            if span.get_tag("span.kind") == "server":
                self._name_route(span)
            elif url := span.get_tag("http.url"):
                span.set_tag("http.url", url.partition("?")[0])
        return trace

    def _name_route(self, span: Span) -> None:
        """Name a request by the service and its route, which have no values in them; the host is a header, too."""
        method = span.get_tag("http.method") or ""
        if method not in METHODS:
            method = "OTHER"
            span.set_tag("http.method", method)
        route = span.get_tag("http.route") or UNKNOWN_ROUTE
        span.resource = f"{method} {route}"
        span.set_tag("http.url", f"http://{self._service}/{route.removeprefix('/')}")


@lru_cache(maxsize=1000)
def _is_never_sent(key: str) -> bool:
    """Return whether a tag holds what a caller sends."""
    return NEVER.match(key) is not None
