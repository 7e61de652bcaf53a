"""The tags of a request's spans that callers may set: few, each with the form that it must have.

A caller chooses the path, the query, the headers (User-Agent, Referer, ``baggage``, ``x-datadog-tags``, ``tracestate``)
and the method. The tracer would make tags of all of them.
"""

import re

from ddtrace.trace import Span, TraceFilter

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ORIGINS = frozenset({"rum", "synthetics", "synthetics-browser", "lambda", "ciapp-test"})
"""Products that start traces and say so: https://docs.datadoghq.com/tracing/trace_pipeline/trace_retention/"""
NEVER = re.compile(
    r"baggage\.|usr\.|session\.|http\.(?:useragent|referrer|client_ip|request\.headers|response\.headers)|network\.client\.|flask\.view_args"
)
"""Beginnings of tags with what callers send, in requests of others and to others."""
PROPAGATED = {
    "_dd.p.dm": re.compile(r"-\d{1,2}"),
    "_dd.p.tid": re.compile(r"[0-9a-f]{16}"),
    "_dd.p.ts": re.compile(r"[0-9a-f]{2,8}"),
    "_dd.p.llmobs_parent_id": re.compile(r"\d{1,20}|undefined"),
    "_dd.p.llmobs_trace_id": re.compile(r"\d{1,40}|[0-9a-f]{32}"),
    "_dd.p.llmobs_sr": re.compile(r"[\d.]{1,8}"),
    "_dd.p.llmobs_sd": re.compile(r"\d"),
}
"""Tags that traces carry from service to service."""
UNKNOWN_ROUTE = "404"


class RequestTags(TraceFilter):
    """Removes what callers would write into spans. ``service`` is the name that LLM Observability propagates."""

    def __init__(self, service: str) -> None:
        self._service = service

    def process_trace(self, trace: list[Span]) -> list[Span]:
        """Return the same spans with the tags that are allowed."""
        for span in trace:
            self._clean_context(span)
            for key, value in span.get_tags().items():
                if not self._is_allowed(key, value):
                    span.remove_tag(key)
            if span.get_tag("span.kind") == "server":
                self._name_route(span)
            elif url := span.get_tag("http.url"):
                span.set_tag("http.url", url.partition("?")[0])
        return trace

    def _is_allowed(self, key: str, value: str) -> bool:
        """Return whether a tag is the service's own, or has the form of one that a tracer sends."""
        if NEVER.match(key):
            return False
        if key == "_dd.origin":
            return value in ORIGINS
        if key == "_dd.p.llmobs_ml_app":
            return value == self._service
        if key.startswith("_dd.p."):
            return key in PROPAGATED and bool(PROPAGATED[key].fullmatch(value))
        return True

    def _clean_context(self, span: Span) -> None:
        """Clean what is written into the trace's first span as it is sent."""
        context = span.context
        context.remove_all_baggage_items()
        if context.dd_origin and context.dd_origin not in ORIGINS:
            context.dd_origin = None
        for key in [key for key, value in context._meta.items() if not self._is_allowed(key, str(value))]:
            del context._meta[key]

    def _name_route(self, span: Span) -> None:
        """Name a request by the service and its route, which have no values in them; the host is a header, too."""
        method = span.get_tag("http.method") or ""
        if method not in METHODS:
            method = "OTHER"
            span.set_tag("http.method", method)
        route = span.get_tag("http.route") or UNKNOWN_ROUTE
        span.resource = f"{method} {route}"
        span.set_tag("http.url", f"http://{self._service}/{route.removeprefix('/')}")
