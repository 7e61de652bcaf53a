"""A request continues ids and declared values of its caller's headers, and nothing else."""

import pytest
from ddtrace.propagation.http import HTTPPropagator
from ddtrace.trace import Context

from service.telemetry.incoming_trace import tracing_headers

TRACE, PARENT = 0x1234567890ABCDEF1234567890ABCDEF, 0x234567890ABCDEF1


def of(**headers: str) -> dict[str, str]:
    """Return the headers of a WSGI request that are read."""
    return tracing_headers({f"HTTP_{name.upper()}": value for name, value in headers.items()})


def test_what_another_service_with_a_tracer_sends_is_read_whole() -> None:
    sent: dict[str, str] = {}
    meta = {"_dd.p.dm": "-4", "_dd.p.llmobs_parent_id": "7"}
    HTTPPropagator.inject(Context(TRACE, PARENT, sampling_priority=2, dd_origin="rum", meta=meta), sent)
    assert of(**{name.replace("-", "_"): value for name, value in sent.items()}) == {
        "HTTP_TRACEPARENT": f"00-{TRACE:032x}-{PARENT:016x}-01",
        "HTTP_TRACESTATE": sent["tracestate"],
        "HTTP_X_DATADOG_TRACE_ID": str(TRACE % 2**64),
        "HTTP_X_DATADOG_PARENT_ID": str(PARENT),
        "HTTP_X_DATADOG_SAMPLING_PRIORITY": "2",
        "HTTP_X_DATADOG_ORIGIN": "rum",
        "HTTP_X_DATADOG_TAGS": sent["x-datadog-tags"],
    }
    assert sent["tracestate"].startswith("dd=s:2;o:rum;") and "t.llmobs_parent_id:7" in sent["tracestate"]


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ({"baggage": "user.id=novak"}, {}),
        ({"x_datadog_origin": "novak"}, {}),
        ({"x_datadog_trace_id": "novak", "traceparent": "00-novak"}, {}),
        ({"x_datadog_tags": "_dd.p.usr.id=novak,_dd.p.dm=novak,novak=1"}, {}),
        ({"x_datadog_tags": "_dd.p.llmobs_ml_app=novak,_dd.p.dm=-1"}, {"HTTP_X_DATADOG_TAGS": "_dd.p.dm=-1"}),
        ({"tracestate": "novak=1, dd=s:1;o:novak;t.usr.id:novak;t.dm:-1"}, {"HTTP_TRACESTATE": "dd=s:1;t.dm:-1"}),
        ({"tracestate": "novak=1"}, {}),
    ],
)
def test_what_a_caller_chooses_freely_is_not(headers: dict[str, str], read: dict[str, str]) -> None:
    assert of(**headers) == read
