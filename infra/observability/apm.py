"""Retention filters: the spans that stay searchable for 15 days.

Trace metrics are computed from all spans; an incident needs the spans themselves. Monitors on spans do not see what
Datadog's own intelligent filter keeps.
https://docs.datadoghq.com/tracing/trace_pipeline/trace_retention/
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.objectives import SLOW_CHAT

CUSTOM = "spans-sampling-processor"
"""The only ``filter_type`` that can be created; the others are Datadog's own."""
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class ApmArgs:
    """The arguments of :class:`Apm`."""

    identity: Identity


class Apm(pulumi.ComponentResource):
    """The filters. ``filter_ids`` are in the order in which they must apply: the first that matches decides."""

    filter_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: ApmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Apm", name, None, opts)
        scope = f"service:{args.identity.service} env:{args.identity.env}"
        slow = round(SLOW_CHAT.critical * NANOSECONDS)
        filters = {
            # Error Tracking and monitors on spans read these: a dropped error would be an issue that is never opened.
            "errors": (f"{scope} status:error", "1"),
            # The alert chat-slow has the same limit: its readers must find an example.
            "slow": (f"{scope} operation_name:flask.request @duration:>{slow}", "1"),
            # The current version: a canary with little traffic needs enough spans to compare.
            "new-version": (f"{scope} version:{args.identity.version} operation_name:flask.request", "0.5"),
        }
        self.filter_ids = [
            dd.ApmRetentionFilter(
                f"{name}-{key}",
                name=args.identity.named(f"{key.replace('-', ' ')} kept"),
                enabled=True,
                filter_type=CUSTOM,
                filter=dd.ApmRetentionFilterFilterArgs(query=query),
                rate=rate,
                # Whole traces: a span alone does not show what it waited for.
                trace_rate=rate,
                opts=pulumi.ResourceOptions(parent=self),
            ).id
            for key, (query, rate) in filters.items()
        ]
        self.register_outputs({})
