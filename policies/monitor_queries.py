"""Queries of monitors: valid, limited in scope and groups, free of copied ids; and the tags that belong to them."""

from collections.abc import Iterator

from firedrill.checks.monitor import option_faults
from firedrill.checks.queries import query_faults
from firedrill.query import QueryError, event_reference, metric_references, parse
from firedrill.query.tree import Call, MetricQuery, walk
from policies.monitor_resource import DOCUMENTATION, MONITOR, as_api_json, number, parsed_query, tags
from policies.policy import Resource, Stack, policy, underline

UNIFIED_TAGGING = "https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/"
SCOPES = frozenset({"env", "service", "service_name", "cluster", "kube_namespace"})
UNBOUNDED = ("container_id", "pod_name", "request_id", "revision_name", "session_id", "trace_id", "user_id", "usr.id")
"""Tags with a new value for each pod, request or user."""
CLOUD_METRICS = ("aws.", "azure.", "gcp.")
CLOUD_DELAY_SECONDS = 900


@policy(
    "monitor-query-readable",
    MONITOR,
    description="A monitor's query follows Datadog's grammar for its type.",
    prevents="In a public LLM incident stack 5 of 14 monitor queries are invalid (an average multiplied into the "
    "threshold, `&&` between two metric queries), so these alerts do not exist.",
    link=f"{DOCUMENTATION}/types/metric",
)
def query_readable(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Parse the query."""
    try:
        parse(monitor.get("type", ""), monitor.get("query", ""))
    except QueryError as error:
        yield f"Correct the query where it is underlined: {error}"


@policy(
    "monitor-accepted",
    MONITOR,
    description="Datadog accepts a monitor's searches, the names in its formula, and its options.",
    prevents="A search with an open parenthesis, or a formula over a query that does not exist, passes a preview "
    "that cannot ask Datadog, and fails in the middle of the update.",
    link="https://docs.datadoghq.com/api/latest/monitors/#validate-a-monitor",
)
def accepted(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check what Datadog's own validation checks, beyond what other policies report."""
    if parsed_query(monitor) is None:
        return
    api_json = as_api_json(monitor)
    for _, detail in query_faults(api_json["type"], api_json["query"], api_json["options"]):
        yield f"Correct the query: {detail}"
    for fault in option_faults(api_json["options"]):
        yield f"Correct the options: {fault.detail}."


@policy(
    "monitor-scoped",
    MONITOR,
    description="Each metric or search in a query is limited to an env or a service.",
    prevents="A `{*}` scope mixes test environments with production: mitodl's audit found rules with inverted env "
    "filters that still paged.",
    link=UNIFIED_TAGGING,
)
def scoped(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the filters of metrics, or the search of events."""
    query = parsed_query(monitor)
    if query is None:
        return
    for reference in metric_references(query):
        if not SCOPES & {tag_filter.key for tag_filter in reference.filters}:
            message = "Limit this to an env or a service: it covers every environment."
            yield underline(message, query.text, reference.span.start, reference.span.end)
    event = event_reference(query)
    if event is not None and "env:" not in event.search and "service:" not in event.search:
        message = "Limit this search to an env or a service: it covers every environment."
        yield underline(message, query.text, event.search_span.start, event.search_span.end)


@policy(
    "monitor-env-is-the-tags",
    MONITOR,
    description="The env and service in a query are those of the monitor's tags.",
    prevents="quadseven/grug: 0 of 20 monitors could fire, because the `env` in their queries was not the env tag of "
    "the service.",
    link=UNIFIED_TAGGING,
)
def env_is_the_tags(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Compare where both have a value."""
    query, monitor_tags = parsed_query(monitor), tags(monitor)
    for reference in metric_references(query) if query is not None else ():
        for tag_filter in reference.filters:
            key, value = tag_filter.key, tag_filter.value
            expected = monitor_tags.get(key) if key in {"env", "service"} else None
            if expected and value and "*" not in value and value != expected:
                message = f"Query {key}:{expected}, which is the monitor's tag, or correct the tag."
                yield underline(message, query.text if query else "", tag_filter.span.start, tag_filter.span.end)


@policy(
    "monitor-tagged",
    MONITOR,
    description="A monitor is tagged with env, service and team.",
    prevents="Routing rules, downtimes and a service's list of monitors select monitors by tags. One without tags is "
    "not muted, routed or reviewed.",
    link=UNIFIED_TAGGING,
)
def tagged(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check for all three tags."""
    missing = [key for key in ("env", "service", "team") if not tags(monitor).get(key)]
    if missing:
        yield f"Add the tags {', '.join(f'{key}:...' for key in missing)}."


@policy(
    "monitor-groups-bounded",
    MONITOR,
    description="A monitor is not grouped by a tag with a new value for each pod, request or user.",
    prevents="GSA-TTS changelog 49: 214 groups in 23 of 25 organisations alerted in one day; with `notify_by` it was "
    "23.",
    link=f"{DOCUMENTATION}/configuration/#multi-alert",
)
def groups_bounded(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the groups, unless ``notify_by`` combines them."""
    query = parsed_query(monitor)
    if query is None or monitor.get_list("notifyBies"):
        return
    event = event_reference(query)
    groups = [group for reference in metric_references(query) for group in reference.group_by]
    for group in [*groups, *(event.group_by if event else ())]:
        if group.text.lstrip("@") in UNBOUNDED:
            message = f"Group by a tag with few values, or set notifyBies: each {group.text} alerts separately."
            yield underline(message, query.text, group.span.start, group.span.end)


@policy(
    "monitor-anomaly-on-sparse-counts",
    MONITOR,
    description="No anomaly detection on a count that can be missing.",
    prevents="GSA-TTS: an anomaly monitor on sparse LLM traffic stayed in Alert and had to be removed.",
    link=f"{DOCUMENTATION}/types/anomaly/",
    severity="warning",
)
def anomaly_on_counts(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check for ``anomalies(...as_count()...)`` without ``default_zero``."""
    query = parsed_query(monitor)
    for call in walk(query.body) if query is not None else ():
        if isinstance(call, Call) and call.name.text == "anomalies":
            nodes = list(walk(call))
            has_count = any(isinstance(node, MetricQuery) and node.modifier("as_count") for node in nodes)
            has_default = any(isinstance(node, Call) and node.name.text == "default_zero" for node in nodes)
            if has_count and not has_default:
                message = "Wrap the count in default_zero(), or use a fixed threshold: sparse data keeps it in Alert."
                yield underline(message, query.text if query else "", call.span.start, call.span.end)


@policy(
    "monitor-waits-for-cloud-metrics",
    MONITOR,
    description="A monitor on a cloud provider's metrics has an evaluation delay of 15 minutes.",
    prevents="These metrics arrive minutes late. Without a delay the newest points are incomplete, and a monitor on a "
    "low value alerts at every evaluation.",
    link=f"{DOCUMENTATION}/configuration/#evaluation-delay",
)
def waits_for_cloud_metrics(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the delay for metrics that start with ``aws.``, ``azure.`` or ``gcp.``."""
    query = parsed_query(monitor)
    delay = number(monitor, "evaluationDelay") or 0
    for reference in metric_references(query) if query is not None else ():
        if reference.metric.startswith(CLOUD_METRICS) and delay < CLOUD_DELAY_SECONDS:
            message = f"Set evaluationDelay to {CLOUD_DELAY_SECONDS} or more: this metric arrives late."
            span = reference.metric_span
            yield underline(message, query.text if query else "", span.start, span.end)


@policy(
    "monitor-has-no-raw-ids",
    MONITOR,
    description="Composites and SLO alerts refer to other resources by their outputs, not by copied ids.",
    prevents="METR/hawk #1316: two stacks contained the same monitor ids, and deleting either broke the other. A "
    "copied id also breaks when the resource is replaced. kennel requires symbolic ids.",
    link="https://www.pulumi.com/docs/iac/concepts/inputs-outputs/",
    scope="stack",
)
def no_raw_ids(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the links of the query, which the engine knows even where its value is unknown."""
    required = {"composite": "Monitor", "slo alert": "ServiceLevelObjective"}.get(monitor.get("type", ""))
    sources = {source.kind.rpartition(":")[2] for source in monitor.links.get("query", ())}
    if required and not sources & {required, "SyntheticsTest"}:
        yield f"Build the query from the id of the {required} resource (an output): this id is copied text."
