"""What a declaration is: of a metric, a log line, an event, a span; pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from service.contract.tags import CONSTANT_TAGS, Tag

Source = Literal["emitted", "derived", "external"]
MetricType = Literal["distribution", "count", "gauge", "rate"]


@dataclass(frozen=True)
class Metric:
    """A metric. ``unit`` is Datadog's name of it; ``tags`` come on top of :data:`CONSTANT_TAGS`."""

    kind: ClassVar[MetricType]

    name: str
    unit: str
    tags: tuple[Tag, ...]
    says: str
    source: Source = "emitted"
    origin: str = ""
    percentiles: bool = False
    """Whether percentiles are (to be) computed; only distributions can."""

    @property
    def type(self) -> MetricType:
        """The type that Datadog knows the metric by."""
        return "distribution" if self.source == "emitted" else self.kind

    @property
    def all_tags(self) -> Mapping[str, Tag]:
        """Every tag key that a query may use."""
        return {tag.key: tag for tag in (*CONSTANT_TAGS, *self.tags)}


@dataclass(frozen=True)
class Distribution(Metric):
    """Values whose spread matters: each is kept, all aggregations and, when on, percentiles answer."""

    kind = "distribution"


@dataclass(frozen=True)
class Count(Metric):
    """Something that happens: how often, or how much of it."""

    kind = "count"


@dataclass(frozen=True)
class Gauge(Metric):
    """A level at a moment: the last value counts."""

    kind = "gauge"


@dataclass(frozen=True)
class LogField:
    """A field of a log line, by its path. ``always``: on every line of the event, otherwise only where it applies."""

    path: str
    type: Literal["string", "integer", "double", "boolean"]
    says: str
    always: bool = True
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogEvent:
    """A kind of log line, told apart by its ``event`` field."""

    event: str
    says: str
    fields: tuple[LogField, ...]


EventSource = Literal["spans", "llm-observability", "rum", "events", "ci-pipelines", "ci-tests", "error-tracking"]


@dataclass(frozen=True)
class EventKind:
    """A kind of event that monitors search, beside log lines. ``fields`` are its attributes (``@path``), ``tags`` its
    tags and reserved fields (``key:value``) on top of :data:`CONSTANT_TAGS`."""

    track: EventSource
    says: str
    fields: tuple[LogField, ...]
    tags: tuple[Tag, ...] = ()
    source: Source = "emitted"
    origin: str = ""


@dataclass(frozen=True)
class SpanKind:
    """A span as it arrives: ``operation`` is its name, ``kind`` its LLM Observability kind, if it has one."""

    operation: str
    resources: tuple[str, ...]
    says: str
    kind: Literal["", "workflow", "llm"] = ""
    tags: tuple[str, ...] = ()
    """Tags that the service sets or relies on; tracers add more."""
