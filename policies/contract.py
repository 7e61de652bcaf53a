"""Queries and logs against the telemetry contract, service/telemetry.py. Off for a stack that names none."""

import re
from collections.abc import Iterator

from policies.monitor_json import MONITOR
from policies.policy import Resource, Stack, policy
from policies.queries import board

LINK = "https://docs.datadoghq.com/metrics/summary/"
TEXT_OF_PEOPLE = re.compile(r"(^|[._])(answer|body|completion|content|input|output|prompt|response|text)$")


def in_contract(resource: Resource, todo: str) -> Iterator[str]:
    """The check that infra/ itself makes, for whatever reaches the engine."""
    from infra.contract import faults

    for place, error in faults(resource.kind.rpartition(":")[2], resource.properties):
        yield f"{todo} ({place}): {error}"


@policy(
    "monitor-query-in-contract",
    MONITOR,
    says="A monitor queries only what the service declares that it emits, in a way that the type can answer.",
    prevents="quadseven/grug's monitors on retired metrics were without data for ever and paged nobody; GSA-TTS's "
    "two throttle monitors searched for a text that never came and stayed OK through 4,509 throttle "
    "events a week; METR/hawk #1381 paged daily for 2.5 months from an index that search does not return.",
    link=LINK,
    needs_contract=True,
)
def monitor_in_contract(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Metrics, logs, spans, RUM, CI and LLM Observability events."""
    yield from in_contract(monitor, "Query what is emitted, or declare it")


@policy(
    "dashboard-query-in-contract",
    "datadog:DashboardJson",
    says="A dashboard queries only what the service declares that it emits.",
    prevents="A public hackathon stack graphs `llm.cost.usd_per_request`, which nothing emits: an empty graph, "
    "looked at during an incident, says that all is well.",
    link=LINK,
    needs_contract=True,
)
def dashboard_in_contract(dashboard: Resource, stack: Stack) -> Iterator[str]:
    """Queries, searches, formulas and columns of all widgets."""
    if board(dashboard):
        yield from in_contract(dashboard, "Query what is emitted, or declare it")


@policy(
    "slo-query-in-contract",
    "datadog:ServiceLevelObjective",
    says="An SLO counts only what the service declares that it emits.",
    prevents="An SLO over a metric that nobody emits has no data; its status is empty and its burn-rate alerts are"
    " silent, as quadseven/grug's monitors were.",
    link=LINK,
    needs_contract=True,
)
def slo_in_contract(slo: Resource, stack: Stack) -> Iterator[str]:
    """Numerator, denominator and time slices."""
    yield from in_contract(slo, "Count what is emitted, or declare it")


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
    says="What makes a metric of events, keeps them, or processes them looks only for what the service declares.",
    prevents="GSA-TTS's throttle monitors stayed OK through 4,509 throttle events a week, for a text that never came. "
    "A metric made of a search that finds nothing is as silent, and everything built on it is too.",
    link="https://docs.datadoghq.com/logs/log_configuration/logs_to_metrics/",
    needs_contract=True,
)
def search_in_contract(resource: Resource, stack: Stack) -> Iterator[str]:
    """Filters, facets, measures; the sources of a pipeline's processors; the tags of a metric."""
    yield from in_contract(resource, "Look for what is emitted, or declare it")


@policy(
    "log-line-without-text-of-people",
    "datadog:LogsCustomPipeline",
    says="No declared log field carries the text of a prompt or an answer.",
    prevents="Datadog's scanner redacts after the text has left you, and ddtrace's LLM redaction sends the "
    "original when a redactor raises (ddtrace/llmobs/_llmobs.py, on error). What is not in the line "
    "cannot leak.",
    link="https://docs.datadoghq.com/llm_observability/data_security_and_rbac/",
    scope="stack",
    needs_contract=True,
)
def log_without_text(pipeline: Resource, stack: Stack) -> Iterator[str]:
    """The contract's fields; the service emits through it only. Also what a pipeline makes from them."""
    from service.telemetry import LOG_EVENTS

    fields = {one.path for event in LOG_EVENTS.values() for one in event.fields}
    for processor in pipeline.items("processors"):
        for body in processor.values():
            fields |= {str(source) for source in (body or {}).get("sources") or ()}
    for path in sorted(fields):
        if TEXT_OF_PEOPLE.search(path):
            yield f"Take {path!r} out of the log line: text of users leaves with it."
