"""Traces that a tracer sends to an Agent, and the span events that Datadog indexes.

``/v0.4/traces`` is a msgpack list of traces, each a list of spans with named fields; ``/v0.5/traces`` is a string table
and spans of twelve fields. Ids are unsigned 64-bit numbers, times nanoseconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack  # type: ignore[import-untyped]  # ships no types

from firedrill.evaluate.telemetry import Event

NANOSECONDS = 1e9


class MalformedTraces(ValueError):
    """A body that is not a list of traces."""


@dataclass(frozen=True)
class Span:
    """A span. ``trace_id`` is 32 hex digits if the tracer sent the upper half, otherwise decimal."""

    service: str
    name: str
    resource: str
    type: str
    trace_id: str
    span_id: int
    parent_id: int
    start: int
    duration: int
    error: bool
    entry: bool
    """True for its service's first span in the trace."""
    meta: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    meta_struct: Mapping[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> float:
        """The end in epoch seconds."""
        return (self.start + self.duration) / NANOSECONDS

    @property
    def measured(self) -> bool:
        """True if the Agent computes trace metrics from it: service-entry spans and those marked as measured."""
        return self.entry or self.metrics.get("_dd.measured") == 1


def decode(body: bytes, version: str) -> list[Span]:
    """Return the spans of a ``v0.4`` or ``v0.5`` body. Raises :class:`MalformedTraces`."""
    try:
        content = msgpack.unpackb(body, strict_map_key=False, unicode_errors="replace")
        traces = _v05(content) if version == "v0.5" else content
        return [span for trace in traces or () for span in _spans(trace)]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, msgpack.UnpackException) as error:
        raise MalformedTraces(f"not a {version} trace payload: {error}") from error


def _v05(content: list[Any]) -> Iterator[list[dict[str, Any]]]:
    strings, traces = content
    names = ("service", "name", "resource", "trace_id", "span_id", "parent_id", "start", "duration", "error")
    for trace in traces:
        yield [
            {
                **dict(zip(names, [*(strings[at] for at in span[:3]), *span[3:9]], strict=True)),
                "meta": {strings[key]: strings[value] for key, value in span[9].items()},
                "metrics": {strings[key]: value for key, value in span[10].items()},
                "type": strings[span[11]],
            }
            for span in trace
        ]  # fmt: skip


def _spans(trace: list[dict[str, Any]]) -> Iterator[Span]:
    services = {raw["span_id"]: raw.get("service") or "" for raw in trace}
    upper = next((meta["_dd.p.tid"] for raw in trace if "_dd.p.tid" in (meta := raw.get("meta") or {})), None)
    for raw in trace:
        service, parent = raw.get("service") or "", raw.get("parent_id") or 0
        yield Span(
            service=service,
            name=raw["name"],
            resource=raw.get("resource") or raw["name"],
            type=raw.get("type") or "",
            trace_id=f"{upper}{raw['trace_id']:016x}" if upper else str(raw["trace_id"]),
            span_id=raw["span_id"],
            parent_id=parent,
            start=raw["start"],
            duration=raw["duration"],
            error=bool(raw.get("error")),
            entry=services.get(parent) != service,
            meta=raw.get("meta") or {},
            metrics=raw.get("metrics") or {},
            meta_struct={
                key: msgpack.unpackb(value, strict_map_key=False) if isinstance(value, bytes) else value
                for key, value in (raw.get("meta_struct") or {}).items()
            },
        )


def event(span: Span) -> Event:
    """Return the event that Datadog indexes: its time is the span's start, ``@duration`` is in nanoseconds.

    https://docs.datadoghq.com/tracing/trace_explorer/query_syntax
    """
    env, version = span.meta.get("env", ""), span.meta.get("version", "")
    kind = span.meta.get("span.kind", "internal")
    attributes = nest(
        [(key, value) for key, value in span.meta.items() if not key.startswith("_") and key not in ("env", "version")]
        + [(key, value) for key, value in span.metrics.items() if not key.startswith("_")]
        + [("duration", span.duration)]
    )
    tags = {"env": env, "version": version, "service": span.service, "resource_name": span.resource,
            "operation_name": span.name, "span.kind": kind, "type": span.type}  # fmt: skip
    return Event(
        span.start / NANOSECONDS,
        "spans",
        {
            "service": span.service,
            "status": "error" if span.error else "ok",
            "resource_name": span.resource,
            "operation_name": span.name,
            "type": span.type,
            "env": env,
            "version": version,
            "trace_id": span.trace_id,
            "span_id": str(span.span_id),
            "parent_id": str(span.parent_id),
            "timestamp": span.start // 1_000_000,
            "start_ns": span.start,
            "entry": span.entry,
            "tags": [f"{key}:{value}" for key, value in tags.items() if value],
            "attributes": attributes,
        },
    )


def nest(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return ``a.b: 1`` as ``{"a": {"b": 1}}``. If ``a`` itself has a value, ``a.b`` keeps its dotted name."""
    result: dict[str, Any] = {}
    for key, value in items:
        *path, last = key.split(".")
        place: Any = result
        for part in path:
            place = place.setdefault(part, {}) if isinstance(place, dict) else None
        if isinstance(place, dict) and not isinstance(place.get(last), dict):
            place[last] = value
        else:
            result[key] = value
    return result
