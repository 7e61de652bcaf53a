"""The peer of each outgoing call: the service map shows one edge for each call, with the peer's own name.

Integrations name hosts or nothing, and a library's call gets a second span from the HTTP library below it.
https://docs.datadoghq.com/tracing/services/inferred_services/
"""

import re

from ddtrace.trace import Span, TraceFilter

from service.telemetry import GEMINI, PEERS, last_seen

GEMINI_CALL = "google_genai.request"
SAME_CALL = {("urllib3.request", "requests.request")}
"""A span and its parent that are the same call: the inner span is dropped."""
URL_PATTERNS = {
    "cloud-storage": re.compile(r"/storage/v1/|//storage\.googleapis\.com"),
    # Google's libraries first call its root, to see whether it is there.
    "google-metadata": re.compile(r"/computeMetadata/|^http://[^/]+/?$"),
    GEMINI: re.compile(r"/publishers/google/models/"),
    "datadog": re.compile(r"/api/v[12]/|/evp_proxy/"),
}
"""By path rather than by host, so that a stand-in for a host has the same name."""
assert URL_PATTERNS.keys() == set(PEERS)


class PeerNames(TraceFilter):
    """Names the peers of a trace's client spans."""

    def process_trace(self, trace: list[Span]) -> list[Span]:
        """Return the trace without second spans of the same call."""
        last_seen.note("APM")
        names = {span.span_id: span.name for span in trace}
        kept = [span for span in trace if (span.name, names.get(span.parent_id or 0)) not in SAME_CALL]
        for span in kept:
            if span.name == GEMINI_CALL:
                span.set_tags({"span.kind": "client", "peer.service": GEMINI, "out.host": GEMINI})
            elif span.get_tag("span.kind") == "client" and not span.get_tag("peer.service"):
                url = span.get_tag("http.url") or ""
                if peer := next((name for name, pattern in URL_PATTERNS.items() if pattern.search(url)), None):
                    span.set_tag("peer.service", peer)
        return kept
