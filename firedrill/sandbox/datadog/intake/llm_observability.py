"""LLM Observability spans and evaluations, in the two forms in which ddtrace sends them.

With an Agent, a span is part of the APM trace as ``meta_struct["_llmobs"]``. Spans of dropped traces and agentless ones
are posted as JSON to ``.../api/v2/llmobs``. Both become the same event of the track "llmobs".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.intake.spans import NANOSECONDS, Span


def from_trace(span: Span) -> dict[str, Any] | None:
    """Return the LLM Observability span in an APM span, in the form of a posted one, or None."""
    data = span.meta_struct.get("_llmobs")
    if not isinstance(data, dict):
        return None
    tags = data.get("tags") or {}
    return {
        "name": data.get("name") or span.name,
        "span_id": str(span.span_id),
        "trace_id": data.get("trace_id") or span.trace_id,
        "parent_id": data.get("parent_id") or "undefined",
        "start_ns": span.start,
        "duration": span.duration,
        "status": "error" if span.error else "ok",
        "service": span.service,
        "ml_app": data.get("ml_app") or tags.get("ml_app", ""),
        "session_id": data.get("session_id"),
        "meta": data.get("meta") or {},
        "metrics": data.get("metrics") or {},
        "tags": [f"{key}:{value}" for key, value in {**tags, "error": int(span.error)}.items()],
        "span_links": data.get("span_links") or [],
    }


def from_post(body: Any) -> Iterator[dict[str, Any]]:
    """Yield the spans of a body: one or more ``{"event_type": "span", "spans": []}``. Raises InvalidPayload."""
    for payload in body if isinstance(body, list) else [body]:
        if not isinstance(payload, dict) or not isinstance(payload.get("spans"), list):
            raise InvalidPayload("LLM Observability spans must have the form {'event_type': 'span', 'spans': [...]}")
        yield from payload["spans"]


def event(span: Mapping[str, Any]) -> Event:
    """Return the span as an event: ``@ml_app``, ``@meta.span.kind``, ``@metrics.input_tokens``, ``@duration`` (ns)."""
    tags = [str(tag) for tag in span.get("tags") or ()]
    tags_by_key = tag_values(tags)
    attributes = {key: value for key, value in span.items() if key != "tags" and value is not None}
    attributes["ml_app"] = ml_app(span)
    kind = span_kind(span)
    return Event(
        float(span.get("start_ns") or 0) / NANOSECONDS,
        "llmobs",
        {
            "service": span.get("service") or tags_by_key.get("service", ""),
            "status": span.get("status") or "ok",
            "trace_id": span.get("trace_id"),
            "span_id": span.get("span_id"),
            "parent_id": span.get("parent_id"),
            "message": span.get("name"),
            "timestamp": int(span.get("start_ns") or 0) // 1_000_000,
            "tags": [*tags, f"span_kind:{kind}"],
            "attributes": attributes,
        },
    )


def evaluations(body: Any, now: float) -> list[Event]:
    """Return evaluations (``data.attributes.metrics``) as events of the track "evaluations". Raises InvalidPayload."""
    try:
        metrics = body["data"]["attributes"]["metrics"]
        return [
            Event(
                float(metric.get("timestamp_ms") or now * 1000) / 1000,
                "evaluations",
                {"tags": list(metric.get("tags") or ()), "message": metric["label"], "attributes": dict(metric)},
            )
            for metric in metrics
        ]
    except (KeyError, TypeError) as error:
        raise InvalidPayload(f"an evaluation lacks {error}") from error


def ml_app(span: Mapping[str, Any]) -> str:
    """Return the span's application, or ``agent_service``, its newer name, where only that is sent."""
    tags_by_key = tag_values(span.get("tags") or ())
    return str(span.get("ml_app") or tags_by_key.get("ml_app") or tags_by_key.get("agent_service") or "")


def span_kind(span: Mapping[str, Any]) -> str:
    """Return the span's kind: llm, workflow, task, tool, agent, embedding or retrieval."""
    meta = span.get("meta") or {}
    return str((meta.get("span") or {}).get("kind") or meta.get("span.kind") or "")


def tag_values(tags: Any) -> dict[str, str]:
    """Return ``["key:value"]`` as ``{"key": "value"}``."""
    return {key: value for key, _, value in (str(tag).partition(":") for tag in tags)}
