"""Product metrics: use of endpoints and features from logs, actions and conversions from the page's RUM events."""

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
        "shows endpoints that are no longer called, and those that fail",
        facets={"endpoint": "@endpoint", "status_family": "@status_family"},
    ),
    Derivation(
        FEATURE_USES,
        f"service:{SERVICE} @product_feature:*",
        "shows which features users use",
        facets={"product_feature": "@product_feature"},
    ),
)
FROM_RUM = (
    RumDerivation(
        WEB_ACTION_COUNTS,
        f"service:{WEB_SERVICE} @action.type:custom",
        "shows where users stop between the question and the rating",
        facets={"action": "@action.name"},
    ),
    RumDerivation(
        WEB_CONVERSIONS,
        f"service:{WEB_SERVICE} @action.name:{ANSWER_RATED} @context.rating:up",
        "counts helpful answers: divided by llm.web.asks, it is the page's conversion",
    ),
)


class ProductAnalytics(pulumi.ComponentResource):
    """The metrics of both sources."""

    def __init__(self, name: str, *, logs: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:ProductAnalytics", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        if logs:
            LogMetrics(f"{name}-logs", FROM_LOGS, child)
        RumMetrics(f"{name}-rum", FROM_RUM, child)
        self.register_outputs({})
