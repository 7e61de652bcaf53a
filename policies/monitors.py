"""Queries and thresholds of monitors: what they measure, and when they start, warn and end."""

from collections.abc import Iterator

from firedrill.query import QueryError, event_reference, metric_references, parse
from firedrill.query.tree import Call, MetricQuery, walk
from policies.monitor_json import DOCUMENTATION, MONITOR, number, parsed, tags
from policies.policy import Resource, Stack, policy, underlined

UNBOUNDED = ("container_id", "pod_name", "request_id", "revision_name", "session_id", "trace_id", "user_id", "usr.id")
"""Tags with a new value for each pod, request or person."""
CLOUD = ("aws.", "azure.", "gcp.")
CLOUD_DELAY_SECONDS = 900


@policy(
    "monitor-query-readable",
    MONITOR,
    says="A monitor's query follows Datadog's grammar for its type.",
    prevents="In a public LLM incident stack 5 of 14 monitor queries are no monitor grammar (an average multiplied"
    " into the threshold, `&&` between two metric queries): those alerts do not exist.",
    link=f"{DOCUMENTATION}/types/metric",
)
def query_readable(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Parses, or underlines where it does not."""
    try:
        parse(monitor.get("type", ""), monitor.get("query", ""))
    except QueryError as error:
        yield f"Correct the query where it is underlined: {error}"


@policy(
    "monitor-type-kept",
    MONITOR,
    says="No monitor has the type `metric alert`.",
    prevents="Datadog turns `metric alert` into `query alert`, so that each preview shows a change that never "
    "ends; grosser/kennel refuses it for that reason.",
    link="https://docs.datadoghq.com/api/latest/monitors/",
)
def type_kept(monitor: Resource, stack: Stack) -> Iterator[str]:
    """One spelling is the server's."""
    if monitor.get("type") == "metric alert":
        yield 'Write type "query alert": the server converts "metric alert", and every preview shows the difference.'


@policy(
    "monitor-critical-is-the-querys-number",
    MONITOR,
    says="The critical threshold is the number at the end of the query.",
    prevents="GSA's LLM platform kept each threshold in 3 to 5 places; a retune was half-applied three times. "
    "Datadog refuses the monitor, but only when it is applied.",
    link=f"{DOCUMENTATION}/configuration/#thresholds",
)
def critical(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Both numbers are written once."""
    query, declared = parsed(monitor), number(monitor, "monitorThresholds.critical")
    if query is None or query.threshold is None or declared is None:
        return
    if query.threshold.value != declared:
        place = query.threshold.span
        message = f"The thresholds say critical = {declared:g}: write one number in both places."
        yield underlined(message, query.text, place.start, place.end)


def _quiet(monitor: Resource, value: float, limit: float) -> bool:
    """Whether a value lies on the side of a limit where the monitor is quiet."""
    query = parsed(monitor)
    below = query is None or (query.comparator or ">").startswith(">")
    return value < limit if below else value > limit


@policy(
    "monitor-warning-before-critical",
    MONITOR,
    says="The warning threshold is reached before the critical one.",
    prevents="A warning beyond the critical threshold is never seen: the alert comes first. kennel checks it, "
    "since the API's refusal names neither number.",
    link=f"{DOCUMENTATION}/configuration/#thresholds",
)
def warning(monitor: Resource, stack: Stack) -> Iterator[str]:
    """On the quiet side."""
    warns, alerts = number(monitor, "monitorThresholds.warning"), number(monitor, "monitorThresholds.critical")
    if warns is not None and alerts is not None and not _quiet(monitor, warns, alerts):
        yield f"warning = {warns:g} is not reached before critical = {alerts:g}: move it to the quiet side."


@policy(
    "monitor-recovery-side",
    MONITOR,
    says="Recovery thresholds lie on the quiet side of what they recover from.",
    prevents="METR/hawk #579: an alert that could not recover stayed on for as long as old pods were kept. With a "
    "recovery threshold on the wrong side the alert flaps or never ends.",
    link=f"{DOCUMENTATION}/guide/recovery-thresholds/",
)
def recovery(monitor: Resource, stack: Stack) -> Iterator[str]:
    """For critical and for warning."""
    for level in ("critical", "warning"):
        limit = number(monitor, f"monitorThresholds.{level}")
        ends = number(monitor, f"monitorThresholds.{level}Recovery")
        if limit is not None and ends is not None and not _quiet(monitor, ends, limit):
            yield f"{level}Recovery = {ends:g} is not on the quiet side of {level} = {limit:g}: move it there."


@policy(
    "monitor-scoped",
    MONITOR,
    says="Each metric of a query is limited to an env or a service.",
    prevents="A `{*}` scope adds test environments to production: mitodl's audit found rules with inverted env "
    "filters that were still paging.",
    link="https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/",
)
def scoped(monitor: Resource, stack: Stack) -> Iterator[str]:
    """An env or service filter, by tag or by search."""
    query = parsed(monitor)
    if query is None:
        return
    for one in metric_references(query):
        if not {each.key for each in one.filters} & {"env", "service", "service_name", "cluster", "kube_namespace"}:
            message = "Limit this to a service or an env: it adds up every environment."
            yield underlined(message, query.text, one.span.start, one.span.end)
    event = event_reference(query)
    if event is not None and "env:" not in event.search and "service:" not in event.search:
        message = "Limit this search to a service or an env."
        yield underlined(message, query.text, event.search_span.start, event.search_span.end)


@policy(
    "monitor-env-is-the-tags",
    MONITOR,
    says="A query's env and service are those of the monitor's own tags.",
    prevents="quadseven/grug: 0 of 20 monitors could fire, because the `env` in their queries was not the one that"
    " the service was tagged with.",
    link="https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/",
)
def env_is_the_tags(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Compared where both state a value."""
    query, own = parsed(monitor), tags(monitor)
    for one in metric_references(query) if query is not None else ():
        for each in one.filters:
            expected = own.get(each.key) if each.key in {"env", "service"} else None
            if expected and each.value and "*" not in each.value and each.value != expected:
                message = f"The monitor is tagged {each.key}:{expected}: query that, or correct the tag."
                yield underlined(message, query.text if query else "", each.span.start, each.span.end)


@policy(
    "monitor-tagged",
    MONITOR,
    says="A monitor is tagged with env, service and team.",
    prevents="Routing rules, downtimes and the list of a service's monitors find a monitor by its tags; one "
    "without is muted, routed and reviewed by nobody.",
    link="https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/",
)
def tagged(monitor: Resource, stack: Stack) -> Iterator[str]:
    """All three."""
    missing = [key for key in ("env", "service", "team") if not tags(monitor).get(key)]
    if missing:
        yield f"Add the tags {', '.join(f'{key}:...' for key in missing)}."


@policy(
    "monitor-groups-bounded",
    MONITOR,
    says="An alert is not grouped by something that is new with each pod, request or person.",
    prevents="GSA-TTS changelog 49: 214 groups in 23 of 25 organisations alerted in one day; `notify_by` made it 23.",
    link=f"{DOCUMENTATION}/configuration/#multi-alert",
)
def groups_bounded(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Unless ``notify_by`` folds the groups."""
    query = parsed(monitor)
    if query is None or monitor.items("notifyBies"):
        return
    event = event_reference(query)
    words = [word for one in metric_references(query) for word in one.group_by]
    for word in [*words, *(event.group_by if event else ())]:
        if word.text.lstrip("@") in UNBOUNDED:
            message = f"Group by something with few values, or set notifyBies: each {word.text} is an alert of its own."
            yield underlined(message, query.text, word.span.start, word.span.end)


@policy(
    "monitor-anomaly-on-sparse-counts",
    MONITOR,
    says="No anomaly detection on counts that can be missing.",
    prevents="GSA-TTS: an anomaly monitor on sparse LLM traffic stuck in Alert and had to be removed.",
    link=f"{DOCUMENTATION}/types/anomaly/",
    severity="warning",
)
def anomaly_on_counts(monitor: Resource, stack: Stack) -> Iterator[str]:
    """``anomalies(...as_count()...)`` without ``default_zero``."""
    query = parsed(monitor)
    for call in walk(query.body) if query is not None else ():
        if isinstance(call, Call) and call.name.text == "anomalies":
            below = list(walk(call))
            counts = any(isinstance(one, MetricQuery) and one.modifier("as_count") for one in below)
            filled = any(isinstance(one, Call) and one.name.text == "default_zero" for one in below)
            if counts and not filled:
                message = "Wrap the count in default_zero(), or use a fixed limit: sparse traffic wedges this alert."
                yield underlined(message, query.text if query else "", call.span.start, call.span.end)


@policy(
    "monitor-waits-for-cloud-metrics",
    MONITOR,
    says="An alert on a cloud provider's own metrics has an evaluation delay of 15 minutes.",
    prevents="Such metrics arrive minutes late: without a delay the newest points are incomplete, and an alert on "
    "a low value fires at every evaluation.",
    link=f"{DOCUMENTATION}/configuration/#evaluation-delay",
)
def waits_for_cloud_metrics(monitor: Resource, stack: Stack) -> Iterator[str]:
    """``aws.``, ``azure.`` and ``gcp.``."""
    query = parsed(monitor)
    delay = number(monitor, "evaluationDelay") or 0
    for one in metric_references(query) if query is not None else ():
        if one.metric.startswith(CLOUD) and delay < CLOUD_DELAY_SECONDS:
            message = f"Set evaluationDelay to {CLOUD_DELAY_SECONDS} or more: this metric arrives late."
            yield underlined(message, query.text if query else "", one.metric_span.start, one.metric_span.end)


@policy(
    "monitor-has-no-raw-ids",
    MONITOR,
    says="A composite and an SLO's alert name other resources by reference, not by a number copied from somewhere.",
    prevents="METR/hawk #1316: two stacks pinned the same monitor ids, and deleting either broke the other. A "
    "copied id also names nothing after the object was made again. kennel insists on symbols.",
    link="https://www.pulumi.com/docs/iac/concepts/inputs-outputs/",
    scope="stack",
)
def no_raw_ids(monitor: Resource, stack: Stack) -> Iterator[str]:
    """The engine knows what a property was made from, also where its value is not known yet."""
    wanted = {"composite": "Monitor", "slo alert": "ServiceLevelObjective"}.get(monitor.get("type", ""))
    made_from = {one.kind.rpartition(":")[2] for one in monitor.links.get("query", ())}
    if wanted and not made_from & {wanted, "SyntheticsTest"}:
        yield f"Build the query from the {wanted} resource's id (an output): this id is copied text."
