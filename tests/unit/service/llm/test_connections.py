"""The trace that a call to Gemini continues."""

import pytest
from ddtrace.trace import Context, Span

from service.llm.connections import traceparent


@pytest.mark.parametrize(("priority", "flags"), [(None, "01"), (2, "01"), (1, "01"), (0, "00"), (-1, "00")])
def test_the_header_has_the_ids_and_the_samplers_decision(priority: int | None, flags: str) -> None:
    context = Context(trace_id=0x77, span_id=5, sampling_priority=priority)
    span = Span("call", trace_id=0x77, span_id=0x88, context=context)
    assert traceparent(span) == f"00-{0x77:032x}-{0x88:016x}-{flags}"
