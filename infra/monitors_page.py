"""What the browser sees of the web page."""

from infra.alert import Alert, Count
from infra.objectives import (
    PAGE_ERRORS,
    SLOW_VIEW_SECONDS,
    SLOW_VIEWS,
)

PAGE_ERRORS_RISE = Alert(
    key="page-errors",
    title="the web page has errors",
    type="rum alert",
    query='formula("errors / (views + $guard)").last("15m") > $critical',
    counts={
        "errors": Count("rum", "service:$service env:$env @type:error"),
        "views": Count("rum", "service:$service env:$env @type:view"),
    },
    limit=PAGE_ERRORS,
    says="The browser reported {{value}} errors for each view in the last 15 minutes; the limit is $limit ($because).",
    impact="people press a button and nothing happens.",
    look_first=(
        "Which error? RUM, errors of service:$service, by message",
        "One browser? the same, by browser",
        "Since a deploy? the same, by version",
    ),
    priority=3,
    missing_data="default",
)

PAGE_SLOW = Alert(
    key="page-slow",
    title="the web page is slow",
    type="rum alert",
    query='formula("slow / (views + $guard)").last("30m") > $critical',
    counts={
        "slow": Count(
            "rum",
            f"service:$service env:$env @type:view @view.largest_contentful_paint:>{SLOW_VIEW_SECONDS}000000000",
        ),
        "views": Count("rum", "service:$service env:$env @type:view"),
    },
    limit=SLOW_VIEWS,
    says=f"{{{{value}}}} of the views took longer than {SLOW_VIEW_SECONDS} s to show; the limit is $limit ($because).",
    impact="people wait before they can even ask.",
    look_first=(
        "What is slow? RUM, performance of service:$service, largest contentful paint by view",
        "The service? `p95:trace.flask.request{$scope} by {resource_name}`",
        "One country or network? RUM, the same by country",
    ),
    priority=4,
    missing_data="default",
)

ALERTS = (PAGE_ERRORS_RISE, PAGE_SLOW)
