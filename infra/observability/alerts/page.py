"""Alerts on the chat page, from its users' browsers."""

from infra.objectives import Threshold
from infra.observability.alerts.alert import Alert, Count

SLOW_VIEW_SECONDS = 4
"""Largest contentful paint (LCP) above which a view is poor; https://web.dev/articles/lcp."""

ALERTS = (
    Alert(
        key="page-errors",
        title="Chat page: browser errors above $limit",
        type="rum alert",
        query='formula("errors / (views + $guard)").last("15m") > $critical',
        counts={
            "errors": Count("rum", "service:$service env:$env @type:error"),
            "views": Count("rum", "service:$service env:$env @type:view"),
        },
        limit=Threshold(
            0.1,
            "per view",
            warning=0.05,
            recovery=0.05,
            guard=40,
            because="with a script error in one view of ten the page is broken for many",
        ),
        description="Browsers reported {{value}} errors per view over the last 15 minutes.",
        impact="users press a button and nothing happens.",
        look_first=(
            "Which error? RUM, errors of service:$service, by message",
            "One browser? RUM, the same errors, by browser",
            "Since a deployment? RUM, the same errors, by version",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="page-slow",
        title=f"Chat page: LCP above {SLOW_VIEW_SECONDS} s in more than $limit",
        type="rum alert",
        query='formula("slow / (views + $guard)").last("30m") > $critical',
        counts={
            "slow": Count(
                "rum",
                f"service:$service env:$env @type:view @view.largest_contentful_paint:>{SLOW_VIEW_SECONDS}000000000",
            ),
            "views": Count("rum", "service:$service env:$env @type:view"),
        },
        limit=Threshold(
            0.25,
            "of views",
            warning=0.15,
            recovery=0.15,
            guard=20,
            because="it puts the 75th percentile above the limit, by which web vitals grade a page",
        ),
        description=f"The share of views with an LCP above {SLOW_VIEW_SECONDS} s was {{{{value}}}}.",
        impact="users wait before they can ask.",
        look_first=(
            "What is slow? RUM, performance of service:$service, largest contentful paint by view",
            "The service? `p95:trace.flask.request{$scope} by {resource_name}`",
            "One country or network? RUM, the same by country",
        ),
        priority=4,
        missing_data="default",
    ),
)
