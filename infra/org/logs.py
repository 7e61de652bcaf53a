"""Metrics from logs, computed before the index drops any, and kept for 15 months."""

from collections.abc import Iterable

import pulumi
import pulumi_datadog as dd

from infra.identity import SERVICE
from infra.observability.logs.scanner import REPLACED
from infra.org.derivation import Derivation
from service.telemetry import CHAT_LINE_COST, CHAT_LINES, REDACTIONS

_CHATS = f"service:{SERVICE} @event:chat"
DERIVATIONS = (
    Derivation(
        CHAT_LINES,
        _CHATS,
        "differs from llm.chat.requests when logs or metrics are lost",
        facets={"model": "@model", "outcome": "@outcome", "cached": "@cached"},
    ),
    Derivation(
        CHAT_LINE_COST,
        _CHATS,
        "sums up the cost of each cost band for months whose log lines are gone",
        measure="@cost_usd",
        facets={"model": "@model", "cost_band": "@cost_band"},
    ),
    Derivation(
        REDACTIONS,
        f"service:{SERVICE} ({REPLACED}* OR @error.message:*{REPLACED}* OR @error.stack:*{REPLACED}*)",
        "counts what the service's own redactor missed",
    ),
)


class LogMetrics(pulumi.ComponentResource):
    """The metrics, one for each derivation."""

    def __init__(
        self, name: str, derivations: Iterable[Derivation] = DERIVATIONS, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-api-org:datadog:LogMetrics", name, None, opts)
        for derivation in derivations:
            kind, path, percentiles = derivation.compute
            dd.LogsMetric(
                f"{name}-{derivation.key}",
                name=derivation.metric.name,
                compute=dd.LogsMetricComputeArgs(aggregation_type=kind, path=path, include_percentiles=percentiles),
                filter=dd.LogsMetricFilterArgs(query=derivation.query),
                group_bies=[dd.LogsMetricGroupByArgs(path=path, tag_name=tag) for path, tag in derivation.groups],
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
