"""Which spans stay searchable for 15 days.

Trace metrics are computed from all spans, whatever is kept; an incident needs the spans themselves. Datadog's own
intelligent filter keeps a diverse sample, which a monitor on spans does not see: what is asked for here is kept whole.
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
    """Whose spans."""

    identity: Identity


class Apm(pulumi.ComponentResource):
    """``filter_ids`` in the order in which they should apply: the first that matches decides."""

    filter_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: ApmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Apm", name, None, opts)
        scope = f"service:{args.identity.service} env:{args.identity.env}"
        slow = round(SLOW_CHAT.critical * NANOSECONDS)
        kept = {
            # Error tracking and the trace analytics monitors read these: a sampled error is an issue never opened.
            "errors": (f"{scope} status:error", "1"),
            # The answers that chat-slow alerts on, by the same limit: who is paged must find one to look at.
            "slow": (f"{scope} operation_name:flask.request @duration:>{slow}", "1"),
            # Of the version that is deployed now, so that a canary on little traffic can be compared at all.
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
                # Whole traces of what is kept: the span alone does not say what it waited for.
                trace_rate=rate,
                opts=pulumi.ResourceOptions(parent=self),
            ).id
            for key, (query, rate) in kept.items()
        ]
        self.register_outputs({})
