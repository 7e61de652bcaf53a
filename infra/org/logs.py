"""Metrics from logs, counted before the index drops any, and kept for 15 months when the lines are long gone."""

from collections.abc import Iterable

import pulumi
import pulumi_datadog as dd

from infra.identity import SERVICE
from infra.org.derivation import Derivation
from infra.scanner import REPLACED
from service.telemetry import CHAT_LINE_COST, CHAT_LINES, REDACTIONS

_CHATS = f"service:{SERVICE} @event:chat"
DERIVATIONS = (
    Derivation(
        CHAT_LINES,
        _CHATS,
        "whether log lines and llm.chat.requests agree: when they do not, one of the two channels loses telemetry",
        facets={"model": "@model", "outcome": "@outcome", "cached": "@cached"},
    ),
    Derivation(
        CHAT_LINE_COST,
        _CHATS,
        "what chats of each cost band add up to in a month whose lines are gone",
        measure="@cost_usd",
        facets={"model": "@model", "cost_band": "@cost_band"},
    ),
    Derivation(
        REDACTIONS,
        f"service:{SERVICE} ({REPLACED}* OR @error.message:*{REPLACED}* OR @error.stack:*{REPLACED}*)",
        "whether the service's own redactor has a hole: anything above zero is one",
    ),
)


class LogMetrics(pulumi.ComponentResource):
    """One resource for each derivation."""

    def __init__(
        self, name: str, derivations: Iterable[Derivation] = DERIVATIONS, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-api-org:datadog:LogMetrics", name, None, opts)
        for one in derivations:
            kind, path, percentiles = one.compute
            dd.LogsMetric(
                f"{name}-{one.key}",
                name=one.metric.name,
                compute=dd.LogsMetricComputeArgs(aggregation_type=kind, path=path, include_percentiles=percentiles),
                filter=dd.LogsMetricFilterArgs(query=one.query),
                group_bies=[dd.LogsMetricGroupByArgs(path=path, tag_name=tag) for path, tag in one.groups],
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
