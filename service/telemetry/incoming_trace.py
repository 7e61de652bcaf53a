"""The trace that a request continues: the headers of its caller, of which only ids and declared values are read.

The tracer would make tags of the rest (``baggage``, members of ``x-datadog-tags`` and ``tracestate``), and pass it on
to every host that the service calls.
"""

import re
from collections.abc import Mapping

PATTERNS = {
    "HTTP_TRACEPARENT": re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"),
    "HTTP_X_DATADOG_TRACE_ID": re.compile(r"\d{1,20}"),
    "HTTP_X_DATADOG_PARENT_ID": re.compile(r"\d{1,20}"),
    "HTTP_X_DATADOG_SAMPLING_PRIORITY": re.compile(r"-?\d"),
    # Products that start traces and say so: https://docs.datadoghq.com/tracing/trace_pipeline/trace_retention/
    "HTTP_X_DATADOG_ORIGIN": re.compile("rum|synthetics|synthetics-browser|lambda|ciapp-test"),
}
"""Headers by their names in WSGI, with the form that they must have."""
TAGS = {
    "_dd.p.dm": re.compile(r"-\d{1,2}"),
    "_dd.p.tid": re.compile(r"[0-9a-f]{16}"),
    "_dd.p.ts": re.compile(r"[0-9a-f]{2,8}"),
    "_dd.p.llmobs_parent_id": re.compile(r"\d{1,20}|undefined"),
    "_dd.p.llmobs_trace_id": re.compile(r"\d{1,40}|[0-9a-f]{32}"),
    "_dd.p.llmobs_sr": re.compile(r"[\d.]{1,8}"),
    "_dd.p.llmobs_sd": re.compile(r"\d"),
}
"""Tags that traces carry from service to service."""
STATE = {
    "s": PATTERNS["HTTP_X_DATADOG_SAMPLING_PRIORITY"],
    "p": re.compile(r"[0-9a-f]{16}"),
    "o": PATTERNS["HTTP_X_DATADOG_ORIGIN"],
    **{name.replace("_dd.p.", "t."): pattern for name, pattern in TAGS.items()},
}
"""Members of Datadog's part of ``tracestate``."""


def tracing_headers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a WSGI request that continue a trace, without what its caller chose freely."""
    headers = {
        name: value
        for name, pattern in PATTERNS.items()
        if (value := environ.get(name)) and pattern.fullmatch(value)
    }  # fmt: skip
    tags = environ.get("HTTP_X_DATADOG_TAGS", "").split(",")
    if kept := _allowed(tags, "=", TAGS):
        headers["HTTP_X_DATADOG_TAGS"] = ",".join(kept)
    state = next((part for part in environ.get("HTTP_TRACESTATE", "").split(",") if part.strip().startswith("dd=")), "")
    if kept := _allowed(state.strip().removeprefix("dd=").split(";"), ":", STATE):
        headers["HTTP_TRACESTATE"] = f"dd={';'.join(kept)}"
    return headers


def _allowed(members: list[str], separator: str, patterns: Mapping[str, re.Pattern[str]]) -> list[str]:
    """Return the members whose names are declared and whose values have their form."""
    allowed = []
    for member in members:
        name, _, value = member.partition(separator)
        if name in patterns and patterns[name].fullmatch(value):
            allowed.append(member)
    return allowed
