"""The alerts of the service orders."""

from infra.objectives import Threshold
from infra.observability.alerts.alert import Alert

ORDERS = (
    Alert(
        key="orders-fail",
        title="Orders that failed above $limit",
        type="query alert",
        query=(
            "sum(last_10m):default_zero(sum:shop.orders{$scope,outcome:failed}.as_count())"
            " / (sum:shop.orders{$scope}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.1, "of orders", warning=0.07, recovery=0.05, guard=20, because="one order in fifty fails on a usual day"
        ),
        description="The share of orders that failed was {{value}} over the last 10 minutes.",
        impact="customers cannot buy.",
        look_first=("Since a deployment? `sum:shop.orders{$scope,outcome:failed} by {kind}.as_count()`",),
        priority=2,
        missing_data="default",
    ),
    Alert(
        key="orders-stop",
        title="Orders: fewer than $limit",
        type="query alert",
        query="sum(last_15m):default_zero(sum:shop.orders{$scope}.as_count()) < $critical",
        limit=Threshold(1, "in 15 minutes", because="somebody orders every minute, also at night"),
        description="No order arrived for 15 minutes.",
        impact="customers cannot reach the shop, or the service sends nothing.",
        look_first=("Do log lines arrive? logs `service:$service env:$env @outcome:ok`",),
        priority=1,
        missing_data="default",
    ),
)
