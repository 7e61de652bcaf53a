"""What an alert does when nothing arrives, and how often it repeats itself."""

from collections.abc import Iterator

from firedrill.query import event_reference, metric_references
from firedrill.query.tree import Call, MetricMonitor, walk
from policies.monitor_json import DOCUMENTATION, MONITOR, number, parsed
from policies.policy import Resource, Stack, policy

LINK = f"{DOCUMENTATION}/configuration/#no-data"
JUDGED = ("query alert", "metric alert", "log alert", "trace-analytics alert", "rum alert", "event-v2 alert")
"""Types whose evaluation meets missing data; a composite and an SLO follow what they are made of."""
RENOTIFY_MINUTES = 30


@policy(
    "monitor-missing-data-stated",
    MONITOR,
    says="A monitor states what missing data means.",
    prevents='quadseven/grug pins it for each class of metric because permanently "No Data" monitors paged nobody.'
    " The default differs between types and changed over the years: what is not written down was not "
    "decided.",
    link=LINK,
)
def stated(monitor: Resource, stack: Stack) -> Iterator[str]:
    """``onMissingData``, or the older pair."""
    if monitor.get("type") in JUDGED and monitor.get("onMissingData") is None and monitor.get("notifyNoData") is None:
        yield (
            "Set onMissingData: default (nothing counts as zero), resolve, show_no_data, or show_and_notify_no_data "
            "where silence is the incident."
        )


@policy(
    "monitor-missing-data-consistent",
    MONITOR,
    says="The options on missing data do not contradict each other or the query.",
    prevents="Datadog refuses onMissingData beside notifyNoData when it is applied; a query wrapped in "
    "default_zero() never has missing data, so that its promised notification never comes (kennel's "
    "list).",
    link=LINK,
)
def consistent(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Old and new options; a timeframe that is used; default_zero."""
    new, old = monitor.get("onMissingData"), monitor.get("notifyNoData")
    frame = number(monitor, "noDataTimeframe")
    if new is not None and (old or frame):
        yield "Keep onMissingData and remove notifyNoData and noDataTimeframe: Datadog takes one or the other."
    if frame and not old and new is None:
        yield "Set notifyNoData, or remove noDataTimeframe: it is not used."
    query = parsed(monitor)
    body = query.body if query is not None else None
    if isinstance(body, MetricMonitor) and frame and old and frame * 60 < 2 * body.window.seconds:
        minutes = 2 * body.window.seconds // 60
        yield f"Set noDataTimeframe to {minutes} or more, twice the window: shorter ones alert between two points."
    calls = {one.name.text for one in walk(body) if isinstance(one, Call)} if body is not None else set()
    notifies = old or new == "show_and_notify_no_data"
    wrapped = isinstance(body, MetricMonitor) and isinstance(body.expression, Call)
    if notifies and wrapped and "default_zero" in calls:
        yield "Remove default_zero() or the notification: filled with zeros, the query never lacks data."


@policy(
    "monitor-silence-of-a-count",
    MONITOR,
    says="A count of things that need not happen does not notify when none happened.",
    prevents='METR/hawk #518: sparse metrics paged "No Data" every quiet night, until default_zero() was added.',
    link=LINK,
)
def silence_of_a_count(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Counts of errors and events; a steady metric may well notify."""
    query = parsed(monitor)
    if query is None or not (monitor.get("notifyNoData") or monitor.get("onMissingData") == "show_and_notify_no_data"):
        return
    rare = any(
        "as_count" in one.modifiers and any(word in one.metric for word in ("error", "fail", "throttl", "retr", "drop"))
        for one in metric_references(query)
    )
    if rare or event_reference(query) is not None:
        yield "Set onMissingData to default or resolve: no error is no data, and a quiet night would page."


@policy(
    "monitor-full-window-stated",
    MONITOR,
    says="A metric alert says whether it needs a full window of data.",
    prevents="The provider's default (true) keeps a monitor silent on a service that is not called every minute: "
    "one more alert that is OK for ever.",
    link=f"{DOCUMENTATION}/configuration/#evaluation-window",
)
def full_window(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Metric alerts only."""
    if monitor.get("type") in {"query alert", "metric alert"} and monitor.get("requireFullWindow") is None:
        yield "Set requireFullWindow: false for what can be sparse, true for what is sent every minute."


@policy(
    "monitor-renotify-sane",
    MONITOR,
    says="Repeats come at most every 30 minutes, and only where they are meant.",
    prevents="GSA-TTS changelog 49 went from 120 to 1440 minutes after a day of repeats in 23 organisations.",
    link=f"{DOCUMENTATION}/notify/#renotification",
)
def renotify(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Interval in minutes; what belongs to repeats without any."""
    interval = number(monitor, "renotifyInterval") or 0
    if 0 < interval < RENOTIFY_MINUTES:
        yield f"Set renotifyInterval to {RENOTIFY_MINUTES} or more, or 0: {interval:g} minutes is a storm."
    for option in ("escalationMessage", "renotifyStatuses", "renotifyOccurrences"):
        if not interval and monitor.get(option):
            yield f"Set renotifyInterval, or remove {option}: it is never used."


@policy(
    "monitor-timeout-short",
    MONITOR,
    says="An alert that resolves itself by time does so within 24 hours.",
    prevents="The API refuses timeoutH above 24 when it is applied; kennel checks it before.",
    link="https://docs.datadoghq.com/api/latest/monitors/",
)
def timeout(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Hours."""
    if (number(monitor, "timeoutH") or 0) > 24:
        yield "Set timeoutH to 24 or less."
