"""The types of declarations: metrics, log lines, events and spans; pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from service.telemetry.contract.tags import CONSTANT_TAGS, Tag

Source = Literal["emitted", "derived", "external"]
MetricType = Literal["distribution", "count", "gauge", "rate"]


@dataclass(frozen=True)
class Metric:
    """A metric. ``unit`` has Datadog's name; ``tags`` come on top of :data:`CONSTANT_TAGS`."""

    kind: ClassVar[MetricType]

    name: str
    unit: str
    tags: tuple[Tag, ...]
    description: str
    source: Source = "emitted"
    origin: str = ""
    percentiles: bool = False
    """True where Datadog computes percentiles, for distributions only."""

    @property
    def type(self) -> MetricType:
        """The metric's type at Datadog."""
        return "distribution" if self.source == "emitted" else self.kind

    @property
    def all_tags(self) -> Mapping[str, Tag]:
        """Every tag key that a query may use."""
        return {tag.key: tag for tag in (*CONSTANT_TAGS, *self.tags)}


@dataclass(frozen=True)
class Distribution(Metric):
    """Values whose spread matters. Every aggregation is available, and percentiles when they are on."""

    kind = "distribution"


@dataclass(frozen=True)
class Count(Metric):
    """An amount: how often something happens, or how much of it."""

    kind = "count"


@dataclass(frozen=True)
class Gauge(Metric):
    """A level at a moment. The last value counts."""

    kind = "gauge"


@dataclass(frozen=True)
class LogField:
    """A field of a log line, by its path. ``always`` means on every line of the event, else only where it applies."""

    path: str
    type: Literal["string", "integer", "double", "boolean"]
    description: str
    always: bool = True
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogEvent:
    """A kind of log line, which its ``event`` field names."""

    event: str
    description: str
    fields: tuple[LogField, ...]


EventSource = Literal["spans", "llm-observability", "rum", "events", "ci-pipelines", "ci-tests", "error-tracking"]


@dataclass(frozen=True)
class EventKind:
    """A kind of event, other than log lines, that monitors search.

    ``fields`` are its attributes (``@path``), ``tags`` its tags and reserved fields (``key:value``) on top of
    :data:`CONSTANT_TAGS`.
    """

    track: EventSource
    description: str
    fields: tuple[LogField, ...]
    tags: tuple[Tag, ...] = ()
    source: Source = "emitted"
    origin: str = ""


@dataclass(frozen=True)
class SpanKind:
    """A span. ``operation`` is its name, ``kind`` its kind in LLM Observability, if it is there."""

    operation: str
    resources: tuple[str, ...]
    description: str
    kind: Literal["", "workflow", "llm"] = ""
    tags: tuple[str, ...] = ()
    """Tags that the service sets or relies on; tracers add more."""
