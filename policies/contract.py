"""Queries and log processing, checked against the telemetry contract in service/telemetry."""

import re
from collections.abc import Iterator

from policies.dashboards import DASHBOARD, dashboard_json
from policies.monitor_resource import MONITOR
from policies.policy import Resource, Stack, policy

LINK = "https://docs.datadoghq.com/metrics/summary/"
USER_TEXT = re.compile(r"(^|[._])(answer|body|completion|content|input|output|prompt|response|text)$")


def in_contract(resource: Resource, fix: str) -> Iterator[str]:
    """Run the contract check of infra/ on what reaches the engine."""
    from infra.contract import faults

    for place, error in faults(resource.kind.rpartition(":")[2], resource.properties):
        yield f"{fix} ({place}): {error}"


@policy(
    "monitor-query-in-contract",
    MONITOR,
    description="A monitor queries only telemetry that the service declares, with aggregations that its type supports.",
    prevents="quadseven/grug's monitors on retired metrics had no data and paged nobody. GSA-TTS's two throttle "
    "monitors searched for a text that is never logged, and stayed OK during 4,509 throttle events a week. METR/hawk "
    "#1381 paged daily for 2.5 months because of an index that log search does not return.",
    link=LINK,
    needs_contract=True,
)
def monitor_in_contract(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check metrics and searches of logs, spans, RUM, CI and LLM Observability events."""
    yield from in_contract(monitor, "Query declared telemetry, or declare it in the contract")


@policy(
    "dashboard-query-in-contract",
    DASHBOARD,
    description="A dashboard queries only telemetry that the service declares.",
    prevents="A public hackathon stack graphs `llm.cost.usd_per_request`, which nothing emits. During an incident an "
    "empty graph looks as if all were well.",
    link=LINK,
    needs_contract=True,
)
def dashboard_in_contract(dashboard: Resource, stack: Stack) -> Iterator[str]:
    """Check queries, searches, formulas and columns of all widgets."""
    if dashboard_json(dashboard):
        yield from in_contract(dashboard, "Query declared telemetry, or declare it in the contract")


@policy(
    "slo-query-in-contract",
    "datadog:ServiceLevelObjective",
    description="An SLO counts only telemetry that the service declares.",
    prevents="An SLO on a metric that nothing emits has no status, and its burn rate alerts never fire, as with "
    "quadseven/grug's monitors.",
    link=LINK,
    needs_contract=True,
)
def slo_in_contract(slo: Resource, stack: Stack) -> Iterator[str]:
    """Check numerator, denominator and time slices."""
    yield from in_contract(slo, "Count declared telemetry, or declare it in the contract")


@policy(
    "search-in-contract",
    *(
        f"datadog:{kind}"
        for kind in (
            "LogsMetric",
            "LogsIndex",
            "LogsArchive",
            "LogsCustomPipeline",
            "SpansMetric",
            "ApmRetentionFilter",
            "RumMetric",
            "RumRetentionFilter",
            "MetricMetadata",
            "MetricTagConfiguration",
        )
    ),
    description="Pipelines, indexes, archives, retention filters and computed metrics select only declared telemetry.",
    prevents="GSA-TTS's throttle monitors searched for a text that is never logged, and stayed OK during 4,509 "
    "throttle events a week. A metric from a search without matches has no data either, nor has anything built on it.",
    link="https://docs.datadoghq.com/logs/log_configuration/logs_to_metrics/",
    needs_contract=True,
)
def search_in_contract(resource: Resource, stack: Stack) -> Iterator[str]:
    """Check filters, facets, measures, sources of a pipeline's processors, and tags of a metric."""
    yield from in_contract(resource, "Select declared telemetry, or declare it in the contract")


@policy(
    "log-line-without-text-of-people",
    "datadog:LogsCustomPipeline",
    description="No declared log field contains the text of a prompt or an answer.",
    prevents="Datadog's scanner redacts text after it has left the service, and ddtrace's LLM redaction sends the "
    "original when a redactor raises (ddtrace/llmobs/_llmobs.py, on error). Text that is not logged cannot leak.",
    link="https://docs.datadoghq.com/llm_observability/data_security_and_rbac/",
    scope="stack",
    needs_contract=True,
)
def log_without_text(pipeline: Resource, stack: Stack) -> Iterator[str]:
    """Check the contract's log fields, since the service logs no others, and the sources of a pipeline."""
    from service.telemetry import LOG_EVENTS

    fields = {field.path for event in LOG_EVENTS.values() for field in event.fields}
    for processor in pipeline.get_list("processors"):
        for body in processor.values():
            fields |= {str(source) for source in (body or {}).get("sources") or ()}
    for path in sorted(fields):
        if USER_TEXT.search(path):
            yield f"Remove {path!r} from the log event: it contains text of users."
