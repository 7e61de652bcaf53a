"""The alerts of the service bookings."""

from infra.objectives import Threshold
from infra.observability.alerts.alert import Alert

BOOKINGS = (
    Alert(
        key="bookings-partner-down",
        title="Bookings that a partner did not answer above $limit",
        type="query alert",
        query=(
            "sum(last_10m):default_zero(sum:bookings.made{$scope,outcome:partner_down}.as_count())"
            " / (sum:bookings.made{$scope}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.15, "of bookings", warning=0.1, recovery=0.08, guard=20, because="one in forty is unanswered as a rule"
        ),
        description="The share of bookings without an answer was {{value}} over the last 10 minutes.",
        impact="guests of that partner's hotels cannot book.",
        look_first=("Which hotels? logs `service:$service env:$env @outcome:partner_down`",),
        priority=2,
        missing_data="default",
    ),
)
