"""Metrics from spans, computed from all spans, also those that no retention filter keeps."""

import pulumi
import pulumi_datadog as dd

from infra.identity import SERVICE
from infra.org.derivation import Derivation
from service.telemetry import PROVIDER_DURATION, PROVIDER_ERRORS

_CALLS = f"service:{SERVICE} operation_name:google_genai.request"
_MODEL = {"model": "@google_genai.request.model"}
DERIVATIONS = (
    Derivation(
        PROVIDER_DURATION,
        _CALLS,
        "shows which model is slow: Datadog's own trace metrics of these calls have no tag for the model",
        measure="@duration",
        facets=_MODEL,
    ),
    Derivation(
        PROVIDER_ERRORS,
        f"{_CALLS} status:error",
        "counts Gemini's errors before retries, most of which users never see",
        facets=_MODEL,
    ),
)


class SpanMetrics(pulumi.ComponentResource):
    """The metrics, one for each derivation."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:SpanMetrics", name, None, opts)
        for derivation in DERIVATIONS:
            kind, path, percentiles = derivation.compute
            dd.SpansMetric(
                f"{name}-{derivation.key}",
                name=derivation.metric.name,
                compute=dd.SpansMetricComputeArgs(aggregation_type=kind, path=path, include_percentiles=percentiles),
                filter=dd.SpansMetricFilterArgs(query=derivation.query),
                # Sorted by path: otherwise the plugin crosses tag names (policy spans-metric-groups-sorted).
                group_bies=[
                    dd.SpansMetricGroupByArgs(path=path, tag_name=tag) for path, tag in sorted(derivation.groups)
                ],
                # A metric's name is unique: its replacement cannot exist beside it.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
