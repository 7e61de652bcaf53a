"""Missing data: what a monitor does when no data arrives."""

from collections.abc import Iterator

from firedrill.query import event_reference, metric_references
from firedrill.query.tree import Call, MetricMonitor, walk
from policies.monitor_resource import DOCUMENTATION, MONITOR, number, parsed_query
from policies.policy import Resource, Stack, policy

LINK = f"{DOCUMENTATION}/configuration/#no-data"
TYPES = ("query alert", "metric alert", "log alert", "trace-analytics alert", "rum alert", "event-v2 alert")
"""Types that can lack data themselves; composites and SLO alerts depend on others."""
PROVIDERS_TIMEFRAME = 10
"""Minutes of noDataTimeframe that the provider's Check sets where neither it nor onMissingData is stated."""
OCCASIONAL = ("error", "fail", "throttl", "retr", "drop")
"""Parts of names of metrics that count what happens only sometimes."""


@policy(
    "monitor-missing-data-stated",
    MONITOR,
    description="A monitor sets what happens when data is missing.",
    prevents='quadseven/grug sets it for each kind of metric, because monitors in permanent "No Data" paged nobody. '
    "The default differs between monitor types and has changed over the years.",
    link=LINK,
)
def stated(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check for ``onMissingData``, or the older ``notifyNoData``."""
    if monitor.get("type") in TYPES and monitor.get("onMissingData") is None and monitor.get("notifyNoData") is None:
        yield (
            "Set onMissingData: default (missing data counts as zero), resolve, show_no_data, or "
            "show_and_notify_no_data where missing data is an incident."
        )


@policy(
    "monitor-missing-data-consistent",
    MONITOR,
    description="The options for missing data contradict neither each other nor the query.",
    prevents="Datadog rejects onMissingData together with notifyNoData during the update. A query wrapped in "
    "default_zero() never lacks data, so its no-data notification is never sent (from kennel's checks).",
    link=LINK,
)
def consistent(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check new against old options, the timeframe, and default_zero().

    The provider adds its own timeframe to every monitor without onMissingData, and the engine does not tell a pack what
    was added. So this value is not a contradiction, but it is what Datadog waits for before a notification.
    """
    new, old = monitor.get("onMissingData"), monitor.get("notifyNoData")
    timeframe = number(monitor, "noDataTimeframe")
    if new is not None and (old or timeframe):
        yield "Remove notifyNoData and noDataTimeframe: Datadog accepts them or onMissingData, not both."
    if timeframe not in {None, 0, PROVIDERS_TIMEFRAME} and not old and new is None:
        yield "Set notifyNoData, or remove noDataTimeframe: it has no effect."
    query = parsed_query(monitor)
    body = query.body if query is not None else None
    waits = timeframe or PROVIDERS_TIMEFRAME
    if isinstance(body, MetricMonitor) and old and new is None and waits * 60 < 2 * body.window.seconds:
        minutes = 2 * body.window.seconds // 60
        yield f"Set noDataTimeframe to {minutes} or more, twice the window: a shorter one alerts between two points."
    functions = {call.name.text for call in walk(body) if isinstance(call, Call)} if body is not None else set()
    notifies = old or new == "show_and_notify_no_data"
    is_wrapped = isinstance(body, MetricMonitor) and isinstance(body.expression, Call)
    if notifies and is_wrapped and "default_zero" in functions:
        yield "Remove default_zero() or the no-data notification: with default_zero() data is never missing."


@policy(
    "monitor-silence-of-a-count",
    MONITOR,
    description="A monitor on a count of occasional events does not notify when none occurs.",
    prevents='METR/hawk #518: sparse metrics paged "No Data" on every quiet night, until default_zero() was added.',
    link=LINK,
)
def silence_of_a_count(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check counts of errors and of events. A steady metric may notify."""
    query = parsed_query(monitor)
    if query is None or not (monitor.get("notifyNoData") or monitor.get("onMissingData") == "show_and_notify_no_data"):
        return
    counts_occasional = any(
        "as_count" in reference.modifiers and any(part in reference.metric for part in OCCASIONAL)
        for reference in metric_references(query)
    )
    if counts_occasional or event_reference(query) is not None:
        yield "Set onMissingData to default or resolve: without errors there is no data, so a quiet night would page."


@policy(
    "monitor-full-window-stated",
    MONITOR,
    description="A metric monitor sets whether it requires a full window of data, and one on a count does not.",
    prevents="The provider's default (true) keeps a monitor from evaluating while the service is not called every "
    "minute: it stays OK for ever. On the published provider a missing value looks like a stated true, so that only "
    "monitors on counts can be checked.",
    link=f"{DOCUMENTATION}/configuration/#evaluation-window",
)
def full_window(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check that the value is set, and that it is not true for a count, which has no point in a quiet minute."""
    if monitor.get("type") not in {"query alert", "metric alert"}:
        return
    requires, query = monitor.get("requireFullWindow"), parsed_query(monitor)
    counts = query is not None and any("as_count" in reference.modifiers for reference in metric_references(query))
    if counts and requires is not False:
        yield "Set requireFullWindow: false. A count has no point in a quiet minute, which then is not evaluated."
    elif requires is None:
        yield "Set requireFullWindow: false for a metric that can be sparse, true for one that is sent every minute."
