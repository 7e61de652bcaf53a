"""Metadata of the service's own metrics: unit, description, tags that can be queried, percentiles.

Datadog refuses metadata of a metric that was never sent. So this program runs after the service's first traffic, and
the service starts each of its counts at zero (service/telemetry/emission.py).
https://github.com/DataDog/terraform-provider-datadog/issues/918 , /4016
"""

import pulumi
import pulumi_datadog as dd

from service.telemetry import EMITTED


class Metrics(pulumi.ComponentResource):
    """Two resources for each metric that the contract declares as emitted."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:Metrics", name, None, opts)
        for metric in EMITTED:
            key = metric.name.replace(".", "-")
            metadata = dd.MetricMetadata(
                f"{name}-{key}",
                metric=metric.name,
                # No type: a distribution's is fixed, and the provider would find a difference at every preview.
                unit=metric.unit,
                description=metric.description[0].upper() + metric.description[1:],
                opts=pulumi.ResourceOptions(parent=self),
            )
            dd.MetricTagConfiguration(
                f"{name}-{key}-tags",
                metric_name=metric.name,
                metric_type="distribution",
                # An allow list, so that a tag added by mistake, such as a user id, costs nothing.
                tags=sorted(metric.all_tags),
                # Percentiles cost five more series for each combination of tags: only where an alert or SLO needs them.
                include_percentiles=metric.percentiles,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[metadata]),
            )
        self.register_outputs({})
