"""The alerts of the service thumbnails."""

from infra.objectives import Threshold
from infra.observability.alerts.alert import Alert

THUMBNAILS = (
    Alert(
        key="thumbnails-rejected",
        title="Rejected thumbnails: more than $limit",
        type="log alert",
        query=(
            'logs("service:$service env:$env @result:rejected").index("*").rollup("count").by("@size").last("15m")'
            " > $critical"
        ),
        limit=Threshold(
            150, "in 15 minutes", warning=120, recovery=60, because="ten times the usual number is a broken client"
        ),
        description="{{value}} thumbnails of the size {{[@size].name}} were rejected in the last 15 minutes.",
        impact="pages show no pictures.",
        look_first=("Which sizes? `sum:thumbnails.made{$scope,result:rejected} by {size}.as_count()`",),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="thumbnails-queue-grows",
        title="Thumbnail queue above $limit",
        type="query alert",
        query="avg(last_10m):avg:thumbnails.queue{$scope} > $critical",
        limit=Threshold(20, "pictures", warning=12, recovery=5, because="people wait for more than ten seconds then"),
        description="{{value}} pictures waited on average over the last 10 minutes.",
        impact="pictures appear late.",
        look_first=("More pictures? `sum:thumbnails.made{$scope} by {size}.as_count()`",),
        priority=3,
        missing_data="default",
    ),
)
