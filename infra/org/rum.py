"""Metrics from RUM events, counted on all sessions, also those that no retention filter keeps."""

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.org.derivation import Derivation
from service.telemetry import ASK_SUBMITTED, WEB_ASKS, WEB_ERRORS, WEB_PAINT, WEB_SERVICE, WEB_WAIT

_PAGE = f"service:{WEB_SERVICE}"


@dataclass(frozen=True)
class RumDerivation(Derivation):
    """``event`` is the type of RUM event that is counted."""

    event: str = "action"


DERIVATIONS = (
    RumDerivation(
        WEB_ASKS,
        f"{_PAGE} @action.name:{ASK_SUBMITTED}",
        "whether people still ask: when they stop, the page is broken in a way that no server sees",
    ),
    RumDerivation(
        WEB_PAINT,
        _PAGE,
        "whether the page itself is slow, apart from the answers",
        measure="@view.largest_contentful_paint",
        facets={"view": "@view.name"},
        event="view",
    ),
    RumDerivation(
        WEB_WAIT,
        f"{_PAGE} @resource.url:*/v1/chat",
        "what people really wait: llm.chat.latency ends where their network begins",
        measure="@resource.duration",
        event="resource",
    ),
    RumDerivation(
        WEB_ERRORS,
        _PAGE,
        "whether a new version of the page throws errors",
        facets={"source": "@error.source"},
        event="error",
    ),
)


class RumMetrics(pulumi.ComponentResource):
    """One resource for each derivation."""

    def __init__(
        self, name: str, derivations: Iterable[RumDerivation] = DERIVATIONS, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-api-org:datadog:RumMetrics", name, None, opts)
        for one in derivations:
            kind, path, percentiles = one.compute
            dd.RumMetric(
                f"{name}-{one.key}",
                name=one.metric.name,
                event_type=one.event,
                compute=dd.RumMetricComputeArgs(aggregation_type=kind, path=path, include_percentiles=percentiles),
                filter=dd.RumMetricFilterArgs(query=one.query),
                group_bies=[dd.RumMetricGroupByArgs(path=path, tag_name=tag) for path, tag in one.groups],
                # A view is sent again and again as it grows: its paint is final when it ends.
                uniqueness=dd.RumMetricUniquenessArgs(when="end") if one.event == "view" else None,
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
