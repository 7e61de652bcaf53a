"""What Datadog knows of the service's own metrics: unit and meaning, which tags can be queried, whose percentiles.

Of a metric that was never sent Datadog refuses both, so that this program comes after the service's first traffic; the
service starts each of its counts at zero for the same reason (service/emission.py).
https://github.com/DataDog/terraform-provider-datadog/issues/918 , /4016
"""

import pulumi
import pulumi_datadog as dd

from service.telemetry import EMITTED


class Metrics(pulumi.ComponentResource):
    """Two resources for each metric that the contract says is emitted."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:Metrics", name, None, opts)
        for metric in EMITTED:
            key = metric.name.replace(".", "-")
            metadata = dd.MetricMetadata(
                f"{name}-{key}",
                metric=metric.name,
                # Without a unit a graph of seconds says "4" and one of dollars too. No type: a distribution's is fixed,
                # and the provider would find a difference for ever.
                unit=metric.unit,
                description=metric.says[0].upper() + metric.says[1:],
                opts=pulumi.ResourceOptions(parent=self),
            )
            dd.MetricTagConfiguration(
                f"{name}-{key}-tags",
                metric_name=metric.name,
                metric_type="distribution",
                # An allow list: a tag that somebody adds in the code by mistake (an id of a user) is not paid for.
                tags=sorted(metric.all_tags),
                # Five more series for each combination of tags, so only where an alert or objective asks for them.
                include_percentiles=metric.percentiles,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[metadata]),
            )
        self.register_outputs({})
