"""The type of metrics that Datadog computes from logs, spans and RUM events.

A metric's name is unique in an organisation, so environments cannot declare these; each metric is grouped by env. The
contract (service/telemetry) has name, type, unit and tags; a derivation has the source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from service.telemetry import CONSTANT_TAGS, Metric


@dataclass(frozen=True)
class Derivation:
    """The source of a metric: ``query`` selects events, ``measure`` is the facet of a distribution."""

    metric: Metric
    query: str
    because: str
    """The metric's purpose."""
    measure: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    """The facet of the event by tag of the contract."""

    def __post_init__(self) -> None:
        tags = [tag.key for tag in self.metric.tags]
        if sorted(tags) != sorted(self.facets):
            raise pulumi.RunError(f"{self.metric.name} has the tags {tags} in the contract, not {sorted(self.facets)}")
        if (self.metric.type == "distribution") != bool(self.measure):
            raise pulumi.RunError(f"{self.metric.name} is a {self.metric.type}: only a distribution has a measure")

    @property
    def key(self) -> str:
        """The resource's name: the metric's, with hyphens for dots."""
        return self.metric.name.replace(".", "-")

    @property
    def compute(self) -> tuple[str, str | None, bool | None]:
        """The aggregation type, the path, and whether percentiles are computed."""
        if self.metric.type == "distribution":
            return "distribution", self.measure, self.metric.percentiles
        return "count", None, None

    @property
    def groups(self) -> list[tuple[str, str]]:
        """The pairs of facet and tag to group by, the unified service tags first."""
        return [*((tag.key, tag.key) for tag in CONSTANT_TAGS), *((path, tag) for tag, path in self.facets.items())]
