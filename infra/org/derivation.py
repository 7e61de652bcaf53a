"""Metrics that Datadog computes from logs, spans and RUM events: what they have in common.

They belong to the organisation: a metric name exists once in it, and two environments that both declared one would
collide. Each is grouped by env. The contract (service/telemetry.py) has name, type, unit and tags; here stands from
what they are computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from service.telemetry import CONSTANT_TAGS, Metric


@dataclass(frozen=True)
class Derivation:
    """``query`` selects the events, ``measure`` is the facet that a distribution takes."""

    metric: Metric
    query: str
    because: str
    """The question that nothing else answers."""
    measure: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    """Tag of the contract -> facet of the event."""

    def __post_init__(self) -> None:
        tags = [tag.key for tag in self.metric.tags]
        if sorted(tags) != sorted(self.facets):
            raise pulumi.RunError(f"{self.metric.name} has the tags {tags} in the contract, not {sorted(self.facets)}")
        if (self.metric.type == "distribution") != bool(self.measure):
            raise pulumi.RunError(f"{self.metric.name} is a {self.metric.type}: only a distribution has a measure")

    @property
    def key(self) -> str:
        """The resource's name: the metric's, without dots."""
        return self.metric.name.replace(".", "-")

    @property
    def compute(self) -> tuple[str, str | None, bool | None]:
        """Aggregation type, path and whether percentiles are computed."""
        if self.metric.type == "distribution":
            return "distribution", self.measure, self.metric.percentiles
        return "count", None, None

    @property
    def groups(self) -> list[tuple[str, str]]:
        """(facet, tag): the unified service tags first."""
        return [*((tag.key, tag.key) for tag in CONSTANT_TAGS), *((path, tag) for tag, path in self.facets.items())]
