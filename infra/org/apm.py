"""Metrics from spans, counted on all of them, also those that no retention filter keeps."""

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
        "which model is slow: Datadog's own trace metrics of these calls do not know the model",
        measure="@duration",
        facets=_MODEL,
    ),
    Derivation(
        PROVIDER_ERRORS,
        f"{_CALLS} status:error",
        "how often Gemini fails before the service repeats the call: users see only what is left after that",
        facets=_MODEL,
    ),
)


class SpanMetrics(pulumi.ComponentResource):
    """One resource for each derivation."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:SpanMetrics", name, None, opts)
        for one in DERIVATIONS:
            kind, path, percentiles = one.compute
            dd.SpansMetric(
                f"{name}-{one.key}",
                name=one.metric.name,
                compute=dd.SpansMetricComputeArgs(aggregation_type=kind, path=path, include_percentiles=percentiles),
                filter=dd.SpansMetricFilterArgs(query=one.query),
                group_bies=[dd.SpansMetricGroupByArgs(path=path, tag_name=tag) for path, tag in one.groups],
                # A name exists once: what replaces a metric cannot be made beside it.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
