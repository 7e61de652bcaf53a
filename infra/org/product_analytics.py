"""What is used, by whom it is not asked: endpoints and features by the service's log lines, actions and conversions by
the page. Endpoints have no browser, so their metrics are from logs; a conversion happens on the page alone.
"""

import pulumi

from infra.identity import SERVICE
from infra.org.derivation import Derivation
from infra.org.logs import LogMetrics
from infra.org.rum import RumDerivation, RumMetrics
from service.telemetry import (
    ANSWER_RATED,
    ENDPOINT_CALLS,
    FEATURE_USES,
    WEB_ACTION_COUNTS,
    WEB_CONVERSIONS,
    WEB_SERVICE,
)

FROM_LOGS = (
    Derivation(
        ENDPOINT_CALLS,
        f"service:{SERVICE} @event:product",
        "which endpoints nobody calls any more, and which fail for their callers",
        facets={"endpoint": "@endpoint", "status_family": "@status_family"},
    ),
    Derivation(
        FEATURE_USES,
        f"service:{SERVICE} @product_feature:*",
        "which part of the service people came for",
        facets={"product_feature": "@product_feature"},
    ),
)
FROM_RUM = (
    RumDerivation(
        WEB_ACTION_COUNTS,
        f"service:{WEB_SERVICE} @action.type:custom",
        "where people stop between the question and the rating",
        facets={"action": "@action.name"},
    ),
    RumDerivation(
        WEB_CONVERSIONS,
        f"service:{WEB_SERVICE} @action.name:{ANSWER_RATED} @context.rating:up",
        "how many answers were worth asking for: divided by llm.web.asks, the page's conversion",
    ),
)


class ProductAnalytics(pulumi.ComponentResource):
    """Metrics of both sources."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:ProductAnalytics", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        LogMetrics(f"{name}-logs", FROM_LOGS, child)
        RumMetrics(f"{name}-rum", FROM_RUM, child)
        self.register_outputs({})
