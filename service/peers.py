"""Whom an outgoing call reaches, as the service map shows it: one edge a call, under the peer's own name.

Integrations name hosts, or nothing; and a library's call is spanned once more by the library below it.
https://docs.datadoghq.com/tracing/services/inferred_services/
"""

import re

from ddtrace.trace import Span, TraceFilter

from service.telemetry import GEMINI, PEERS

GEMINI_CALL = "google_genai.request"
CARRIERS = {("http.request", GEMINI_CALL), ("urllib3.request", "requests.request")}
"""A span and its parent that are the same call: the inner one is left out."""
PATTERNS = {
    "cloud-storage": re.compile(r"/storage/v1/|//storage\.googleapis\.com"),
    # Google's libraries first knock at its root.
    "google-metadata": re.compile(r"/computeMetadata/|^http://[^/]+/?$"),
    GEMINI: re.compile(r"/publishers/google/models/"),
    "datadog": re.compile(r"/api/v[12]/|/evp_proxy/"),
}
"""By URL, so that a stand-in for a host is known by what it serves."""
assert PATTERNS.keys() == set(PEERS)


class Peers(TraceFilter):
    """Names the peers of a trace's client spans."""

    def process_trace(self, trace: list[Span]) -> list[Span]:
        """The trace without second spans of the same call."""
        names = {span.span_id: span.name for span in trace}
        kept = [span for span in trace if (span.name, names.get(span.parent_id or 0)) not in CARRIERS]
        for span in kept:
            if span.name == GEMINI_CALL:
                span.set_tags({"span.kind": "client", "peer.service": GEMINI, "out.host": GEMINI})
            elif span.get_tag("span.kind") == "client" and not span.get_tag("peer.service"):
                url = span.get_tag("http.url") or ""
                if peer := next((name for name, pattern in PATTERNS.items() if pattern.search(url)), None):
                    span.set_tag("peer.service", peer)
        return kept
