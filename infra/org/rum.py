"""Metrics from RUM events, computed from all sessions, also those that no retention filter keeps."""

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.org.derivation import Derivation
from service.telemetry import ASK_SUBMITTED, WEB_ASKS, WEB_ERRORS, WEB_PAINT, WEB_SERVICE, WEB_WAIT

_PAGE = f"service:{WEB_SERVICE}"


@dataclass(frozen=True)
class RumDerivation(Derivation):
    """A derivation from RUM events of the type ``event``."""

    event: str = "action"


DERIVATIONS = (
    RumDerivation(
        WEB_ASKS,
        f"{_PAGE} @action.name:{ASK_SUBMITTED}",
        "drops when the page is broken in a way that no server sees",
    ),
    RumDerivation(
        WEB_PAINT,
        _PAGE,
        "shows whether the page itself is slow, apart from the answers",
        measure="@view.largest_contentful_paint",
        facets={"view": "@view.name"},
        event="view",
    ),
    RumDerivation(
        WEB_WAIT,
        f"{_PAGE} @resource.url:*/v1/chat",
        "includes the user's network, which llm.chat.latency does not",
        measure="@resource.duration",
        event="resource",
    ),
    RumDerivation(
        WEB_ERRORS,
        _PAGE,
        "shows whether a new version of the page throws errors",
        facets={"source": "@error.source"},
        event="error",
    ),
)


class RumMetrics(pulumi.ComponentResource):
    """The metrics, one for each derivation."""

    def __init__(
        self, name: str, derivations: Iterable[RumDerivation] = DERIVATIONS, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-api-org:datadog:RumMetrics", name, None, opts)
        for derivation in derivations:
            kind, path, percentiles = derivation.compute
            dd.RumMetric(
                f"{name}-{derivation.key}",
                name=derivation.metric.name,
                event_type=derivation.event,
                compute=dd.RumMetricComputeArgs(aggregation_type=kind, path=path, include_percentiles=percentiles),
                filter=dd.RumMetricFilterArgs(query=derivation.query),
                group_bies=[dd.RumMetricGroupByArgs(path=path, tag_name=tag) for path, tag in derivation.groups],
                # A view is sent repeatedly while it lasts: its paint is final at its end.
                uniqueness=dd.RumMetricUniquenessArgs(when="end") if derivation.event == "view" else None,
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({})
